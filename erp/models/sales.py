"""From the price list to the order and back again."""

from django.conf import settings
from django.db import models

from context7.core.models import Authored, CodedRecord, NumberedRecord


class PriceList(CodedRecord):
    """Prices in one currency, valid for a time."""

    currency = models.ForeignKey("erp.Currency", on_delete=models.PROTECT)
    valid_from = models.DateField(db_index=True)
    valid_to = models.DateField(null=True, blank=True)


class PriceListItem(models.Model):
    """The price of a product from a quantity on."""

    price_list = models.ForeignKey(PriceList, on_delete=models.CASCADE, db_index=False, related_name="items")
    product = models.ForeignKey("erp.Product", on_delete=models.CASCADE, related_name="prices")
    minimum_quantity = models.PositiveIntegerField(default=1)
    price = models.DecimalField(max_digits=14, decimal_places=2)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["price_list", "product", "minimum_quantity"], name="uq_pricelistitem_price"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.product_id} at {self.price}"


class SalesQuotation(NumberedRecord, Authored):
    """An offer to a customer."""

    class Status(models.TextChoices):
        DRAFT = "draft", "Draft"
        SENT = "sent", "Sent"
        WON = "won", "Won"
        LOST = "lost", "Lost"

    customer = models.ForeignKey("erp.Customer", on_delete=models.PROTECT, related_name="quotations")
    currency = models.ForeignKey("erp.Currency", on_delete=models.PROTECT)
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.DRAFT)
    valid_until = models.DateField(db_index=True)
    total = models.DecimalField(max_digits=16, decimal_places=2, default=0)


class SalesQuotationItem(models.Model):
    """One line of an offer."""

    quotation = models.ForeignKey(SalesQuotation, on_delete=models.CASCADE, related_name="items")
    product = models.ForeignKey("erp.Product", on_delete=models.PROTECT)
    quantity = models.DecimalField(max_digits=14, decimal_places=3)
    unit_price = models.DecimalField(max_digits=14, decimal_places=2)

    def __str__(self) -> str:
        return f"{self.quantity} of {self.product_id}"


class SalesOrder(NumberedRecord, Authored):
    """An order of a customer."""

    class Status(models.TextChoices):
        DRAFT = "draft", "Draft"
        CONFIRMED = "confirmed", "Confirmed"
        IN_PRODUCTION = "in_production", "In production"
        SHIPPED = "shipped", "Shipped"
        CLOSED = "closed", "Closed"
        CANCELLED = "cancelled", "Cancelled"

    # Keeps its default accessor, `customer.salesorder_set`: it is older than the naming rule.
    customer = models.ForeignKey("erp.Customer", on_delete=models.PROTECT)
    quotation = models.OneToOneField(
        SalesQuotation, on_delete=models.SET_NULL, null=True, blank=True, related_name="order"
    )
    currency = models.ForeignKey("erp.Currency", on_delete=models.PROTECT)
    payment_term = models.ForeignKey("erp.PaymentTerm", on_delete=models.PROTECT)
    salesperson = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="sales_orders",
    )
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    status = models.CharField(max_length=16, choices=Status.choices, default=Status.DRAFT)
    order_date = models.DateField()
    delivery_date = models.DateField(null=True, blank=True, db_index=True)
    customer_reference = models.CharField(max_length=60, blank=True, db_index=True)
    total_amount = models.DecimalField(max_digits=16, decimal_places=2, default=0)
    notes = models.TextField(blank=True)

    class Meta(NumberedRecord.Meta):
        ordering = ["-created_at"]
        indexes = [
            models.Index(fields=["created_at"], name="idx_salesorder_created_at"),
            models.Index(fields=["status"], name="idx_salesorder_status"),
        ]


class SalesOrderItem(models.Model):
    """One line of an order."""

    order = models.ForeignKey(SalesOrder, on_delete=models.CASCADE, related_name="items")
    product = models.ForeignKey("erp.Product", on_delete=models.PROTECT, related_name="order_items")
    tax_rate = models.ForeignKey("erp.TaxRate", on_delete=models.PROTECT)
    line_number = models.PositiveIntegerField()
    quantity = models.DecimalField(max_digits=14, decimal_places=3)
    unit_price = models.DecimalField(max_digits=14, decimal_places=2)
    discount_percent = models.DecimalField(max_digits=5, decimal_places=2, default=0)
    promised_date = models.DateField(null=True, blank=True, db_index=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(quantity__gt=0), name="ck_salesorderitem_quantity")]

    def __str__(self) -> str:
        return f"{self.quantity} of {self.product_id}"


class SalesReturn(NumberedRecord, Authored):
    """Goods that came back."""

    item = models.ForeignKey(SalesOrderItem, on_delete=models.PROTECT, related_name="returns")
    returned_on = models.DateField(db_index=True)
    quantity = models.DecimalField(max_digits=14, decimal_places=3)
    reason = models.TextField(blank=True)
