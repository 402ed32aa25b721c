"""Purchase requests, orders and goods receipts."""

# ModelAdmin takes no type parameters at run time.
# mypy: disable-error-code="type-arg"

from django.contrib import admin

from erp.models import (
    GoodsReceipt,
    GoodsReceiptItem,
    PurchaseOrder,
    PurchaseOrderItem,
    PurchaseRequest,
    PurchaseRequestItem,
)


class PurchaseRequestItemInline(admin.TabularInline):
    model = PurchaseRequestItem
    autocomplete_fields = ["material"]
    extra = 0


@admin.register(PurchaseRequest)
class PurchaseRequestAdmin(admin.ModelAdmin):
    list_display = ["number", "department", "status", "needed_by", "approved_by"]
    list_filter = ["status", "department"]
    search_fields = ["number"]
    inlines = [PurchaseRequestItemInline]


class PurchaseOrderItemInline(admin.TabularInline):
    model = PurchaseOrderItem
    autocomplete_fields = ["material"]
    extra = 0


@admin.register(PurchaseOrder)
class PurchaseOrderAdmin(admin.ModelAdmin):
    list_display = ["number", "supplier", "warehouse", "order_date", "expected_date", "status", "total_amount"]
    list_select_related = ["supplier", "warehouse"]
    list_filter = ["status", "warehouse"]
    search_fields = ["number", "supplier__name"]
    date_hierarchy = "order_date"
    autocomplete_fields = ["supplier", "request"]
    inlines = [PurchaseOrderItemInline]


class GoodsReceiptItemInline(admin.TabularInline):
    model = GoodsReceiptItem
    raw_id_fields = ["order_item", "location"]
    extra = 0


@admin.register(GoodsReceipt)
class GoodsReceiptAdmin(admin.ModelAdmin):
    list_display = ["number", "order", "warehouse", "delivery_note", "received_at"]
    list_select_related = ["order", "warehouse"]
    search_fields = ["number", "delivery_note"]
    date_hierarchy = "received_at"
    autocomplete_fields = ["order"]
    inlines = [GoodsReceiptItemInline]
