"""The queries of the shop's pages and jobs: how often each runs, and with what. Judged by other values than advised."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import md5
from typing import Any

from django.db import connections
from django.db.models import Avg, Count, Exists, F, OuterRef, Q, QuerySet, Sum
from django.db.models.functions import TruncDate
from judging.judge import Statement

from workloads.shop.models import (
    Address,
    Cart,
    Coupon,
    Customer,
    Event,
    Notification,
    Order,
    OrderLine,
    Payment,
    Product,
    Review,
    Shipment,
    Shop,
    Stock,
)

#: The alias in DATABASES that the queries go to.
ALIAS = "shop"

Samples = tuple[tuple[Any, ...], ...]


@dataclass(frozen=True)
class Page:
    """A query that runs ``calls`` times in the observed time, the values to advise on and those to judge by."""

    name: str
    calls: float
    run: Callable[..., object]
    samples: Samples
    judged: Samples


def statements() -> Iterator[Statement]:
    """What the ORM sends for each page; the first statement where it sends several."""
    for page in PAGES:
        advised = [_sent(page.run, values) for values in page.samples]
        judged = [_sent(page.run, values) for values in page.judged]
        (sql,) = {sql for sql, _ in (*advised, *judged)}
        seen, counted = (tuple(tuple(given) for _, given in sent) for sent in (advised, judged))
        yield Statement(page.name, sql, seen, counted, calls=page.calls)


def _sent(run: Callable[..., object], values: tuple[Any, ...]) -> tuple[str, Any]:
    sent: list[tuple[str, Any]] = []

    def note(execute: Callable[..., Any], sql: str, params: Any, *others: Any) -> Any:
        sent.append((sql, params or ()))
        return execute(sql, params, *others)

    with connections[ALIAS].execute_wrapper(note):
        result = run(*values)
        if isinstance(result, QuerySet):
            list(result)
    return sent[0]


def of(model: type[Shop]) -> QuerySet[Any]:
    """All rows of a model."""
    return model.objects.using(ALIAS)  # type: ignore[attr-defined,no-any-return]


def day(year: int, month: int, number: int) -> datetime:
    """Midnight in UTC."""
    return datetime(year, month, number, tzinfo=UTC)


def each(*values: Any) -> Samples:
    """A sample of one value each."""
    return tuple((value,) for value in values)


def digest(text: str) -> str:
    """As the rows have it."""
    return md5(text.encode(), usedforsecurity=False).hexdigest()


def active() -> QuerySet[Any]:
    """What can be bought."""
    return of(Product).filter(is_active=True)


def waiting() -> QuerySet[Any]:
    """Baskets that are not checked out."""
    return of(Cart).filter(checked_out_at__isnull=True)


def praise(product: int) -> QuerySet[Any]:
    """A product's published reviews."""
    return of(Review).filter(product=product, is_approved=True)


def unread(customer: int) -> QuerySet[Any]:
    """What a customer has not read."""
    return of(Notification).filter(customer=customer, read_at__isnull=True)


BUYERS, OTHER_BUYERS = each(12, 830, 9_000), each(3, 1_900, 21_000)
GOODS, OTHER_GOODS = each(5, 1_500, 12_000), each(44, 4_100, 17_500)
ORDERS, OTHER_ORDERS = each(77, 120_333, 198_765), each(3_456, 99_001, 199_990)
SHELVES, OTHER_SHELVES = each(2, 17, 90), each(1, 33, 101)
DAYS, OTHER_DAYS = each(day(2025, 12, 20), day(2025, 12, 24)), each(day(2025, 12, 12), day(2025, 12, 22))
NONE: Samples = ((),)

PAGES = (
    Page(
        "login",
        400,
        lambda address: of(Customer).filter(email__iexact=address),
        each("user17@EXAMPLE.com", "User801@example.com"),
        each("user33@example.com", "user40112@example.com"),
    ),
    Page(
        "customer exists",
        200,
        lambda address: of(Customer).filter(email=address).exists(),
        each("User5@example.com", "nobody@example.com"),
        each("User499@example.com", "noone@example.com"),
    ),
    Page(
        "customers by last name",
        40,
        lambda start: of(Customer).filter(last_name__istartswith=start).order_by("last_name", "first_name")[:25],
        each("last12", "last400"),
        each("last33", "last27"),
    ),
    Page(
        "new customers without an order",
        2,
        lambda since: of(Customer).filter(~Exists(of(Order).filter(customer=OuterRef("pk"))), created_at__gte=since),
        each(day(2025, 11, 1)),
        each(day(2025, 9, 1)),
    ),
    Page(
        "default address",
        300,
        lambda customer: of(Address).filter(customer=customer, is_default=True).first(),
        BUYERS,
        OTHER_BUYERS,
    ),
    Page(
        "product page",
        800,
        lambda slug: active().filter(slug=slug).select_related("brand", "category"),
        each(f"product-{digest('8')}", f"product-{digest('900')}"),
        each(f"product-{digest('81')}", f"product-{digest('9001')}"),
    ),
    Page(
        "shelf by price",
        600,
        lambda shelf: active().filter(category=shelf).order_by("price")[:24],
        SHELVES,
        OTHER_SHELVES,
    ),
    Page(
        "shelf, newest first",
        300,
        lambda shelf: active().filter(category=shelf).order_by("-created_at")[:24],
        SHELVES,
        OTHER_SHELVES,
    ),
    Page("shelf's size", 300, lambda shelf: active().filter(category=shelf).count(), SHELVES, OTHER_SHELVES),
    Page(
        "brand within a price",
        100,
        lambda brand, low, high: active().filter(brand=brand, price__range=(low, high)).order_by("price"),
        ((3, 10, 50), (77, 100, 300)),
        ((1, 20, 90), (200, 5, 600)),
    ),
    Page(
        "search for a product",
        60,
        lambda words: active().filter(name__icontains=words).order_by("name")[:20],
        each("abc", "product 77f"),
        each("e1e", "product 3b1"),
    ),
    Page(
        "bought by a customer",
        30,
        lambda customer: of(Product).filter(orderline__order__customer=customer).distinct(),
        BUYERS,
        OTHER_BUYERS,
    ),
    Page(
        "bought with a product",
        20,
        lambda product: (
            of(OrderLine)
            .filter(order__lines__product=product)
            .exclude(product=product)
            .values("product")
            .annotate(times=Count("*"))
            .order_by("-times")[:5]
        ),
        GOODS,
        OTHER_GOODS,
    ),
    Page("stock", 500, lambda product: of(Stock).filter(product=product, quantity__gt=0), GOODS, OTHER_GOODS),
    Page(
        "low stock",
        10,
        lambda: of(Stock).filter(quantity__lt=F("threshold")).select_related("product").order_by("quantity")[:100],
        NONE,
        NONE,
    ),
    Page(
        "cart",
        700,
        lambda key: waiting().filter(session_key=key).first(),
        each(digest("cart7"), digest("cart150000")),
        each(digest("cart99"), digest("cart179000")),
    ),
    Page(
        "forgotten carts",
        5,
        lambda before: waiting().filter(updated_at__lt=before).order_by("updated_at")[:100],
        each(day(2025, 7, 1)),
        each(day(2025, 12, 1)),
    ),
    Page(
        "coupon",
        50,
        lambda code: of(Coupon).filter(code__iexact=code, is_active=True),
        each("codeABC", f"CODE{digest('12')[:10]}"),
        each("codeXYZ", f"CODE{digest('1200')[:10]}"),
    ),
    Page(
        "customer's orders",
        300,
        lambda customer: of(Order).filter(customer=customer).order_by("-placed_at")[:20],
        BUYERS,
        OTHER_BUYERS,
    ),
    Page("customer's number of orders", 300, lambda one: of(Order).filter(customer=one).count(), BUYERS, OTHER_BUYERS),
    Page(
        "order by number",
        300,
        lambda number: of(Order).filter(number=number).select_related("customer"),
        each("SO-00000777", "SO-00190000"),
        each("SO-00012345", "SO-00150001"),
    ),
    Page(
        "work list",
        200,
        lambda: of(Order).filter(status="pending").order_by("placed_at")[:50],
        NONE,
        NONE,
    ),
    Page("orders in a state", 200, lambda one: of(Order).filter(status=one).count(), each("pending"), each("paid")),
    Page(
        "orders of a day in a state",
        20,
        lambda state, first, last: (
            of(Order).filter(status=state, placed_at__gte=first, placed_at__lt=last).select_related("customer")[:100]
        ),
        (("paid", day(2025, 12, 20), day(2025, 12, 21)), ("done", day(2025, 3, 1), day(2025, 3, 2))),
        (("paid", day(2025, 12, 1), day(2025, 12, 3)), ("returned", day(2025, 5, 1), day(2025, 5, 20))),
    ),
    Page(
        "revenue by day",
        4,
        lambda since: (
            of(Order)
            .filter(placed_at__gte=since)
            .annotate(day=TruncDate("placed_at"))
            .values("day")
            .annotate(orders=Count("*"), revenue=Sum("total"))
            .order_by("day")
        ),
        DAYS,
        OTHER_DAYS,
    ),
    Page(
        "orders in the admin",
        40,
        lambda: of(Order).select_related("customer").order_by("-placed_at", "-pk")[:100],
        NONE,
        NONE,
    ),
    Page(
        "search for an order",
        5,
        lambda words: (
            of(Order)
            .filter(Q(number__icontains=words) | Q(customer__email__icontains=words))
            .order_by("-placed_at")[:100]
        ),
        each("00077", "user801"),
        each("12345", "user4011"),
    ),
    Page(
        "order's lines",
        300,
        lambda order: of(OrderLine).filter(order=order).select_related("product"),
        ORDERS,
        OTHER_ORDERS,
    ),
    Page(
        "lines of many orders",
        100,
        lambda first: of(OrderLine).filter(order__in=range(first, first + 20)),
        each(500, 150_000),
        each(7_000, 180_000),
    ),
    Page(
        "best sellers",
        2,
        lambda since: (
            of(OrderLine)
            .filter(order__placed_at__gte=since)
            .values("product")
            .annotate(sold=Sum("quantity"))
            .order_by("-sold")[:10]
        ),
        each(day(2025, 12, 1)),
        each(day(2025, 10, 1)),
    ),
    Page(
        "order's payments",
        200,
        lambda order: of(Payment).filter(order=order).order_by("created_at"),
        ORDERS,
        OTHER_ORDERS,
    ),
    Page(
        "payment by reference",
        150,
        lambda reference: of(Payment).filter(provider="card", reference=reference),
        each(digest("payment77"), digest("payment190000")),
        each(digest("payment2"), digest("payment100001")),
    ),
    Page(
        "failed payments",
        20,
        lambda since: of(Payment).filter(status="failed", created_at__gte=since).order_by("-created_at"),
        DAYS,
        OTHER_DAYS,
    ),
    Page(
        "parcels on their way",
        20,
        lambda before: (
            of(Shipment)
            .filter(delivered_at__isnull=True, shipped_at__lt=before)
            .select_related("order")
            .order_by("shipped_at")[:50]
        ),
        DAYS,
        OTHER_DAYS,
    ),
    Page(
        "parcel by number",
        100,
        lambda number: of(Shipment).filter(tracking=number),
        each(f"TR{digest('parcel5').upper()[:24]}"),
        each(f"TR{digest('parcel55555').upper()[:24]}"),
    ),
    Page("reviews", 600, lambda product: praise(product).order_by("-created_at")[:10], GOODS, OTHER_GOODS),
    Page(
        "rating",
        600,
        lambda product: praise(product).aggregate(mean=Avg("rating"), number=Count("*")),
        GOODS,
        OTHER_GOODS,
    ),
    Page(
        "reviews to read",
        30,
        lambda: of(Review).filter(is_approved=False).order_by("created_at")[:50],
        NONE,
        NONE,
    ),
    Page(
        "customer's reviews",
        40,
        lambda customer: of(Review).filter(customer=customer).order_by("-created_at")[:10],
        BUYERS,
        OTHER_BUYERS,
    ),
    Page("unread", 700, lambda customer: unread(customer).order_by("-created_at")[:10], BUYERS, OTHER_BUYERS),
    Page("number of unread", 700, lambda customer: unread(customer).count(), BUYERS, OTHER_BUYERS),
    Page(
        "customer's trail",
        80,
        lambda customer: of(Event).filter(customer_id=customer).order_by("-created_at")[:50],
        BUYERS,
        OTHER_BUYERS,
    ),
    Page(
        "trail of a thing",
        60,
        lambda kind, key: of(Event).filter(object_type=kind, object_id=key).order_by("-created_at")[:50],
        (("product", 12), ("order", 9_000)),
        (("product", 4_001), ("category", 19)),
    ),
    Page(
        "errors of a day",
        20,
        lambda since: of(Event).filter(kind="error", created_at__gte=since).count(),
        DAYS,
        OTHER_DAYS,
    ),
    Page(
        "events of the app",
        4,
        lambda since: of(Event).filter(payload__source="app", created_at__gte=since).count(),
        DAYS,
        OTHER_DAYS,
    ),
)
