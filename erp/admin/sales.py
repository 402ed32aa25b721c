"""Quotations, orders, returns, shipments, price lists."""

# ModelAdmin takes no type parameters at run time.
# mypy: disable-error-code="type-arg"

from django.contrib import admin

from erp.models import (
    Carrier,
    PriceList,
    PriceListItem,
    SalesOrder,
    SalesOrderItem,
    SalesQuotation,
    SalesQuotationItem,
    SalesReturn,
    Shipment,
)


class SalesOrderItemInline(admin.TabularInline):
    model = SalesOrderItem
    autocomplete_fields = ["product"]
    extra = 0


@admin.register(SalesOrder)
class SalesOrderAdmin(admin.ModelAdmin):
    list_display = ["number", "customer", "order_date", "status", "salesperson", "item_count", "total_amount"]
    list_filter = ["status", "company", "order_date"]
    search_fields = ["number", "customer__name", "customer_reference"]
    date_hierarchy = "order_date"
    autocomplete_fields = ["customer", "quotation"]
    inlines = [SalesOrderItemInline]

    @admin.display(description="items")
    def item_count(self, order: SalesOrder) -> int:
        return order.items.count()


@admin.register(SalesOrderItem)
class SalesOrderItemAdmin(admin.ModelAdmin):
    list_display = ["order", "line_number", "product", "quantity", "unit_price", "promised_date"]
    list_select_related = ["order", "product"]
    list_filter = ["promised_date"]
    search_fields = ["order__number", "product__name"]
    autocomplete_fields = ["order", "product"]


class SalesQuotationItemInline(admin.TabularInline):
    model = SalesQuotationItem
    autocomplete_fields = ["product"]
    extra = 0


@admin.register(SalesQuotation)
class SalesQuotationAdmin(admin.ModelAdmin):
    list_display = ["number", "customer", "status", "valid_until", "total"]
    list_select_related = ["customer"]
    list_filter = ["status"]
    search_fields = ["number", "customer__name"]
    autocomplete_fields = ["customer"]
    inlines = [SalesQuotationItemInline]


@admin.register(SalesReturn)
class SalesReturnAdmin(admin.ModelAdmin):
    list_display = ["number", "item", "returned_on", "quantity", "reason"]
    search_fields = ["number", "reason"]
    date_hierarchy = "returned_on"
    autocomplete_fields = ["item"]


class PriceListItemInline(admin.TabularInline):
    model = PriceListItem
    autocomplete_fields = ["product"]
    extra = 0


@admin.register(PriceList)
class PriceListAdmin(admin.ModelAdmin):
    list_display = ["code", "name", "currency", "valid_from", "valid_to"]
    inlines = [PriceListItemInline]


@admin.register(Carrier)
class CarrierAdmin(admin.ModelAdmin):
    list_display = ["code", "name", "phone"]


@admin.register(Shipment)
class ShipmentAdmin(admin.ModelAdmin):
    list_display = ["number", "order", "carrier", "status", "shipped_at", "tracking_number"]
    list_select_related = ["order", "carrier"]
    list_filter = ["status", "carrier"]
    search_fields = ["number", "tracking_number"]
    date_hierarchy = "shipped_at"
    autocomplete_fields = ["order"]
