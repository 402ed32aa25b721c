"""Maintenance work orders and their tasks."""

from django.db import models

from context7.core.models import Authored, NumberedRecord


class WorkOrder(NumberedRecord, Authored):
    """A repair or a planned service of a machine."""

    class Kind(models.TextChoices):
        CORRECTIVE = "corrective", "Corrective"
        PREVENTIVE = "preventive", "Preventive"
        CALIBRATION = "calibration", "Calibration"

    class Status(models.TextChoices):
        OPEN = "open", "Open"
        PLANNED = "planned", "Planned"
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        CANCELLED = "cancelled", "Cancelled"

    title = models.CharField(max_length=160)
    description = models.TextField(blank=True)
    kind = models.CharField(max_length=12, choices=Kind.choices, default=Kind.CORRECTIVE)
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.OPEN)
    priority = models.PositiveSmallIntegerField(default=3)
    machine = models.ForeignKey("erp.Machine", on_delete=models.PROTECT, related_name="work_orders")
    requested_by = models.ForeignKey(
        "erp.Employee", on_delete=models.SET_NULL, null=True, blank=True, related_name="requested_work_orders"
    )
    assigned_to = models.ForeignKey(
        "erp.Employee", on_delete=models.SET_NULL, null=True, blank=True, related_name="assigned_work_orders"
    )
    due_date = models.DateField()
    completed_at = models.DateTimeField(null=True, blank=True, db_index=True)
    estimated_hours = models.DecimalField(max_digits=6, decimal_places=2, default=0)

    class Meta(NumberedRecord.Meta):
        indexes = [
            models.Index(fields=["status", "due_date"], name="idx_workorder_status_due"),
            models.Index(fields=["status"], name="idx_workorder_status"),
        ]


class WorkOrderTask(models.Model):
    """One step of a work order."""

    work_order = models.ForeignKey(WorkOrder, on_delete=models.CASCADE, db_index=False, related_name="tasks")
    sequence = models.PositiveSmallIntegerField()
    description = models.CharField(max_length=200)
    assigned_to = models.ForeignKey("erp.Employee", on_delete=models.SET_NULL, null=True, blank=True)
    is_done = models.BooleanField(default=False)
    minutes_spent = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["work_order", "sequence"], name="uq_workordertask_sequence")]
        ordering = ["work_order", "sequence"]

    def __str__(self) -> str:
        return self.description
