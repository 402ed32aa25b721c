"""Money: currencies and terms, accounts, invoices, payments, the journal."""

from django.db import models
from django.db.models.functions import Upper

from context7.core.models import Authored, CodedRecord, NumberedRecord


class Currency(models.Model):
    """An ISO 4217 currency and its last rate to the Turkish lira."""

    code = models.CharField(max_length=3, unique=True)
    name = models.CharField(max_length=40)
    symbol = models.CharField(max_length=4)
    rate = models.DecimalField(max_digits=14, decimal_places=6, default=1)

    class Meta:
        ordering = ["code"]
        verbose_name_plural = "currencies"

    def __str__(self) -> str:
        return self.code


class TaxRate(CodedRecord):
    """A value-added tax rate."""

    percent = models.DecimalField(max_digits=5, decimal_places=2)


class PaymentTerm(CodedRecord):
    """When a bill is due."""

    days = models.PositiveSmallIntegerField(default=30)


class CostCenter(CodedRecord):
    """Where costs are collected."""

    department = models.ForeignKey("core.Department", on_delete=models.SET_NULL, null=True, blank=True)


class Account(CodedRecord):
    """An account of the chart of accounts."""

    class Kind(models.TextChoices):
        ASSET = "asset", "Asset"
        LIABILITY = "liability", "Liability"
        EQUITY = "equity", "Equity"
        INCOME = "income", "Income"
        EXPENSE = "expense", "Expense"

    kind = models.CharField(max_length=10, choices=Kind.choices)
    parent = models.ForeignKey("self", on_delete=models.CASCADE, null=True, blank=True, related_name="children")
    is_posting = models.BooleanField(default=True)


class Invoice(NumberedRecord, Authored):
    """A bill to a customer."""

    class Status(models.TextChoices):
        DRAFT = "draft", "Draft"
        SENT = "sent", "Sent"
        PAID = "paid", "Paid"
        OVERDUE = "overdue", "Overdue"

    customer = models.ForeignKey("erp.Customer", on_delete=models.PROTECT, related_name="invoices")
    order = models.ForeignKey("erp.SalesOrder", on_delete=models.SET_NULL, null=True, blank=True)
    currency = models.ForeignKey("erp.Currency", on_delete=models.PROTECT)
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.DRAFT)
    invoice_date = models.DateField(db_index=True)
    due_date = models.DateField()
    total_amount = models.DecimalField(max_digits=16, decimal_places=2)

    class Meta(NumberedRecord.Meta):
        indexes = [
            models.Index(
                fields=["due_date"],
                name="idx_invoice_unpaid_due",
                condition=models.Q(status__in=["sent", "overdue"]),
            ),
        ]


class InvoiceItem(models.Model):
    """One line of a bill."""

    invoice = models.ForeignKey(Invoice, on_delete=models.CASCADE, related_name="items")
    order_item = models.ForeignKey(
        "erp.SalesOrderItem", on_delete=models.SET_NULL, null=True, blank=True, db_index=False
    )
    tax_rate = models.ForeignKey(TaxRate, on_delete=models.PROTECT)
    description = models.CharField(max_length=160)
    amount = models.DecimalField(max_digits=16, decimal_places=2)

    def __str__(self) -> str:
        return self.description


class Payment(NumberedRecord, Authored):
    """Money that came in for a bill."""

    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="payments")
    method = models.CharField(max_length=10, choices=[("transfer", "Transfer"), ("card", "Card"), ("cheque", "Cheque")])
    bank_reference = models.CharField(max_length=40, db_index=True)
    paid_on = models.DateField(db_index=True)
    amount = models.DecimalField(max_digits=16, decimal_places=2)


class JournalEntry(NumberedRecord, Authored):
    """A booking; its lines sum to zero."""

    entry_date = models.DateField(db_index=True)
    reference = models.CharField(max_length=60)
    memo = models.TextField(blank=True)

    class Meta(NumberedRecord.Meta):
        # References come from several systems in either case and are looked up with iexact.
        indexes = [models.Index(Upper("reference"), name="idx_journalentry_ref_upper")]
        verbose_name_plural = "journal entries"


class JournalLine(models.Model):
    """One side of a booking."""

    entry = models.ForeignKey(JournalEntry, on_delete=models.CASCADE, related_name="lines")
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="lines")
    cost_center = models.ForeignKey(CostCenter, on_delete=models.SET_NULL, null=True, blank=True)
    debit = models.DecimalField(max_digits=16, decimal_places=2, default=0)
    credit = models.DecimalField(max_digits=16, decimal_places=2, default=0)

    def __str__(self) -> str:
        return f"{self.account_id}: {self.debit - self.credit}"
