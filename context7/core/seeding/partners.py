"""Customers and suppliers, and the finance master data they refer to."""

from decimal import Decimal

from django.contrib.auth.models import User

from context7.core.models import Department
from erp.models import (
    Account,
    CostCenter,
    Currency,
    Customer,
    CustomerAddress,
    CustomerContact,
    CustomerGroup,
    PaymentTerm,
    Supplier,
    SupplierContact,
    SupplierEvaluation,
    TaxRate,
)

from .loader import Row
from .names import CITIES, FIRM_TRADES, FIRM_WORDS, FIRST_NAMES, LAST_NAMES
from .organisation import ASCII, FOUNDED
from .world import World


def active_customers(world: World) -> list[int]:
    """Customers that buy; one in seven does not. In the demonstration the first two buy."""
    return [key for key in world.ids(Customer) if key <= 2 or (key > 4 and key % 7)]


def company_of_customer(key: int) -> int:
    """The company a customer belongs to, and its orders with it: one in five is the subsidiary's."""
    return 2 if key % 5 == 2 else 1


def seed_finance(world: World) -> None:
    """Currencies, taxes, terms, cost centres, the chart of accounts."""
    currencies = (("TRY", "Turkish lira", "₺", "1"), ("EUR", "Euro", "€", "46.95"), ("USD", "US dollar", "$", "40.15"))
    world.add(
        Currency,
        (
            {"code": code, "name": name, "symbol": symbol, "rate": Decimal(rate)}
            for code, name, symbol, rate in currencies
        ),
    )
    world.add(
        TaxRate,
        (
            {
                "company_id": 1,
                "code": f"KDV{percent}",
                "name": f"VAT {percent} %",
                "percent": percent,
                "created_at": FOUNDED,
            }
            for percent in (20, 10)
        ),
    )
    world.add(
        PaymentTerm,
        (
            {"company_id": 1, "code": f"N{days}", "name": f"{days} days net", "days": days, "created_at": FOUNDED}
            for days in (30, 60)
        ),
    )
    world.add(
        CostCenter,
        (
            {
                "company_id": 1,
                "code": f"CC{key:03d}",
                "name": f"Cost centre {key}",
                "department_id": (key - 1) % world.count(Department) + 1,
                "created_at": FOUNDED,
            }
            for key in world.ids(CostCenter)
        ),
    )
    heads = (
        ("100", "Cash and banks", "asset"),
        ("120", "Trade receivables", "asset"),
        ("320", "Trade payables", "liability"),
        ("500", "Capital", "equity"),
        ("600", "Domestic sales", "income"),
    )
    world.add(
        Account,
        (
            {
                "company_id": 1,
                "code": heads[key - 1][0] if key <= len(heads) else f"{heads[key % 5][0]}.{key:04d}",
                "name": heads[key - 1][1] if key <= len(heads) else f"{heads[key % 5][1]} {key}",
                "kind": heads[(key - 1) if key <= len(heads) else key % 5][2],
                "parent_id": None if key <= len(heads) else key % 5 + 1,
                "created_at": FOUNDED,
            }
            for key in world.ids(Account)
        ),
    )


def _firm(world: World, kind: str, key: int, company: int) -> Row:
    """What customers and suppliers have in common."""
    name = f"{world.pick(FIRM_WORDS)} {world.pick(FIRM_TRADES)}"
    mail = name.translate(ASCII).lower().replace(" ", "")
    city = world.pick(CITIES)
    users = world.ids(User)
    return {
        "company_id": company,
        "code": f"{kind}-{key:05d}",
        "name": f"{name} {world.pick(('A.Ş.', 'Ltd. Şti.'))}",
        "currency_id": world.weighted({1: 7, 2: 2, 3: 1}),
        "payment_term_id": world.pick((1, 2)),
        "tax_number": str(world.random.randrange(10**9, 10**10)),
        "email": f"info@{mail}{key}.example",
        "phone": f"+90 2{world.random.randrange(10**8, 10**9)}",
        "city": city,
        "country": world.weighted({"TR": 90, "DE": 6, "BG": 4}),
        "created_by_id": world.pick(users),
        "updated_by_id": world.pick(users),
        "created_at": world.moment(),
    }


def _person(world: World, domain: str) -> Row:
    first, last = world.pick(FIRST_NAMES), world.pick(LAST_NAMES)
    return {
        "full_name": f"{first} {last}",
        "email": f"{first}.{last}@{domain}.example".translate(ASCII).lower(),
        "phone": f"+90 5{world.random.randrange(10**8, 10**9)}",
    }


def seed_customers(world: World) -> None:
    """Customers with groups, contacts and addresses."""
    world.add(
        CustomerGroup,
        (
            {
                "company_id": 1,
                "code": f"G{key:02d}",
                "name": ("Key accounts", "Dealers")[(key - 1) % 2] + ("" if key <= 2 else f" {key}"),
                "discount_percent": world.random.randrange(0, 20),
                "created_at": FOUNDED,
            }
            for key in world.ids(CustomerGroup)
        ),
    )
    active = set(active_customers(world))
    groups, users = world.ids(CustomerGroup), world.ids(User)
    world.add(
        Customer,
        (
            {
                **_firm(world, "C", key, company_of_customer(key)),
                "segment": "key" if key <= 2 else "standard" if key in active else "prospect",
                "group_id": world.maybe(groups, 0.7),
                "account_manager_id": world.pick(users),
                "credit_limit": world.money(10_000, 5_000_000),
                "is_active": key in active,
            }
            for key in world.ids(Customer)
        ),
    )
    customers = world.ids(Customer)
    world.add(
        CustomerContact,
        (
            {
                **_person(world, f"customer{customer}"),
                "customer_id": customer,
                "role": world.pick(("Purchasing", "Quality", "Accounts payable")),
            }
            for customer in ((index - 1) % len(customers) + 1 for index in world.ids(CustomerContact))
        ),
    )
    world.add(
        CustomerAddress,
        (
            {
                "customer_id": (index - 1) % len(customers) + 1,
                "kind": "billing" if index <= len(customers) else "delivery",
                "line": f"OSB {world.random.randrange(1, 90)}. Cadde No: {world.random.randrange(1, 200)}",
                "postal_code": f"{world.random.randrange(1000, 82000):05d}",
                "city": world.pick(CITIES),
                "country": world.weighted({"TR": 90, "DE": 6, "BG": 4}),
                "is_default": index <= len(customers),
            }
            for index in world.ids(CustomerAddress)
        ),
    )


def seed_suppliers(world: World) -> None:
    """Suppliers with contacts and yearly marks."""
    world.add(
        Supplier,
        (
            {
                **_firm(world, "S", key, 1),
                "rating": Decimal(world.random.randrange(20, 51)).scaleb(-1),
                "is_active": key <= 3 or world.random.random() < 0.85,
            }
            for key in world.ids(Supplier)
        ),
    )
    suppliers, users = world.ids(Supplier), world.ids(User)
    world.add(
        SupplierContact,
        (
            {**_person(world, f"supplier{supplier}"), "supplier_id": supplier}
            for supplier in ((index - 1) % len(suppliers) + 1 for index in world.ids(SupplierContact))
        ),
    )
    world.add(
        SupplierEvaluation,
        (
            {
                "supplier_id": (index - 1) % len(suppliers) + 1,
                "year": 2024 - (index - 1) // len(suppliers),
                "quality_score": world.random.randrange(40, 101),
                "delivery_score": world.random.randrange(40, 101),
                "price_score": world.random.randrange(40, 101),
                "evaluated_by_id": world.pick(users),
                "comment": world.note(0.3, "Late in spring", "Certificates complete", "Prices renegotiated"),
            }
            for index in world.ids(SupplierEvaluation)
        ),
    )
