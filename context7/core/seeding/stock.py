"""Warehouses, what lies in them and what moved."""

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal

from django.contrib.auth.models import User

from context7.core.models import Branch
from erp.models import InventoryMovement, Material, Product, Supplier
from inventory.models import Inventory, InventoryRecord, StorageLocation, Warehouse

from .loader import Row
from .organisation import FOUNDED
from .world import TODAY, World


def lot(world: World, day: dt.date) -> str:
    return f"L{day:%y%m%d}-{world.random.randrange(10_000):04d}"


def seed_warehouses(world: World) -> None:
    """Warehouses and their locations."""
    branches, users = world.ids(Branch), world.ids(User)
    world.add(
        Warehouse,
        (
            {
                "company_id": 1,
                "code": f"W{key:02d}",
                "name": f"Warehouse {key}",
                "branch_id": (key - 1) % len(branches) + 1,
                "capacity_m3": world.quantity(200, 20_000),
                "created_by_id": world.pick(users),
                "created_at": FOUNDED,
            }
            for key in world.ids(Warehouse)
        ),
    )
    warehouses = world.count(Warehouse)
    world.add(
        StorageLocation,
        (
            {
                "warehouse_id": (key - 1) % warehouses + 1,
                "code": f"{chr(65 + key // 500 % 26)}-{key:05d}",
                # The first location of a warehouse is its zone, the others are bins in it.
                "parent_id": None if key <= warehouses else (key - 1) % warehouses + 1,
                "max_weight_kg": world.pick((500, 1_000, 2_000)),
            }
            for key in world.ids(StorageLocation)
        ),
    )


def location_in(world: World, warehouse: int) -> int:
    """A location of ``warehouse``; they are numbered in turn."""
    warehouses = world.count(Warehouse)
    return warehouse + warehouses * world.random.randrange(world.count(StorageLocation) // warehouses)


def seed_stock(world: World) -> None:
    """Product stock by lot, material stock records, movements. The first warehouse holds most."""
    world.add(Inventory, _inventory(world))
    world.add(InventoryRecord, _records(world))
    world.add(InventoryMovement, _movements(world))


def _inventory(world: World) -> Iterator[Row]:
    number, products = world.count(Inventory), world.ids(Product)
    # Every product lies somewhere; what there is more of is of the products that sell.
    chosen = [*products, *world.skewed(products, number - len(products), 0.8)]
    for product, warehouse in zip(chosen, world.skewed(world.ids(Warehouse), number, 0.7), strict=True):
        stored = world.moment()
        quantity = world.quantity(0, 400)
        yield {
            "company_id": world.company(),
            "product_id": product,
            "warehouse_id": warehouse,
            "location_id": location_in(world, warehouse),
            "lot_number": lot(world, stored.date()),
            "quantity": quantity,
            "reserved_quantity": min(quantity, world.quantity(0, 40)),
            "reorder_level": world.quantity(5, 50),
            "last_counted_at": world.moment() if world.random.random() < 0.6 else None,
            "created_at": stored,
        }


def _records(world: World) -> Iterator[Row]:
    number, users, suppliers = world.count(InventoryRecord), world.ids(User), world.ids(Supplier)
    materials = world.skewed(world.ids(Material), number, 0.8)
    warehouses = world.skewed(world.ids(Warehouse), number, 0.7)
    for moment, material, warehouse in zip(world.moments(number), materials, warehouses, strict=True):
        system = world.quantity(0, 2_000)
        difference = world.random.choices((0, -1, 1, -7, 12), (80, 8, 6, 3, 3))[0]
        kind = world.weighted({"count": 6, "receipt": 3, "adjustment": 1, "opening": 1})
        yield {
            "company_id": world.company(),
            "kind": kind,
            "warehouse_id": warehouse,
            "location_id": location_in(world, warehouse),
            "material_id": material,
            "supplier_id": world.maybe(suppliers, 0.9),
            "unit_id": world.weighted({1: 6, 2: 3, 4: 1}),
            "lot_number": lot(world, moment.date()),
            "certificate_number": f"EN10204-3.1/{world.random.randrange(10**6):06d}",
            "record_date": moment.date(),
            "expiry_date": world.later(TODAY, -200, 700) if world.random.random() < 0.2 else None,
            "system_quantity": system,
            "counted_quantity": max(system + difference, Decimal(0)),
            "unit_cost": world.money(1, 900),
            "counted_by_id": world.pick(users),
            "notes": "Counted with the handheld; label legible, packaging whole." if kind == "count" else "",
            "created_by_id": world.pick(users),
            "updated_by_id": world.pick(users),
            "created_at": moment,
        }


def _movements(world: World) -> Iterator[Row]:
    number, users = world.count(InventoryMovement), world.ids(User)
    materials = world.skewed(world.ids(Material), number, 0.9)
    warehouses = world.skewed(world.ids(Warehouse), number, 0.7)
    for moment, material, warehouse in zip(world.moments(number), materials, warehouses, strict=True):
        yield {
            "company_id": world.company(),
            "material_id": material,
            "warehouse_id": warehouse,
            "kind": world.weighted({"in": 40, "out": 50, "transfer": 8, "scrap": 2}),
            "quantity": world.quantity(1, 500),
            "reference": f"MV-{world.random.randrange(10**7):07d}",
            "moved_at": moment,
            "moved_by_id": world.pick(users),
        }
