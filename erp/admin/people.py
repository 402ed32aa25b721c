"""Employees, leave, tasks, assets."""

# ModelAdmin takes no type parameters at run time.
# mypy: disable-error-code="type-arg"

from django.contrib import admin

from erp.models import Employee, FixedAsset, LeaveRequest, Position, Todo, TodoComment, Vehicle


@admin.register(Position)
class PositionAdmin(admin.ModelAdmin):
    list_display = ["code", "name", "department"]


@admin.register(Employee)
class EmployeeAdmin(admin.ModelAdmin):
    list_display = ["personnel_number", "user", "department", "position", "manager", "hired_on"]
    list_select_related = ["user", "department", "position"]
    list_filter = ["department"]
    search_fields = ["personnel_number", "user__first_name", "user__last_name"]
    raw_id_fields = ["user", "manager"]


@admin.register(LeaveRequest)
class LeaveRequestAdmin(admin.ModelAdmin):
    list_display = ["employee", "starts_on", "ends_on", "status", "approved_by"]
    list_filter = ["status"]
    date_hierarchy = "starts_on"
    autocomplete_fields = ["employee"]


class TodoCommentInline(admin.TabularInline):
    model = TodoComment
    extra = 0


@admin.register(Todo)
class TodoAdmin(admin.ModelAdmin):
    list_display = ["title", "assigned_to", "status", "priority", "due_date"]
    list_filter = ["status", "priority"]
    search_fields = ["title", "description"]
    ordering = ["due_date"]
    inlines = [TodoCommentInline]


@admin.register(FixedAsset)
class FixedAssetAdmin(admin.ModelAdmin):
    list_display = ["code", "name", "department", "custodian", "acquired_on", "acquisition_cost"]
    list_filter = ["department"]
    search_fields = ["code", "name", "serial_number"]
    autocomplete_fields = ["custodian"]


@admin.register(Vehicle)
class VehicleAdmin(admin.ModelAdmin):
    list_display = ["licence_plate", "name", "custodian", "odometer_km"]
    search_fields = ["licence_plate", "name"]
    autocomplete_fields = ["custodian"]
