"""Models of the core: organisation, activity, settings, and the abstract records the other apps build on."""

from .activity import Attachment, AuditLog, Notification
from .audited import Audited, Authored, CodedRecord, CompanyRecord, NumberedRecord, TimeStamped
from .organisation import Branch, Company, Department
from .settings import SystemSetting

__all__ = [
    "Attachment",
    "AuditLog",
    "Audited",
    "Authored",
    "Branch",
    "CodedRecord",
    "Company",
    "CompanyRecord",
    "Department",
    "Notification",
    "NumberedRecord",
    "SystemSetting",
    "TimeStamped",
]
