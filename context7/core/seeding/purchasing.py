"""Purchase requests, orders and goods receipts."""

import datetime as dt
from decimal import Decimal

from django.contrib.auth.models import User

from context7.core.models import Department
from erp.models import (
    GoodsReceipt,
    GoodsReceiptItem,
    Material,
    PurchaseOrder,
    PurchaseOrderItem,
    PurchaseRequest,
    PurchaseRequestItem,
    Supplier,
)
from inventory.models import Warehouse

from .loader import Row
from .stock import location_in, lot
from .world import NOW, World, age


def seed_requests(world: World) -> None:
    """What departments asked for."""
    requests, users = world.ids(PurchaseRequest), world.ids(User)

    def request(key: int, moment: dt.datetime) -> Row:
        status = (
            "ordered" if age(moment) > 90 else world.weighted({"open": 3, "approved": 2, "ordered": 6, "rejected": 1})
        )
        return {
            "company_id": world.company(),
            "number": f"PR-{moment:%Y}-{key:06d}",
            "department_id": world.pick(world.ids(Department)),
            "approved_by_id": None if status == "open" else world.pick(users[:5]),
            "status": status,
            "needed_by": world.later(moment.date(), 7, 60),
            "created_by_id": world.pick(users),
            "created_at": moment,
        }

    world.add(PurchaseRequest, map(request, requests, world.moments(len(requests))))
    sizes = world.split(world.count(PurchaseRequestItem), len(requests))
    world.add(
        PurchaseRequestItem,
        (
            {
                "request_id": request_key,
                "material_id": world.pick(world.ids(Material)),
                "quantity": world.quantity(1, 500),
            }
            for request_key, size in zip(requests, sizes, strict=True)
            for _ in range(size)
        ),
    )


def seed_purchase_orders(world: World) -> None:
    """Orders to suppliers, of which a few get most, and what was delivered."""
    keys, users, requests = world.ids(PurchaseOrder), world.ids(User), world.ids(PurchaseRequest)
    moments = world.moments(len(keys))
    suppliers = world.skewed(world.ids(Supplier), len(keys))
    warehouses = world.skewed(world.ids(Warehouse), len(keys), 0.7)
    sizes = world.split(world.count(PurchaseOrderItem), len(keys))
    lines = [[(world.quantity(1, 1_000), world.money(1, 900)) for _ in range(size)] for size in sizes]

    def order(key: int) -> Row:
        moment = moments[key - 1]
        return {
            "company_id": world.company(),
            "number": f"PO-{moment:%Y}-{key:06d}",
            "supplier_id": suppliers[key - 1],
            "request_id": world.maybe(requests, 0.3),
            "warehouse_id": warehouses[key - 1],
            "currency_id": world.weighted({1: 7, 2: 2, 3: 1}),
            "approved_by_id": world.pick(users[:5]),
            "status": (
                world.weighted({"received": 96, "cancelled": 4})
                if age(moment) > 90
                else world.weighted({"draft": 10, "sent": 40, "partial": 15, "received": 35})
            ),
            "order_date": moment.date(),
            "expected_date": world.later(moment.date(), 7, 60),
            "total_amount": sum((quantity * price for quantity, price in lines[key - 1]), Decimal(0)),
            "created_by_id": world.pick(users),
            "created_at": moment,
        }

    world.add(PurchaseOrder, map(order, keys))
    materials = iter(world.skewed(world.ids(Material), world.count(PurchaseOrderItem), 0.8))
    world.add(
        PurchaseOrderItem,
        (
            {
                "order_id": key,
                "line_number": number,
                "material_id": next(materials),
                "tax_rate_id": world.weighted({1: 9, 2: 1}),
                "quantity": quantity,
                "received_quantity": quantity if age(moments[key - 1]) > 90 else 0,
                "unit_price": price,
            }
            for key in keys
            for number, (quantity, price) in enumerate(lines[key - 1], start=1)
        ),
    )
    _seed_receipts(world, moments, warehouses, sizes)


def _seed_receipts(world: World, ordered: list[dt.datetime], warehouses: list[int], sizes: list[int]) -> None:
    first_item = [1]
    for size in sizes:
        first_item.append(first_item[-1] + size)
    # Orders in turn, the oldest first: each receipt knows its order by position.
    orders = [index % len(ordered) for index in range(world.count(GoodsReceipt))]
    received = [min(ordered[order] + dt.timedelta(days=world.random.randrange(5, 40)), NOW) for order in orders]
    world.add(
        GoodsReceipt,
        (
            {
                "company_id": world.company(),
                "number": f"GR-{moment:%Y}-{key:06d}",
                "order_id": order + 1,
                "warehouse_id": warehouses[order],
                "delivery_note": f"IRS{world.random.randrange(10**9):09d}",
                "received_at": moment,
                "created_by_id": world.pick(world.ids(User)),
                "created_at": moment,
            }
            for key, (order, moment) in enumerate(zip(orders, received, strict=True), start=1)
        ),
    )
    counts = world.split(world.count(GoodsReceiptItem), len(orders))
    world.add(
        GoodsReceiptItem,
        (
            {
                "receipt_id": key,
                "order_item_id": first_item[order] + position % sizes[order],
                "location_id": location_in(world, warehouses[order]),
                "lot_number": lot(world, moment.date()),
                "quantity": world.quantity(1, 1_000),
            }
            for key, (order, moment, count) in enumerate(zip(orders, received, counts, strict=True), start=1)
            for position in range(count)
        ),
    )
