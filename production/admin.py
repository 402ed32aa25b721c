"""Lines, plans, downtime."""

# ModelAdmin takes no type parameters at run time.
# mypy: disable-error-code="type-arg"

from django.contrib import admin

from .models import DowntimeEvent, ProductionLine, ProductionPlan


@admin.register(ProductionLine)
class ProductionLineAdmin(admin.ModelAdmin):
    list_display = ["code", "name", "work_center", "units_per_hour", "is_active"]


@admin.register(ProductionPlan)
class ProductionPlanAdmin(admin.ModelAdmin):
    list_display = ["number", "line", "product", "period_start", "period_end", "planned_quantity"]
    list_select_related = ["line", "product"]
    list_filter = ["line"]
    search_fields = ["number"]
    date_hierarchy = "period_start"
    autocomplete_fields = ["product"]


@admin.register(DowntimeEvent)
class DowntimeEventAdmin(admin.ModelAdmin):
    list_display = ["started_at", "line", "machine", "reason", "minutes", "production_order"]
    list_filter = ["reason", "line"]
    date_hierarchy = "started_at"
    autocomplete_fields = ["machine", "production_order"]
