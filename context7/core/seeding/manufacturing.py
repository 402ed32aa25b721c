"""Work centres and machines, production orders, plans, downtime."""

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal

from django.contrib.auth.models import User

from context7.core.models import Department
from erp.models import Machine, Material, MaterialConsumption, Product, ProductionOrder, SalesOrderItem, WorkCenter
from inventory.models import Warehouse
from production.models import DowntimeEvent, ProductionLine, ProductionPlan

from .loader import Row
from .organisation import FOUNDED
from .stock import lot
from .world import NOW, TODAY, World, age


def seed_workshop(world: World) -> None:
    """Work centres, machines, lines."""
    departments, centers = world.ids(Department), world.ids(WorkCenter)
    world.add(
        WorkCenter,
        (
            {
                "company_id": 1,
                "code": f"WC{key:02d}",
                "name": ("Machining", "Assembly")[(key - 1) % 2] + f" {key}",
                "department_id": world.pick(departments),
                "hourly_rate": world.money(400, 1_800),
                "created_at": FOUNDED,
            }
            for key in centers
        ),
    )
    world.add(
        Machine,
        (
            {
                "company_id": 1,
                "code": f"MC{key:03d}",
                "name": world.pick(("CNC lathe", "CNC mill", "Assembly bench", "Test rig", "Press")),
                "work_center_id": (key - 1) % len(centers) + 1,
                "serial_number": f"{world.random.randrange(16**8):08X}",
                "installed_on": TODAY - dt.timedelta(days=world.random.randrange(200, 5_000)),
                "created_at": FOUNDED,
            }
            for key in world.ids(Machine)
        ),
    )
    world.add(
        ProductionLine,
        (
            {
                "company_id": 1,
                "code": f"LN{key:02d}",
                "name": f"Line {key}",
                "department_id": world.pick(departments),
                "work_center_id": (key - 1) % len(centers) + 1,
                "units_per_hour": world.quantity(4, 60),
                "created_at": FOUNDED,
            }
            for key in world.ids(ProductionLine)
        ),
    )


def seed_production(world: World) -> None:
    """Production orders (a few products are made all the time), what they used, plans and downtime."""
    number = world.count(ProductionOrder)
    moments = world.moments(number)
    products = world.skewed(world.ids(Product), number)
    world.add(
        ProductionOrder,
        (
            _production_order(world, key, moment, product, recent=key > number - 12)
            for key, (moment, product) in enumerate(zip(moments, products, strict=True), start=1)
        ),
    )
    world.add(MaterialConsumption, _consumptions(world, moments))
    lines, users = world.ids(ProductionLine), world.ids(User)

    def plan(key: int) -> Row:
        planned = world.moment()
        start = world.later(planned.date(), 3, 20)
        return {
            "company_id": world.company(),
            "number": f"PP-{start:%Y}-{key:05d}",
            "line_id": world.pick(lines),
            "product_id": world.pick(products),
            "approved_by_id": world.maybe(users, 0.8),
            "period_start": start,
            "period_end": start + dt.timedelta(days=6),
            "planned_quantity": world.quantity(10, 900),
            "created_by_id": world.pick(users),
            "created_at": planned,
        }

    world.add(ProductionPlan, map(plan, world.ids(ProductionPlan)))
    world.add(
        DowntimeEvent,
        (
            {
                "line_id": world.pick(lines),
                "machine_id": world.maybe(world.ids(Machine), 0.8),
                "production_order_id": world.maybe(world.ids(ProductionOrder), 0.5),
                "reason": world.weighted({"breakdown": 5, "setup": 8, "material": 3, "staff": 2}),
                "started_at": moment,
                "minutes": world.random.randrange(3, 400),
                "note": world.note(0.4, "Electrician called", "Tool broken", "Waited for the crane"),
            }
            for moment in world.moments(world.count(DowntimeEvent))
        ),
    )


def _production_order(world: World, key: int, moment: dt.datetime, product: int, *, recent: bool) -> Row:
    users = world.ids(User)
    if age(moment) > 60 and not recent:
        status = world.weighted({"completed": 96, "cancelled": 4})
    else:
        status = world.weighted({"planned": 25, "released": 15, "running": 15, "completed": 45})
    start = world.later(moment.date(), 1, 10)
    end = world.later(start, 1, 12)
    quantity = world.quantity(1, 300)
    return {
        "company_id": world.company(),
        "number": f"WO-{moment:%Y}-{key:06d}",
        "product_id": product,
        "sales_order_item_id": world.maybe(world.ids(SalesOrderItem), 0.6),
        "work_center_id": world.pick(world.ids(WorkCenter)),
        "supervisor_id": world.pick(users),
        "status": status,
        "priority": world.weighted({5: 8, 3: 2, 1: 1}),
        "planned_start": start,
        "planned_end": end,
        "finished_at": min(moment + dt.timedelta(days=12), NOW) if status == "completed" else None,
        "quantity": quantity,
        "produced_quantity": quantity if status == "completed" else Decimal(0),
        "scrap_quantity": world.quantity(0, 4) if status == "completed" else Decimal(0),
        "created_by_id": world.pick(users),
        "updated_by_id": world.pick(users),
        "created_at": moment,
    }


def _consumptions(world: World, moments: list[dt.datetime]) -> Iterator[Row]:
    number = world.count(MaterialConsumption)
    orders = sorted(world.random.choices(range(len(moments)), k=number))
    for order, material in zip(orders, world.skewed(world.ids(Material), number, 0.8), strict=True):
        yield {
            "production_order_id": order + 1,
            "material_id": material,
            "warehouse_id": world.pick(world.ids(Warehouse)),
            "lot_number": lot(world, moments[order].date()),
            "quantity": world.quantity(1, 900),
            "consumed_at": min(moments[order] + dt.timedelta(days=3), NOW),
        }
