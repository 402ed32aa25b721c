"""From the request to the goods receipt."""

from django.conf import settings
from django.db import models

from context7.core.models import Authored, NumberedRecord


class PurchaseRequest(NumberedRecord, Authored):
    """A department needs something."""

    class Status(models.TextChoices):
        OPEN = "open", "Open"
        APPROVED = "approved", "Approved"
        ORDERED = "ordered", "Ordered"
        REJECTED = "rejected", "Rejected"

    department = models.ForeignKey("core.Department", on_delete=models.PROTECT, related_name="purchase_requests")
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.OPEN)
    needed_by = models.DateField(db_index=True)


class PurchaseRequestItem(models.Model):
    """One line of a request."""

    request = models.ForeignKey(PurchaseRequest, on_delete=models.CASCADE, related_name="items")
    material = models.ForeignKey("erp.Material", on_delete=models.PROTECT)
    quantity = models.DecimalField(max_digits=14, decimal_places=3)

    def __str__(self) -> str:
        return f"{self.quantity} of {self.material_id}"


class PurchaseOrder(NumberedRecord, Authored):
    """An order to a supplier."""

    class Status(models.TextChoices):
        DRAFT = "draft", "Draft"
        SENT = "sent", "Sent"
        PARTIAL = "partial", "Partly received"
        RECEIVED = "received", "Received"
        CANCELLED = "cancelled", "Cancelled"

    supplier = models.ForeignKey("erp.Supplier", on_delete=models.PROTECT, related_name="purchase_orders")
    request = models.ForeignKey(
        PurchaseRequest, on_delete=models.SET_NULL, null=True, blank=True, related_name="purchase_orders"
    )
    warehouse = models.ForeignKey("inventory.Warehouse", on_delete=models.PROTECT, related_name="purchase_orders")
    currency = models.ForeignKey("erp.Currency", on_delete=models.PROTECT)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.DRAFT)
    order_date = models.DateField(db_index=True)
    expected_date = models.DateField(null=True, blank=True, db_index=True)
    total_amount = models.DecimalField(max_digits=16, decimal_places=2, default=0)

    class Meta(NumberedRecord.Meta):
        ordering = ["-created_at"]
        indexes = [
            models.Index(fields=["created_at"], name="idx_purchaseorder_created_at"),
            models.Index(fields=["status"], name="idx_purchaseorder_status"),
        ]


class PurchaseOrderItem(models.Model):
    """One line of an order to a supplier."""

    order = models.ForeignKey(PurchaseOrder, on_delete=models.CASCADE, db_index=False, related_name="items")
    line_number = models.PositiveIntegerField()
    material = models.ForeignKey("erp.Material", on_delete=models.PROTECT, related_name="purchase_items")
    tax_rate = models.ForeignKey("erp.TaxRate", on_delete=models.PROTECT)
    quantity = models.DecimalField(max_digits=14, decimal_places=3)
    received_quantity = models.DecimalField(max_digits=14, decimal_places=3, default=0)
    unit_price = models.DecimalField(max_digits=14, decimal_places=4)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["order", "line_number"], name="uq_purchaseorderitem_line")]

    def __str__(self) -> str:
        return f"{self.quantity} of {self.material_id}"


class GoodsReceipt(NumberedRecord, Authored):
    """A delivery of a supplier."""

    order = models.ForeignKey(PurchaseOrder, on_delete=models.PROTECT, related_name="receipts")
    warehouse = models.ForeignKey("inventory.Warehouse", on_delete=models.PROTECT, related_name="receipts")
    delivery_note = models.CharField(max_length=40, db_index=True)
    received_at = models.DateTimeField(db_index=True)


class GoodsReceiptItem(models.Model):
    """What came of one order line."""

    receipt = models.ForeignKey(GoodsReceipt, on_delete=models.CASCADE, related_name="items")
    order_item = models.ForeignKey(PurchaseOrderItem, on_delete=models.PROTECT, related_name="receipt_items")
    location = models.ForeignKey("inventory.StorageLocation", on_delete=models.SET_NULL, null=True, blank=True)
    lot_number = models.CharField(max_length=32, db_index=True)
    quantity = models.DecimalField(max_digits=14, decimal_places=3)

    def __str__(self) -> str:
        return f"{self.quantity} in lot {self.lot_number}"
