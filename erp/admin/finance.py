"""Currencies and terms, accounts, invoices, payments, the journal."""

# ModelAdmin takes no type parameters at run time.
# mypy: disable-error-code="type-arg"

from django.contrib import admin

from erp.models import (
    Account,
    CostCenter,
    Currency,
    Invoice,
    InvoiceItem,
    JournalEntry,
    JournalLine,
    Payment,
    PaymentTerm,
    TaxRate,
)


@admin.register(Currency)
class CurrencyAdmin(admin.ModelAdmin):
    list_display = ["code", "name", "symbol", "rate"]


@admin.register(TaxRate)
class TaxRateAdmin(admin.ModelAdmin):
    list_display = ["code", "name", "percent"]


@admin.register(PaymentTerm)
class PaymentTermAdmin(admin.ModelAdmin):
    list_display = ["code", "name", "days"]


@admin.register(CostCenter)
class CostCenterAdmin(admin.ModelAdmin):
    list_display = ["code", "name", "department"]


@admin.register(Account)
class AccountAdmin(admin.ModelAdmin):
    list_display = ["code", "name", "kind", "parent", "is_posting"]
    list_filter = ["kind"]
    search_fields = ["code", "name"]
    ordering = ["code"]


class InvoiceItemInline(admin.TabularInline):
    model = InvoiceItem
    raw_id_fields = ["order_item"]
    extra = 0


@admin.register(Invoice)
class InvoiceAdmin(admin.ModelAdmin):
    list_display = ["number", "customer", "invoice_date", "due_date", "status", "total_amount"]
    list_select_related = ["customer"]
    list_filter = ["status"]
    search_fields = ["number", "customer__name"]
    date_hierarchy = "invoice_date"
    autocomplete_fields = ["customer", "order"]
    inlines = [InvoiceItemInline]


@admin.register(Payment)
class PaymentAdmin(admin.ModelAdmin):
    list_display = ["number", "invoice", "method", "paid_on", "amount"]
    list_filter = ["method"]
    search_fields = ["number", "bank_reference"]
    date_hierarchy = "paid_on"
    autocomplete_fields = ["invoice"]


class JournalLineInline(admin.TabularInline):
    model = JournalLine
    autocomplete_fields = ["account"]
    extra = 2


@admin.register(JournalEntry)
class JournalEntryAdmin(admin.ModelAdmin):
    list_display = ["number", "entry_date", "reference", "memo"]
    search_fields = ["number", "=reference"]
    date_hierarchy = "entry_date"
    inlines = [JournalLineInline]
