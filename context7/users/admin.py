"""Profiles, roles, logins."""

# ModelAdmin takes no type parameters at run time.
# mypy: disable-error-code="type-arg"

from django.contrib import admin

from .models import LoginEvent, Role, RoleAssignment, UserProfile


@admin.register(UserProfile)
class UserProfileAdmin(admin.ModelAdmin):
    list_display = ["user", "company", "title", "phone", "language"]
    search_fields = ["user__username", "phone"]


class RoleAssignmentInline(admin.TabularInline):
    model = RoleAssignment
    fk_name = "role"
    raw_id_fields = ["user", "granted_by"]
    extra = 0


@admin.register(Role)
class RoleAdmin(admin.ModelAdmin):
    list_display = ["code", "name", "company"]
    filter_horizontal = ["permissions"]
    inlines = [RoleAssignmentInline]


@admin.register(LoginEvent)
class LoginEventAdmin(admin.ModelAdmin):
    list_display = ["occurred_at", "user", "succeeded", "ip_address"]
    list_filter = ["succeeded"]
    date_hierarchy = "occurred_at"
