"""Maintenance."""

# ModelAdmin takes no type parameters at run time.
# mypy: disable-error-code="type-arg"

from django.contrib import admin

from .models import WorkOrder, WorkOrderTask


class WorkOrderTaskInline(admin.TabularInline):
    model = WorkOrderTask
    autocomplete_fields = ["assigned_to"]
    extra = 0


@admin.register(WorkOrder)
class WorkOrderAdmin(admin.ModelAdmin):
    list_display = ["number", "title", "machine", "status", "priority", "due_date", "assigned_to"]
    list_select_related = ["machine", "assigned_to"]
    list_filter = ["status", "kind", "priority"]
    search_fields = ["number", "title"]
    date_hierarchy = "due_date"
    autocomplete_fields = ["machine", "requested_by", "assigned_to"]
    inlines = [WorkOrderTaskInline]
