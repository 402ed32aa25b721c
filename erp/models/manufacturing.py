"""Making things: work centres, machines, routings, production orders."""

from django.conf import settings
from django.db import models

from context7.core.models import Audited, CodedRecord, NumberedRecord


class WorkCenter(CodedRecord):
    """A place where one kind of work is done."""

    department = models.ForeignKey("core.Department", on_delete=models.SET_NULL, null=True, blank=True)
    hourly_rate = models.DecimalField(max_digits=10, decimal_places=2, default=0)


class Machine(CodedRecord):
    """A machine of a work centre."""

    work_center = models.ForeignKey(WorkCenter, on_delete=models.PROTECT, related_name="machines")
    serial_number = models.CharField(max_length=40, unique=True)
    installed_on = models.DateField(null=True, blank=True)
    is_active = models.BooleanField(default=True)


class RoutingOperation(models.Model):
    """One step in making a product."""

    product = models.ForeignKey("erp.Product", on_delete=models.CASCADE, db_index=False, related_name="routing")
    sequence = models.PositiveSmallIntegerField()
    work_center = models.ForeignKey(WorkCenter, on_delete=models.PROTECT, related_name="operations")
    description = models.CharField(max_length=160)
    setup_minutes = models.PositiveSmallIntegerField(default=0)
    run_seconds = models.PositiveIntegerField(default=60)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["product", "sequence"], name="uq_routingoperation_sequence")]

    def __str__(self) -> str:
        return self.description


class ProductionOrder(NumberedRecord, Audited):
    """An order to make so much of a product."""

    class Status(models.TextChoices):
        PLANNED = "planned", "Planned"
        RELEASED = "released", "Released"
        RUNNING = "running", "Running"
        COMPLETED = "completed", "Completed"
        CANCELLED = "cancelled", "Cancelled"

    product = models.ForeignKey("erp.Product", on_delete=models.PROTECT, related_name="production_orders")
    sales_order_item = models.ForeignKey(
        "erp.SalesOrderItem",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="production_orders",
    )
    work_center = models.ForeignKey(WorkCenter, on_delete=models.PROTECT, related_name="production_orders")
    supervisor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.PLANNED)
    priority = models.PositiveSmallIntegerField(default=5)
    planned_start = models.DateField(db_index=True)
    planned_end = models.DateField(db_index=True)
    finished_at = models.DateTimeField(null=True, blank=True, db_index=True)
    quantity = models.DecimalField(max_digits=14, decimal_places=3)
    produced_quantity = models.DecimalField(max_digits=14, decimal_places=3, default=0)
    scrap_quantity = models.DecimalField(max_digits=14, decimal_places=3, default=0)

    class Meta(NumberedRecord.Meta):
        indexes = [
            models.Index(fields=["created_at"], name="idx_productionorder_created_at"),
            models.Index(fields=["status"], name="idx_productionorder_status"),
        ]


class MaterialConsumption(models.Model):
    """What a production order used up."""

    production_order = models.ForeignKey(ProductionOrder, on_delete=models.CASCADE, related_name="consumptions")
    material = models.ForeignKey("erp.Material", on_delete=models.PROTECT, related_name="consumptions")
    warehouse = models.ForeignKey("inventory.Warehouse", on_delete=models.PROTECT)
    lot_number = models.CharField(max_length=32, db_index=True)
    quantity = models.DecimalField(max_digits=14, decimal_places=4)
    consumed_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"{self.quantity} of {self.material_id}"
