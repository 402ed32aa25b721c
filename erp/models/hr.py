"""People who work here."""

from django.conf import settings
from django.db import models

from context7.core.models import CodedRecord, CompanyRecord


class Position(CodedRecord):
    """A job title."""

    department = models.ForeignKey("core.Department", on_delete=models.CASCADE, related_name="positions")


class Employee(CompanyRecord):
    """A person with a contract; goes with the account."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="employee")
    personnel_number = models.CharField(max_length=16, unique=True)
    department = models.ForeignKey("core.Department", on_delete=models.PROTECT, related_name="employees")
    position = models.ForeignKey(Position, on_delete=models.PROTECT, related_name="employees")
    manager = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, blank=True, related_name="reports")
    hired_on = models.DateField(db_index=True)
    left_on = models.DateField(null=True, blank=True)

    def __str__(self) -> str:
        return self.personnel_number


class LeaveRequest(models.Model):
    """Days off, asked for and perhaps granted."""

    class Status(models.TextChoices):
        ASKED = "asked", "Asked"
        GRANTED = "granted", "Granted"
        REFUSED = "refused", "Refused"

    employee = models.ForeignKey(Employee, on_delete=models.CASCADE, related_name="leave_requests")
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.ASKED)
    starts_on = models.DateField(db_index=True)
    ends_on = models.DateField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(ends_on__gte=models.F("starts_on")), name="ck_leaverequest_period"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.employee_id} from {self.starts_on}"


class Attendance(models.Model):
    """The hours of an employee on one day."""

    employee = models.ForeignKey(Employee, on_delete=models.CASCADE, db_index=False, related_name="attendances")
    day = models.DateField(db_index=True)
    hours = models.DecimalField(max_digits=4, decimal_places=2)
    overtime_hours = models.DecimalField(max_digits=4, decimal_places=2, default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["employee", "day"], name="uq_attendance_employee_day")]

    def __str__(self) -> str:
        return f"{self.employee_id} on {self.day}"
