"""People who log in: profile, roles, logins. The account itself is Django's own ``auth.User``."""

from django.conf import settings
from django.contrib.auth.models import Permission
from django.db import models

from context7.core.models import CodedRecord


class UserProfile(models.Model):
    """What the ERP knows of an account beyond ``auth.User``."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="profile")
    company = models.ForeignKey("core.Company", on_delete=models.CASCADE)
    title = models.CharField(max_length=80, blank=True)
    phone = models.CharField(max_length=24, blank=True)
    language = models.CharField(max_length=5, default="tr")
    preferences = models.JSONField(default=dict, blank=True)

    def __str__(self) -> str:
        return f"Profile of {self.user_id}"


class Role(CodedRecord):
    """A named set of permissions within a company."""

    description = models.TextField(blank=True)
    permissions = models.ManyToManyField(Permission, blank=True)


class RoleAssignment(models.Model):
    """A user holds a role, once."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, db_index=False, related_name="role_assignments"
    )
    role = models.ForeignKey(Role, on_delete=models.CASCADE, related_name="assignments")
    granted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    granted_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "role"], name="uq_roleassignment_user_role")]

    def __str__(self) -> str:
        return f"{self.user_id} as {self.role_id}"


class LoginEvent(models.Model):
    """A login that worked or failed."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="login_events")
    succeeded = models.BooleanField(default=True)
    ip_address = models.GenericIPAddressField()
    user_agent = models.CharField(max_length=200, blank=True)
    occurred_at = models.DateTimeField(db_index=True)

    class Meta:
        get_latest_by = "occurred_at"

    def __str__(self) -> str:
        return f"{self.user_id} at {self.occurred_at:%Y-%m-%d %H:%M}"
