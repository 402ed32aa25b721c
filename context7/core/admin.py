"""Organisation and activity."""

# ModelAdmin takes no type parameters at run time.
# mypy: disable-error-code="type-arg"

from django.contrib import admin

from .models import Attachment, AuditLog, Branch, Company, Department, Notification, SystemSetting


@admin.register(Company)
class CompanyAdmin(admin.ModelAdmin):
    list_display = ["code", "name", "city", "parent", "is_active"]
    search_fields = ["code", "name"]


@admin.register(Branch)
class BranchAdmin(admin.ModelAdmin):
    list_display = ["code", "name", "company", "kind", "city"]
    list_select_related = ["company"]


@admin.register(Department)
class DepartmentAdmin(admin.ModelAdmin):
    list_display = ["code", "name", "parent", "branch", "manager"]
    search_fields = ["code", "name"]


@admin.register(SystemSetting)
class SystemSettingAdmin(admin.ModelAdmin):
    list_display = ["key", "value", "updated_at"]


@admin.register(AuditLog)
class AuditLogAdmin(admin.ModelAdmin):
    list_display = ["created_at", "user", "action", "target"]
    list_filter = ["action", "content_type"]
    date_hierarchy = "created_at"
    raw_id_fields = ["user"]


@admin.register(Attachment)
class AttachmentAdmin(admin.ModelAdmin):
    list_display = ["title", "content_type", "object_id", "size_bytes", "uploaded_by", "created_at"]
    search_fields = ["title"]


@admin.register(Notification)
class NotificationAdmin(admin.ModelAdmin):
    list_display = ["title", "recipient", "read_at", "created_at"]
    list_select_related = ["recipient"]
    date_hierarchy = "created_at"
