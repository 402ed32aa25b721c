"""Movements of materials in and out of the warehouses."""

from django.conf import settings
from django.db import models


class InventoryMovement(models.Model):
    """One booking; append-only."""

    class Kind(models.TextChoices):
        IN = "in", "In"
        OUT = "out", "Out"
        TRANSFER = "transfer", "Transfer"
        SCRAP = "scrap", "Scrap"

    company = models.ForeignKey("core.Company", on_delete=models.CASCADE)
    material = models.ForeignKey("erp.Material", on_delete=models.PROTECT, related_name="movements")
    warehouse = models.ForeignKey("inventory.Warehouse", on_delete=models.CASCADE, related_name="movements")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    quantity = models.DecimalField(max_digits=14, decimal_places=3)
    reference = models.CharField(max_length=32, blank=True, db_index=True)
    moved_at = models.DateTimeField(db_index=True)
    moved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        ordering = ["-moved_at"]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.quantity} of {self.material_id}"
