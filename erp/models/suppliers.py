"""Whom we buy from."""

from django.conf import settings
from django.db import models

from context7.core.models import Audited, CodedRecord


class Supplier(CodedRecord, Audited):
    """A supplier, approved or not."""

    currency = models.ForeignKey("erp.Currency", on_delete=models.PROTECT)
    payment_term = models.ForeignKey("erp.PaymentTerm", on_delete=models.PROTECT)
    tax_number = models.CharField(max_length=20, db_index=True)
    email = models.EmailField(blank=True)
    phone = models.CharField(max_length=24, blank=True)
    city = models.CharField(max_length=80)
    country = models.CharField(max_length=2, default="TR")
    rating = models.DecimalField(max_digits=3, decimal_places=1, null=True, blank=True)
    is_active = models.BooleanField(default=True)

    class Meta(CodedRecord.Meta):
        indexes = [
            models.Index(fields=["is_active"], name="idx_supplier_is_active"),
            models.Index(fields=["name"], name="idx_supplier_name"),
        ]


class SupplierContact(models.Model):
    """A person at a supplier."""

    supplier = models.ForeignKey(Supplier, on_delete=models.CASCADE, related_name="contacts")
    full_name = models.CharField(max_length=120)
    email = models.EmailField(db_index=True)
    phone = models.CharField(max_length=24, blank=True)

    def __str__(self) -> str:
        return self.full_name


class SupplierEvaluation(models.Model):
    """The yearly marks of a supplier."""

    supplier = models.ForeignKey(Supplier, on_delete=models.CASCADE, db_index=False, related_name="evaluations")
    year = models.PositiveSmallIntegerField()
    quality_score = models.PositiveSmallIntegerField()
    delivery_score = models.PositiveSmallIntegerField()
    price_score = models.PositiveSmallIntegerField()
    evaluated_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    comment = models.TextField(blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["supplier", "year"], name="uq_supplierevaluation_year")]

    def __str__(self) -> str:
        return f"{self.supplier_id} in {self.year}"


class SupplierMaterial(models.Model):
    """A supplier offers a material at a price."""

    supplier = models.ForeignKey(Supplier, on_delete=models.CASCADE, db_index=False, related_name="offers")
    material = models.ForeignKey("erp.Material", on_delete=models.CASCADE, related_name="offers")
    supplier_code = models.CharField(max_length=40, blank=True, db_index=True)
    price = models.DecimalField(max_digits=14, decimal_places=4)
    currency = models.ForeignKey("erp.Currency", on_delete=models.PROTECT)
    minimum_quantity = models.DecimalField(max_digits=14, decimal_places=3, default=1)
    lead_time_days = models.PositiveSmallIntegerField(default=7)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["supplier", "material"], name="uq_suppliermaterial_offer")]

    def __str__(self) -> str:
        return f"{self.material_id} from {self.supplier_id}"
