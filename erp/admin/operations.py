"""Manufacturing, quality and stock movements."""

# ModelAdmin takes no type parameters at run time.
# mypy: disable-error-code="type-arg"

from django.contrib import admin

from erp.models import (
    InspectionMeasurement,
    InventoryMovement,
    Machine,
    MaterialConsumption,
    NonConformance,
    ProductionOrder,
    QualityInspection,
    WorkCenter,
)


@admin.register(WorkCenter)
class WorkCenterAdmin(admin.ModelAdmin):
    list_display = ["code", "name", "department", "hourly_rate"]


@admin.register(Machine)
class MachineAdmin(admin.ModelAdmin):
    list_display = ["code", "name", "work_center", "serial_number", "is_active"]
    list_filter = ["is_active", "work_center"]
    search_fields = ["code", "name", "serial_number"]


class MaterialConsumptionInline(admin.TabularInline):
    model = MaterialConsumption
    autocomplete_fields = ["material"]
    extra = 0


@admin.register(ProductionOrder)
class ProductionOrderAdmin(admin.ModelAdmin):
    list_display = ["number", "product", "work_center", "status", "planned_start", "planned_end", "quantity"]
    list_filter = ["status", "work_center"]
    search_fields = ["number", "product__name"]
    date_hierarchy = "planned_start"
    ordering = ["-planned_start"]
    autocomplete_fields = ["product", "sales_order_item"]
    inlines = [MaterialConsumptionInline]


class InspectionMeasurementInline(admin.TabularInline):
    model = InspectionMeasurement
    extra = 0


@admin.register(QualityInspection)
class QualityInspectionAdmin(admin.ModelAdmin):
    list_display = ["number", "product", "material", "inspection_date", "result", "inspector"]
    list_filter = ["result"]
    search_fields = ["number"]
    date_hierarchy = "inspection_date"
    autocomplete_fields = ["product", "material", "production_order", "goods_receipt"]
    inlines = [InspectionMeasurementInline]


@admin.register(NonConformance)
class NonConformanceAdmin(admin.ModelAdmin):
    list_display = ["number", "status", "detected_on", "responsible", "cost"]
    list_filter = ["status"]
    search_fields = ["number", "description"]
    raw_id_fields = ["inspection", "product", "material", "responsible"]


@admin.register(InventoryMovement)
class InventoryMovementAdmin(admin.ModelAdmin):
    list_display = ["moved_at", "kind", "material", "warehouse", "quantity", "moved_by", "reference"]
    list_select_related = ["material", "warehouse", "moved_by"]
    list_filter = ["kind", "warehouse"]
    search_fields = ["reference", "material__name"]
    date_hierarchy = "moved_at"
    autocomplete_fields = ["material"]
