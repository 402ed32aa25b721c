"""Getting it to the customer."""

from django.db import models

from context7.core.models import CodedRecord, NumberedRecord


class Carrier(CodedRecord):
    """Somebody who carries our goods."""

    phone = models.CharField(max_length=24, blank=True)
    tracking_url = models.CharField(max_length=200, blank=True)


class Shipment(NumberedRecord):
    """A delivery on its way."""

    class Status(models.TextChoices):
        PACKED = "packed", "Packed"
        IN_TRANSIT = "in_transit", "In transit"
        DELIVERED = "delivered", "Delivered"

    order = models.ForeignKey("erp.SalesOrder", on_delete=models.PROTECT, related_name="shipments")
    carrier = models.ForeignKey(Carrier, on_delete=models.PROTECT, related_name="shipments")
    warehouse = models.ForeignKey("inventory.Warehouse", on_delete=models.PROTECT, related_name="shipments")
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.PACKED)
    tracking_number = models.CharField(max_length=40, unique=True)
    shipped_at = models.DateTimeField(null=True, blank=True, db_index=True)
    weight_kg = models.DecimalField(max_digits=10, decimal_places=2, default=0)
