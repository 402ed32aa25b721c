"""Whom we sell to."""

from django.conf import settings
from django.db import models

from context7.core.models import Audited, CodedRecord


class CustomerGroup(CodedRecord):
    """Customers with the same discount."""

    discount_percent = models.DecimalField(max_digits=5, decimal_places=2, default=0)


class CustomerQuerySet(models.QuerySet["Customer"]):
    """Questions the team asks about customers."""

    def active(self) -> "CustomerQuerySet":
        return self.filter(is_active=True)


class Customer(CodedRecord, Audited):
    """A customer or a prospect."""

    class Segment(models.TextChoices):
        KEY = "key", "Key account"
        STANDARD = "standard", "Standard"
        PROSPECT = "prospect", "Prospect"

    segment = models.CharField(max_length=10, choices=Segment.choices, default=Segment.STANDARD)
    group = models.ForeignKey(CustomerGroup, on_delete=models.SET_NULL, null=True, blank=True, related_name="customers")
    account_manager = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="managed_customers",
    )
    currency = models.ForeignKey("erp.Currency", on_delete=models.PROTECT)
    payment_term = models.ForeignKey("erp.PaymentTerm", on_delete=models.PROTECT)
    tax_number = models.CharField(max_length=20, db_index=True)
    email = models.EmailField(blank=True)
    phone = models.CharField(max_length=24, blank=True)
    city = models.CharField(max_length=80)
    country = models.CharField(max_length=2, default="TR")
    credit_limit = models.DecimalField(max_digits=14, decimal_places=2, default=0)
    is_active = models.BooleanField(default=True)

    objects = CustomerQuerySet.as_manager()

    class Meta(CodedRecord.Meta):
        indexes = [
            models.Index(fields=["created_at"], name="idx_customer_created_at"),
            models.Index(fields=["is_active"], name="idx_customer_is_active"),
            models.Index(fields=["name"], name="idx_customer_name"),
        ]


class CustomerContact(models.Model):
    """A person at a customer."""

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="contacts")
    full_name = models.CharField(max_length=120)
    role = models.CharField(max_length=80, blank=True)
    email = models.EmailField(db_index=True)
    phone = models.CharField(max_length=24, blank=True)

    def __str__(self) -> str:
        return self.full_name


class CustomerAddress(models.Model):
    """Where to deliver or to send the invoice; one default of each kind."""

    class Kind(models.TextChoices):
        BILLING = "billing", "Billing"
        DELIVERY = "delivery", "Delivery"

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="addresses")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    line = models.CharField(max_length=200)
    postal_code = models.CharField(max_length=10)
    city = models.CharField(max_length=80)
    country = models.CharField(max_length=2, default="TR")
    is_default = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "customer"],
                condition=models.Q(is_default=True),
                name="uq_customeraddress_default",
            ),
        ]
        verbose_name_plural = "customer addresses"

    def __str__(self) -> str:
        return f"{self.line}, {self.city}"
