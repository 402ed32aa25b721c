"""Employees, their leave and hours; tasks; assets."""

import datetime as dt
from decimal import Decimal

from django.contrib.auth.models import User

from context7.core.models import Department
from erp.models import Attendance, Employee, FixedAsset, LeaveRequest, Position, Todo, TodoComment, Vehicle

from .organisation import FOUNDED
from .world import TODAY, World, age


def seed_people(world: World) -> None:
    """Positions, employees, leave, attendance."""
    departments = world.ids(Department)
    world.add(
        Position,
        (
            {
                "company_id": 1,
                "code": f"J{key:03d}",
                "name": f"{('Engineer', 'Operator', 'Specialist')[key % 3]} {key}",
                "department_id": (key - 1) % len(departments) + 1,
                "created_at": FOUNDED,
            }
            for key in world.ids(Position)
        ),
    )
    world.add(
        Employee,
        (
            {
                # The first account is the administrator's, who is nobody's employee.
                "user_id": key + 1,
                "company_id": world.company(),
                "personnel_number": f"E{key:05d}",
                "department_id": world.pick(departments),
                "position_id": world.pick(world.ids(Position)),
                "manager_id": None if key == 1 else world.random.randrange(1, key),
                "hired_on": TODAY - dt.timedelta(days=world.random.randrange(60, 4_000)),
                "created_at": FOUNDED,
            }
            for key in world.ids(Employee)
        ),
    )
    employees = world.ids(Employee)

    def leave() -> dict[str, object]:
        starts = world.moment().date()
        return {
            "employee_id": world.pick(employees),
            "approved_by_id": world.maybe(world.ids(User), 0.8),
            "status": world.weighted({"granted": 85, "refused": 5, "asked": 10}),
            "starts_on": starts,
            "ends_on": world.later(starts, 0, 14),
        }

    world.add(LeaveRequest, (leave() for _ in world.ids(LeaveRequest)))
    world.add(
        Attendance,
        (
            {
                "employee_id": index % len(employees) + 1,
                "day": TODAY - dt.timedelta(days=index // len(employees)),
                "hours": Decimal(world.random.randrange(700, 951)).scaleb(-2),
                "overtime_hours": Decimal(world.random.choice((0, 0, 0, 100, 200))).scaleb(-2),
            }
            for index in range(world.count(Attendance))
        ),
    )


def seed_tasks(world: World) -> None:
    """Tasks and remarks; most are done, and what is open is recent."""
    users = world.ids(User)
    number = world.count(Todo)

    def todo(moment: dt.datetime, assignee: int) -> dict[str, object]:
        done = age(moment) > 45 and world.random.random() < 0.97
        return {
            "company_id": world.company(),
            "title": world.pick(("Call the supplier", "Check the delivery", "Update the drawing", "Plan the audit")),
            "description": world.note(0.3, "See the mail of Monday.", "As agreed in the meeting."),
            "assigned_to_id": assignee,
            "status": "done" if done else world.weighted({"open": 6, "waiting": 2, "done": 4}),
            "priority": world.random.randrange(1, 6),
            "due_date": world.later(moment.date(), 1, 60),
            "created_by_id": world.pick(users),
            "created_at": moment,
        }

    world.add(Todo, map(todo, world.moments(number), world.skewed(users, number)))
    todos = world.ids(Todo)
    world.add(
        TodoComment,
        (
            {
                "todo_id": world.pick(todos),
                "author_id": world.pick(users),
                "text": world.pick(("Done.", "Waiting for an answer.", "See the attachment.", "Moved to next week.")),
                "created_at": moment,
            }
            for moment in world.moments(world.count(TodoComment))
        ),
    )


def seed_assets(world: World) -> None:
    """The asset register; the first assets are the vehicles."""
    departments, employees = world.ids(Department), world.ids(Employee)
    vehicles = world.ids(Vehicle)
    world.add(
        FixedAsset,
        (
            {
                "company_id": 1,
                "code": f"A-{key:05d}",
                "name": "Delivery van"
                if key in vehicles
                else world.pick(("Lathe", "Forklift", "Laptop", "Compressor")),
                "department_id": world.pick(departments),
                "custodian_id": world.pick(employees),
                "serial_number": f"SN{world.random.randrange(10**8):08d}",
                "acquired_on": TODAY - dt.timedelta(days=world.random.randrange(30, 3_000)),
                "acquisition_cost": world.money(5_000, 900_000),
                "created_at": FOUNDED,
            }
            for key in world.ids(FixedAsset)
        ),
    )
    world.add(
        Vehicle,
        (
            {
                "fixedasset_ptr_id": key,
                "licence_plate": f"16 C7 {key:04d}",
                "odometer_km": world.random.randrange(1_000, 400_000),
            }
            for key in vehicles
        ),
    )
