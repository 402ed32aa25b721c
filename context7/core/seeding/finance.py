"""Invoices, payments, the journal."""

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal

from django.contrib.auth.models import User

from erp.models import Account, CostCenter, Invoice, InvoiceItem, JournalEntry, JournalLine, Payment

from .loader import Row
from .sales import Order
from .world import NOW, World, age

CENT = Decimal("0.01")


def seed_invoices(world: World, orders: list[Order]) -> None:
    """Bills for what was shipped, and the money that came in for most of them."""
    billed = [order for order in orders if order.status in {"shipped", "closed"}]
    chosen = sorted(world.random.choices(range(len(billed)), k=world.count(Invoice)))
    invoices = [(billed[index], min(billed[index].moment + dt.timedelta(days=30), NOW)) for index in chosen]
    users = world.ids(User)
    world.add(
        Invoice,
        (
            {
                "company_id": order.company,
                "number": f"IN-{moment:%Y}-{key:06d}",
                "customer_id": order.customer,
                "order_id": order.key,
                "currency_id": order.currency,
                "status": (
                    world.weighted({"paid": 97, "overdue": 3})
                    if age(moment) > 60
                    else world.weighted({"draft": 1, "sent": 7, "paid": 4})
                ),
                "invoice_date": moment.date(),
                "due_date": moment.date() + dt.timedelta(days=30),
                "total_amount": order.total,
                "created_by_id": world.pick(users),
                "created_at": moment,
            }
            for key, (order, moment) in enumerate(invoices, start=1)
        ),
    )
    sizes = world.split(world.count(InvoiceItem), len(invoices))
    world.add(
        InvoiceItem,
        (
            {
                "invoice_id": key,
                "order_item_id": order.first_item + position % len(order.lines),
                "tax_rate_id": world.weighted({1: 9, 2: 1}),
                "description": f"Position {position + 1} of your order",
                "amount": (order.total / size).quantize(CENT),
            }
            for key, ((order, _), size) in enumerate(zip(invoices, sizes, strict=True), start=1)
            for position in range(size)
        ),
    )
    world.add(
        Payment,
        (
            {
                "company_id": order.company,
                "number": f"PA-{moment:%Y}-{key:06d}",
                "invoice_id": key,
                "method": world.weighted({"transfer": 85, "cheque": 10, "card": 5}),
                "bank_reference": f"TR{world.random.randrange(10**12):012d}",
                "paid_on": min(moment + dt.timedelta(days=world.random.randrange(5, 60)), NOW).date(),
                "amount": order.total,
                "created_by_id": world.pick(users),
                "created_at": moment,
            }
            for key, (order, moment) in enumerate(invoices[: world.count(Payment)], start=1)
        ),
    )


def seed_journal(world: World) -> None:
    """Entries of two lines each: what is debited on one account is credited on another."""
    entries, users = world.ids(JournalEntry), world.ids(User)
    world.add(
        JournalEntry,
        (
            {
                "company_id": world.company(),
                "number": f"JE-{moment:%Y}-{key:06d}",
                "entry_date": moment.date(),
                "reference": world.pick(("IN-", "in-", "PA-", "Bank ")) + f"{world.random.randrange(10**6):06d}",
                "memo": world.note(0.3, "Month end", "Corrected by the auditor", "Bank statement"),
                "created_by_id": world.pick(users),
                "created_at": moment,
            }
            for key, moment in zip(entries, world.moments(len(entries)), strict=True)
        ),
    )
    world.add(JournalLine, _journal_lines(world))


def _journal_lines(world: World) -> Iterator[Row]:
    accounts, centers = world.ids(Account), world.ids(CostCenter)
    for entry in range(1, world.count(JournalLine) // 2 + 1):
        amount = world.money(10, 90_000)
        debited, credited = world.random.sample(accounts, 2)
        yield {"entry_id": entry, "account_id": debited, "cost_center_id": world.maybe(centers, 0.4), "debit": amount}
        yield {"entry_id": entry, "account_id": credited, "credit": amount}
