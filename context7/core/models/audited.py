"""Abstract models: what every business record of a company carries."""

import uuid

from django.conf import settings
from django.db import models


class TimeStamped(models.Model):
    """When the row was made and last saved."""

    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        abstract = True


class Authored(models.Model):
    """Who made the row; the trail outlives the account."""

    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
    )

    class Meta:
        abstract = True


class Audited(Authored):
    """Who made the row and who changed it last."""

    updated_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
    )

    class Meta:
        abstract = True


class CompanyRecord(TimeStamped):
    """A row of one company (tenant); it goes when the company goes."""

    company = models.ForeignKey("core.Company", on_delete=models.CASCADE)

    class Meta:
        abstract = True


class NumberedRecord(TimeStamped):
    """A document of one company, with a number that is unique in it.

    The unique index leads with ``company``, so the foreign key needs none of its own.
    """

    company = models.ForeignKey("core.Company", on_delete=models.CASCADE, db_index=False)
    number = models.CharField(max_length=32)
    # What other systems and links know the document by.
    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)

    class Meta:
        abstract = True
        constraints = [
            models.UniqueConstraint(fields=["company", "number"], name="uq_%(class)s_company_number"),
        ]

    def __str__(self) -> str:
        return self.number


class CodedRecord(TimeStamped):
    """Master data of one company: a code that is unique in it, and a name.

    The unique index leads with ``company``, so the foreign key needs none of its own.
    """

    company = models.ForeignKey("core.Company", on_delete=models.CASCADE, db_index=False)
    code = models.CharField(max_length=32)
    name = models.CharField(max_length=160)

    class Meta:
        abstract = True
        constraints = [
            models.UniqueConstraint(fields=["company", "code"], name="uq_%(class)s_company_code"),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.name}"
