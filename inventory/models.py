"""Where things lie and how many: warehouses, locations, product stock, material stock records."""

import uuid

from django.conf import settings
from django.db import models

from context7.core.models import Audited, Authored, CodedRecord, CompanyRecord


class Warehouse(CodedRecord, Authored):
    """A building or a yard with stock in it."""

    branch = models.ForeignKey("core.Branch", on_delete=models.PROTECT, related_name="warehouses")
    capacity_m3 = models.DecimalField(max_digits=10, decimal_places=2, default=0)
    is_active = models.BooleanField(default=True)


class StorageLocation(models.Model):
    """A zone, aisle or bin of a warehouse."""

    warehouse = models.ForeignKey(Warehouse, on_delete=models.CASCADE, db_index=False, related_name="locations")
    code = models.CharField(max_length=24)
    parent = models.ForeignKey("self", on_delete=models.CASCADE, null=True, blank=True, related_name="children")
    max_weight_kg = models.PositiveIntegerField(default=1000)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["warehouse", "code"], name="uq_storagelocation_code")]

    def __str__(self) -> str:
        return self.code


class Inventory(CompanyRecord):
    """Stock of a finished product, by lot and place."""

    product = models.ForeignKey("erp.Product", on_delete=models.PROTECT, related_name="inventories")
    warehouse = models.ForeignKey(Warehouse, on_delete=models.CASCADE, related_name="inventories")
    location = models.ForeignKey(StorageLocation, on_delete=models.SET_NULL, null=True, blank=True)
    lot_number = models.CharField(max_length=32, db_index=True)
    quantity = models.DecimalField(max_digits=14, decimal_places=3, default=0)
    reserved_quantity = models.DecimalField(max_digits=14, decimal_places=3, default=0)
    reorder_level = models.DecimalField(max_digits=14, decimal_places=3, default=0)
    last_counted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(quantity__gte=0), name="ck_inventory_quantity"),
            models.CheckConstraint(condition=models.Q(reserved_quantity__gte=0), name="ck_inventory_reserved"),
        ]
        verbose_name_plural = "inventories"

    def __str__(self) -> str:
        return f"{self.product_id} {self.lot_number}: {self.quantity}"


class InventoryRecord(CompanyRecord, Audited):
    """A counted or booked stock of a material: what the system says, what was counted, where it came from."""

    class Kind(models.TextChoices):
        OPENING = "opening", "Opening balance"
        COUNT = "count", "Stock count"
        RECEIPT = "receipt", "Receipt"
        ADJUSTMENT = "adjustment", "Adjustment"

    reference = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    kind = models.CharField(max_length=12, choices=Kind.choices, default=Kind.COUNT)
    warehouse = models.ForeignKey(Warehouse, on_delete=models.CASCADE, related_name="records")
    location = models.ForeignKey(StorageLocation, on_delete=models.SET_NULL, null=True, blank=True)
    material = models.ForeignKey("erp.Material", on_delete=models.PROTECT, related_name="inventory_records")
    supplier = models.ForeignKey("erp.Supplier", on_delete=models.SET_NULL, null=True, blank=True)
    unit = models.ForeignKey("erp.UnitOfMeasure", on_delete=models.PROTECT)
    lot_number = models.CharField(max_length=32, db_index=True)
    certificate_number = models.CharField(max_length=40, blank=True)
    record_date = models.DateField(db_index=True)
    expiry_date = models.DateField(null=True, blank=True, db_index=True)
    system_quantity = models.DecimalField(max_digits=14, decimal_places=3)
    counted_quantity = models.DecimalField(max_digits=14, decimal_places=3)
    unit_cost = models.DecimalField(max_digits=14, decimal_places=4)
    counted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    notes = models.TextField(blank=True)

    def __str__(self) -> str:
        return f"{self.material_id} {self.lot_number}: {self.counted_quantity}"
