"""Planning and running of the production lines."""

from django.conf import settings
from django.db import models

from context7.core.models import Authored, CodedRecord, NumberedRecord


class ProductionLine(CodedRecord):
    """A line of machines that works as one."""

    department = models.ForeignKey("core.Department", on_delete=models.SET_NULL, null=True, blank=True)
    work_center = models.ForeignKey("erp.WorkCenter", on_delete=models.PROTECT, related_name="lines")
    units_per_hour = models.DecimalField(max_digits=8, decimal_places=2, default=0)
    is_active = models.BooleanField(default=True)


class ProductionPlan(NumberedRecord, Authored):
    """What a line is to make in a period."""

    line = models.ForeignKey(ProductionLine, on_delete=models.CASCADE, related_name="plans")
    product = models.ForeignKey("erp.Product", on_delete=models.PROTECT, related_name="production_plans")
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    period_start = models.DateField(db_index=True)
    period_end = models.DateField()
    planned_quantity = models.DecimalField(max_digits=14, decimal_places=3)

    class Meta(NumberedRecord.Meta):
        constraints = [
            *NumberedRecord.Meta.constraints,
            models.CheckConstraint(
                condition=models.Q(period_end__gte=models.F("period_start")), name="ck_productionplan_period"
            ),
        ]


class DowntimeEvent(models.Model):
    """A line or a machine stood still."""

    class Reason(models.TextChoices):
        BREAKDOWN = "breakdown", "Breakdown"
        SETUP = "setup", "Set-up"
        MATERIAL = "material", "No material"
        STAFF = "staff", "No staff"

    line = models.ForeignKey(ProductionLine, on_delete=models.CASCADE, related_name="downtimes")
    machine = models.ForeignKey("erp.Machine", on_delete=models.SET_NULL, null=True, blank=True)
    production_order = models.ForeignKey("erp.ProductionOrder", on_delete=models.SET_NULL, null=True, blank=True)
    reason = models.CharField(max_length=12, choices=Reason.choices)
    started_at = models.DateTimeField(db_index=True)
    minutes = models.PositiveIntegerField()
    note = models.TextField(blank=True)

    def __str__(self) -> str:
        return f"{self.get_reason_display()} {self.minutes} min"
