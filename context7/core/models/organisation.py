"""Who we are: companies, their branches and departments."""

from django.conf import settings
from django.db import models

from .audited import CodedRecord, TimeStamped


class Company(TimeStamped):
    """A legal entity; everything else belongs to one."""

    code = models.CharField(max_length=16, unique=True)
    name = models.CharField(max_length=160)
    legal_name = models.CharField(max_length=240)
    tax_number = models.CharField(max_length=20, unique=True)
    city = models.CharField(max_length=80)
    country = models.CharField(max_length=2, default="TR")
    parent = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, blank=True, related_name="subsidiaries")
    is_active = models.BooleanField(default=True)

    class Meta:
        ordering = ["code"]
        verbose_name_plural = "companies"

    def __str__(self) -> str:
        return self.name


class Branch(CodedRecord):
    """A site of a company: plant, depot or sales office."""

    class Kind(models.TextChoices):
        PLANT = "plant", "Plant"
        DEPOT = "depot", "Depot"
        OFFICE = "office", "Office"

    kind = models.CharField(max_length=8, choices=Kind.choices, default=Kind.OFFICE)
    city = models.CharField(max_length=80)
    address = models.TextField(blank=True)

    class Meta(CodedRecord.Meta):
        verbose_name_plural = "branches"


class Department(CodedRecord):
    """A department, perhaps within another one."""

    parent = models.ForeignKey("self", on_delete=models.CASCADE, null=True, blank=True, related_name="children")
    branch = models.ForeignKey(Branch, on_delete=models.SET_NULL, null=True, blank=True, related_name="departments")
    manager = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="managed_departments",
    )
