"""Inspections of products and materials, and what was wrong with them."""

from django.conf import settings
from django.db import models

from context7.core.models import Authored, NumberedRecord


class QualityInspection(NumberedRecord, Authored):
    """One inspection of a product or of a material."""

    class Result(models.TextChoices):
        PASSED = "passed", "Passed"
        FAILED = "failed", "Failed"
        CONDITIONAL = "conditional", "Conditional"
        PENDING = "pending", "Pending"

    product = models.ForeignKey(
        "erp.Product", on_delete=models.PROTECT, null=True, blank=True, related_name="inspections"
    )
    material = models.ForeignKey(
        "erp.Material", on_delete=models.PROTECT, null=True, blank=True, related_name="inspections"
    )
    production_order = models.ForeignKey(
        "erp.ProductionOrder", on_delete=models.SET_NULL, null=True, blank=True, related_name="inspections"
    )
    goods_receipt = models.ForeignKey(
        "erp.GoodsReceipt", on_delete=models.SET_NULL, null=True, blank=True, related_name="inspections"
    )
    inspector = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="inspections"
    )
    inspection_date = models.DateField()
    result = models.CharField(max_length=12, choices=Result.choices, default=Result.PENDING)
    sample_size = models.PositiveIntegerField(default=1)
    defects = models.PositiveIntegerField(default=0)
    notes = models.TextField(blank=True)

    class Meta(NumberedRecord.Meta):
        constraints = [
            *NumberedRecord.Meta.constraints,
            models.CheckConstraint(
                condition=models.Q(product__isnull=False) | models.Q(material__isnull=False),
                name="ck_qualityinspection_subject",
            ),
        ]


class InspectionMeasurement(models.Model):
    """One measured characteristic."""

    inspection = models.ForeignKey(
        QualityInspection, on_delete=models.CASCADE, db_index=False, related_name="measurements"
    )
    characteristic = models.CharField(max_length=80)
    nominal = models.DecimalField(max_digits=12, decimal_places=4)
    measured = models.DecimalField(max_digits=12, decimal_places=4)
    is_within_tolerance = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["inspection", "characteristic"], name="uq_inspectionmeasurement_once"),
        ]

    def __str__(self) -> str:
        return f"{self.characteristic}: {self.measured}"


class NonConformance(NumberedRecord, Authored):
    """Something that is not as it should be."""

    class Status(models.TextChoices):
        OPEN = "open", "Open"
        ANALYSIS = "analysis", "In analysis"
        CLOSED = "closed", "Closed"

    inspection = models.ForeignKey(
        QualityInspection, on_delete=models.CASCADE, null=True, blank=True, related_name="non_conformances"
    )
    product = models.ForeignKey("erp.Product", on_delete=models.PROTECT, null=True, blank=True)
    material = models.ForeignKey("erp.Material", on_delete=models.PROTECT, null=True, blank=True)
    responsible = models.ForeignKey("erp.Employee", on_delete=models.SET_NULL, null=True, blank=True)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.OPEN)
    detected_on = models.DateField(db_index=True)
    description = models.TextField()
    cost = models.DecimalField(max_digits=14, decimal_places=2, default=0)
