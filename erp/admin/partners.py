"""Customers and suppliers."""

# ModelAdmin takes no type parameters at run time.
# mypy: disable-error-code="type-arg"

from django.contrib import admin

from erp.models import (
    Customer,
    CustomerAddress,
    CustomerContact,
    CustomerGroup,
    Supplier,
    SupplierContact,
    SupplierEvaluation,
)


@admin.register(CustomerGroup)
class CustomerGroupAdmin(admin.ModelAdmin):
    list_display = ["code", "name", "discount_percent"]


class CustomerContactInline(admin.TabularInline):
    model = CustomerContact
    extra = 0


class CustomerAddressInline(admin.TabularInline):
    model = CustomerAddress
    extra = 0


@admin.register(Customer)
class CustomerAdmin(admin.ModelAdmin):
    list_display = ["code", "name", "group", "city", "account_manager", "order_count", "is_active"]
    list_filter = ["is_active", "segment", "group"]
    search_fields = ["code", "name", "tax_number", "email"]
    date_hierarchy = "created_at"
    inlines = [CustomerContactInline, CustomerAddressInline]

    @admin.display(description="orders")
    def order_count(self, customer: Customer) -> int:
        return customer.salesorder_set.count()


class SupplierContactInline(admin.TabularInline):
    model = SupplierContact
    extra = 0


class SupplierEvaluationInline(admin.TabularInline):
    model = SupplierEvaluation
    extra = 0


@admin.register(Supplier)
class SupplierAdmin(admin.ModelAdmin):
    list_display = ["code", "name", "city", "rating", "is_active"]
    list_filter = ["is_active", "country"]
    search_fields = ["code", "name", "tax_number"]
    inlines = [SupplierContactInline, SupplierEvaluationInline]
