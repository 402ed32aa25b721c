"""Maintenance work, and the traces that all work leaves."""

import datetime as dt

from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType

from context7.core.models import Attachment, AuditLog, Notification
from context7.work_orders.models import WorkOrder, WorkOrderTask
from erp.models import Employee, Machine, Product, SalesOrder

from .loader import Row
from .world import NOW, World, age

CHANGES: tuple[dict[str, object], ...] = (
    {"status": ["draft", "confirmed"]},
    {"status": ["confirmed", "in_production"]},
    {"delivery_date": ["2025-06-02", "2025-06-16"]},
    {"list_price": ["4250.00", "4490.00"]},
)
ADMIN_CHANGES = (
    {"action_flag": 1, "change_message": '[{"added": {}}]'},
    {"action_flag": 2, "change_message": '[{"changed": {"fields": ["Status"]}}]'},
    {"action_flag": 2, "change_message": '[{"changed": {"fields": ["Delivery date", "Notes"]}}]'},
)


def seed_work_orders(world: World) -> None:
    """Repairs and services of the machines."""
    orders, employees = world.ids(WorkOrder), world.ids(Employee)

    def work_order(key: int, moment: dt.datetime) -> Row:
        lately = {"open": 4, "planned": 3, "running": 2, "done": 5}
        status = world.weighted(lately if age(moment) <= 30 else {"done": 96, "cancelled": 4})
        return {
            "company_id": world.company(),
            "number": f"MO-{moment:%Y}-{key:05d}",
            "title": world.pick(("Spindle bearing", "Coolant pump", "Yearly service", "Calibration", "Guard switch")),
            "description": world.note(0.4, "Noise when starting", "Leaks after an hour", "According to plan"),
            "kind": world.weighted({"corrective": 5, "preventive": 4, "calibration": 1}),
            "status": status,
            "priority": world.random.randrange(1, 6),
            "machine_id": world.pick(world.ids(Machine)),
            "requested_by_id": world.pick(employees),
            "assigned_to_id": world.maybe(employees, 0.9),
            "due_date": world.later(moment.date(), 1, 30),
            "completed_at": min(moment + dt.timedelta(days=5), NOW) if status == "done" else None,
            "estimated_hours": world.quantity(1, 16),
            "created_by_id": world.pick(world.ids(User)),
            "created_at": moment,
        }

    world.add(WorkOrder, map(work_order, orders, world.moments(len(orders))))
    sizes = world.split(world.count(WorkOrderTask), len(orders))
    world.add(
        WorkOrderTask,
        (
            {
                "work_order_id": order,
                "sequence": 10 * (position + 1),
                "description": world.pick(("Lock out", "Dismount", "Replace", "Test run", "Clean up")),
                "assigned_to_id": world.maybe(employees, 0.8),
                "is_done": world.random.random() < 0.9,
                "minutes_spent": world.random.randrange(0, 240),
            }
            for order, size in zip(orders, sizes, strict=True)
            for position in range(size)
        ),
    )


def seed_activity(world: World, content_types: dict[str, ContentType]) -> None:
    """Audit log, attachments, notifications, the admin's log. ``content_types`` are those of this database."""
    users = world.ids(User)
    targets = [
        (content_types["salesorder"].pk, world.count(SalesOrder)),
        (content_types["product"].pk, world.count(Product)),
    ]

    def target() -> tuple[int, int]:
        content_type, rows = world.pick(targets)
        return content_type, world.random.randrange(1, rows + 1)

    def audit_log(moment: dt.datetime) -> Row:
        content_type, key = target()
        return {
            "company_id": world.company(),
            "user_id": world.maybe(users, 0.97),
            "content_type_id": content_type,
            "object_id": key,
            "action": world.weighted({"update": 80, "create": 15, "delete": 3, "export": 2}),
            "changes": world.pick(CHANGES),
            "ip_address": f"10.7.0.{world.random.randrange(2, 250)}",
            "created_at": moment,
        }

    def attachment(moment: dt.datetime) -> Row:
        content_type, key = target()
        return {
            "company_id": world.company(),
            "content_type_id": content_type,
            "object_id": key,
            "title": world.pick(("Drawing", "Certificate", "Order confirmation")),
            "file": f"attachments/{moment:%Y/%m}/{world.random.randrange(16**8):08x}.pdf",
            "size_bytes": world.random.randrange(20_000, 4_000_000),
            "uploaded_by_id": world.pick(users),
            "created_at": moment,
        }

    def log_entry(moment: dt.datetime) -> Row:
        content_type, key = target()
        return {
            "action_time": moment,
            "user_id": world.pick(users[:10]),
            "content_type_id": content_type,
            "object_id": str(key),
            "object_repr": f"#{key}",
            **world.pick(ADMIN_CHANGES),
        }

    world.add(AuditLog, map(audit_log, world.moments(world.count(AuditLog))))
    world.add(Attachment, map(attachment, world.moments(world.count(Attachment))))
    world.add(
        Notification,
        (
            {
                "company_id": world.company(),
                "recipient_id": world.pick(users),
                "title": world.pick(("Order approved", "Delivery late", "Stock below the reorder level")),
                "body": world.note(0.5, "Please look at it today.", "For your information."),
                "url": world.note(0.9, "/admin/erp/salesorder/", "/admin/inventory/inventory/"),
                "read_at": moment if age(moment) > 20 or world.random.random() < 0.5 else None,
                "created_at": moment,
            }
            for moment in world.moments(world.count(Notification))
        ),
    )
    world.add(LogEntry, map(log_entry, world.moments(world.count(LogEntry))))
