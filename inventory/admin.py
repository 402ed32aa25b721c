"""Warehouses and stock."""

# ModelAdmin takes no type parameters at run time.
# mypy: disable-error-code="type-arg"

from django.contrib import admin

from .models import Inventory, InventoryRecord, StorageLocation, Warehouse


@admin.register(Warehouse)
class WarehouseAdmin(admin.ModelAdmin):
    list_display = ["code", "name", "branch", "capacity_m3", "is_active"]
    search_fields = ["code", "name"]


@admin.register(StorageLocation)
class StorageLocationAdmin(admin.ModelAdmin):
    list_display = ["code", "warehouse", "parent", "max_weight_kg"]
    list_filter = ["warehouse"]
    search_fields = ["code"]
    autocomplete_fields = ["parent"]


@admin.register(Inventory)
class InventoryAdmin(admin.ModelAdmin):
    list_display = ["product", "warehouse", "location", "lot_number", "quantity", "reserved_quantity"]
    list_filter = ["warehouse"]
    search_fields = ["lot_number", "product__code", "product__name"]
    autocomplete_fields = ["product", "location"]


@admin.register(InventoryRecord)
class InventoryRecordAdmin(admin.ModelAdmin):
    list_display = ["record_date", "kind", "material", "warehouse", "lot_number", "counted_quantity", "counted_by"]
    list_select_related = ["material", "warehouse", "counted_by"]
    list_filter = ["kind", "warehouse"]
    search_fields = ["lot_number", "material__name"]
    date_hierarchy = "record_date"
    autocomplete_fields = ["material", "supplier", "location"]
