"""Quotations, orders, returns, shipments."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from django.contrib.auth.models import User

from erp.models import (
    Carrier,
    Product,
    SalesOrder,
    SalesOrderItem,
    SalesQuotation,
    SalesQuotationItem,
    SalesReturn,
    Shipment,
)
from inventory.models import Warehouse

from .loader import Row
from .names import CARRIERS
from .organisation import FOUNDED
from .partners import active_customers, company_of_customer
from .world import NOW, TODAY, World, age


@dataclass(frozen=True)
class Line:
    """One order line: a product, how many, at which price."""

    product: int
    quantity: Decimal
    price: Decimal


@dataclass(frozen=True)
class Order:
    """What later documents need to know of an order; ``first_item`` is the key of its first line."""

    key: int
    company: int
    customer: int
    currency: int
    moment: dt.datetime
    status: str
    lines: tuple[Line, ...]
    first_item: int

    @property
    def total(self) -> Decimal:
        return sum((line.quantity * line.price for line in self.lines), Decimal(0))


def draw_orders(world: World) -> list[Order]:
    """All orders in the order they came in.

    A few large customers place most of them, and one order in 2,000 is a frame order with very many lines.
    """
    number, items = world.count(SalesOrder), world.count(SalesOrderItem)
    frame = 10 + (world.scale - 1) // 2
    sizes = world.split(items, number, largest=min(frame, 1_000))
    customers = world.skewed(active_customers(world), number)
    products = iter(world.skewed(world.ids(Product), items, 0.7))
    prices = {key: world.money(300, 30_000) for key in world.ids(Product)}
    orders, first_item = [], 1
    for key, (moment, customer, size) in enumerate(zip(world.moments(number), customers, sizes, strict=True), start=1):
        lines = tuple(
            Line(product, world.quantity(1, 60), prices[product]) for product in (next(products) for _ in range(size))
        )
        company, currency = company_of_customer(customer), world.weighted({1: 8, 2: 2, 3: 1})
        status = _status(world, recent=key > number - 6 or age(moment) <= 120)
        orders.append(Order(key, company, customer, currency, moment, status, lines, first_item))
        first_item += size
    return orders


def _status(world: World, *, recent: bool) -> str:
    """Old orders are closed; what is open came in lately."""
    if not recent:
        return world.weighted({"closed": 94, "cancelled": 5, "shipped": 1})
    return world.weighted(
        {"draft": 10, "confirmed": 20, "in_production": 25, "shipped": 15, "closed": 28, "cancelled": 2}
    )


def seed_sales(world: World, orders: list[Order]) -> None:
    """Quotations first: half of them became an order."""
    quotations = world.ids(SalesQuotation)
    won = sorted(world.random.sample(range(len(orders)), (len(quotations) + 1) // 2))
    world.add(SalesQuotation, _quotations(world, [orders[index] for index in won]))
    sizes = world.split(world.count(SalesQuotationItem), len(quotations))
    world.add(
        SalesQuotationItem,
        (
            {
                "quotation_id": quotation,
                "product_id": world.pick(world.ids(Product)),
                "quantity": world.quantity(1, 60),
                "unit_price": world.money(300, 30_000),
            }
            for quotation, size in zip(quotations, sizes, strict=True)
            for _ in range(size)
        ),
    )
    quotation_of = {orders[index].key: quotation for quotation, index in enumerate(won, start=1)}
    world.add(SalesOrder, (_order(world, order, quotation_of.get(order.key)) for order in orders))
    world.add(SalesOrderItem, (row for order in orders for row in _items(world, order)))
    world.add(SalesReturn, _returns(world, orders))


def _quotations(world: World, won: list[Order]) -> Iterator[Row]:
    customers = active_customers(world)
    for key in world.ids(SalesQuotation):
        order = won[key - 1] if key <= len(won) else None
        customer = order.customer if order else world.pick(customers)
        moment = order.moment - dt.timedelta(days=9) if order else world.moment()
        yield {
            "company_id": company_of_customer(customer),
            "number": f"SQ-{moment:%Y}-{key:06d}",
            "customer_id": customer,
            "currency_id": order.currency if order else world.weighted({1: 8, 2: 2, 3: 1}),
            "status": "won" if order else world.weighted({"lost": 8, "sent": 2, "draft": 1}),
            "valid_until": moment.date() + dt.timedelta(days=30),
            "total": world.money(1_000, 900_000),
            "created_by_id": world.pick(world.ids(User)),
            "created_at": moment,
        }


def _order(world: World, order: Order, quotation: int | None) -> Row:
    users = world.ids(User)
    day = order.moment.date()
    promised, gone = world.later(day, 5, 60), order.status in {"shipped", "closed"}
    return {
        "company_id": order.company,
        "number": f"SO-{day:%Y}-{order.key:06d}",
        "customer_id": order.customer,
        "quotation_id": quotation,
        "currency_id": order.currency,
        "payment_term_id": world.pick((1, 2)),
        "salesperson_id": world.pick(users[: max(len(users) // 4, 1)]),
        "approved_by_id": None if order.status == "draft" else world.pick(users[:5]),
        "status": order.status,
        "order_date": day,
        "delivery_date": None if order.status == "draft" else min(promised, TODAY) if gone else promised,
        "customer_reference": f"PO{world.random.randrange(10**6):06d}",
        "total_amount": order.total,
        "notes": world.note(0.1, "Deliver to gate 3.", "Call before delivery.", "Partial deliveries allowed."),
        "created_by_id": world.pick(users),
        "created_at": order.moment,
    }


def _items(world: World, order: Order) -> Iterator[Row]:
    for number, line in enumerate(order.lines, start=1):
        yield {
            "order_id": order.key,
            "product_id": line.product,
            "tax_rate_id": 1 if number % 10 else 2,
            "line_number": number,
            "quantity": line.quantity,
            "unit_price": line.price,
            "discount_percent": world.weighted({0: 80, 5: 12, 10: 6, 15: 2}),
            "promised_date": world.later(order.moment.date(), 5, 60),
        }


def _returns(world: World, orders: list[Order]) -> Iterator[Row]:
    closed = [order for order in orders if order.status == "closed"]
    for key in world.ids(SalesReturn):
        order = world.pick(closed)
        moment = min(order.moment + dt.timedelta(days=world.random.randrange(20, 90)), NOW)
        yield {
            "company_id": order.company,
            "number": f"SR-{moment:%Y}-{key:06d}",
            "item_id": order.first_item,
            "returned_on": moment.date(),
            "quantity": world.quantity(1, 3),
            "reason": world.pick(("Damaged in transit", "Wrong variant", "Leaks at the shaft seal")),
            "created_by_id": world.pick(world.ids(User)),
            "created_at": moment,
        }


def seed_shipments(world: World, orders: list[Order]) -> None:
    """Carriers, and the deliveries of shipped and closed orders."""
    world.add(
        Carrier,
        (
            {
                "company_id": 1,
                "code": f"T{key:02d}",
                "name": CARRIERS[(key - 1) % len(CARRIERS)] + ("" if key <= len(CARRIERS) else f" {key}"),
                "created_at": FOUNDED,
            }
            for key in world.ids(Carrier)
        ),
    )
    gone = [order for order in orders if order.status in {"shipped", "closed"}]

    def shipment(key: int, order: Order) -> Row:
        shipped = min(order.moment + dt.timedelta(days=world.random.randrange(3, 50)), NOW)
        return {
            "company_id": order.company,
            "number": f"SH-{shipped:%Y}-{key:06d}",
            "order_id": order.key,
            "carrier_id": world.pick(world.ids(Carrier)),
            "warehouse_id": world.pick(world.ids(Warehouse)),
            "status": "delivered" if order.status == "closed" else world.pick(("packed", "in_transit")),
            "tracking_number": f"C7{key:010d}TR",
            "shipped_at": shipped,
            "weight_kg": world.quantity(2, 900),
            "created_at": shipped,
        }

    chosen = sorted(world.random.choices(range(len(gone)), k=world.count(Shipment)))
    world.add(Shipment, (shipment(key, gone[index]) for key, index in enumerate(chosen, start=1)))
