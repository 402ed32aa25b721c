"""The queries of the ERP that the team wants measured: its pages, its lookups, and what once went wrong."""

from collections.abc import Iterable
from typing import Any

from django.db.models import Count, F, QuerySet, Sum
from django.template import Context, Template

from dbaudit import query
from erp.models import (
    BOM,
    Customer,
    Invoice,
    JournalEntry,
    JournalLine,
    Material,
    Product,
    ProductionOrder,
    PurchaseOrder,
    QualityInspection,
    SalesOrder,
    SalesOrderItem,
    Todo,
)

# -- the three of the analysis of 13 July 2025 ---------------------------------------------------------------------


@query(budget_ms=50, max_queries=1, label="Product list")
def product_list() -> QuerySet[Product]:
    return Product.objects.active().with_details().order_by("name")[:100]


@query(budget_ms=50, max_queries=2, label="Customers with their orders")
def customers_with_orders() -> QuerySet[Customer]:
    return Customer.objects.prefetch_related("salesorder_set").order_by("name")[:2]


@query(budget_ms=50, max_queries=1, label="Order items with their products")
def order_items_with_products() -> QuerySet[SalesOrderItem]:
    return SalesOrderItem.objects.select_related("product").order_by("pk")[:10]


# -- what it found wrong -------------------------------------------------------------------------------------------


@query(label="Orders with their items (invalid prefetch)")
def orders_with_items_by_a_wrong_name() -> QuerySet[SalesOrder]:
    # The relation has a related_name: it is called `items`.
    return SalesOrder.objects.prefetch_related("salesorderitem_set")  # type: ignore[misc]


@query(label="Every order item (no pagination)")
def unpaginated_order_items() -> QuerySet[SalesOrderItem]:
    return SalesOrderItem.objects.all()


@query(label="Customer of each order (N+1)")
def customer_of_each_order() -> list[str]:
    orders = SalesOrder.objects.all()[:50]
    return [order.customer.name for order in orders]


@query(label="Orders of each customer (N+1)")
def orders_of_each_customer() -> list[int]:
    customers = Customer.objects.all()[:50]
    return [len(customer.salesorder_set.all()) for customer in customers]


# -- what is asked for nothing -------------------------------------------------------------------------------------


@query(label="Order numbers (customer joined, never read)")
def order_numbers() -> list[str]:
    orders = SalesOrder.objects.select_related("customer").order_by("pk")[:50]
    return [order.number for order in orders]


@query(label="Order dates (items prefetched, never read)")
def order_dates() -> list[str]:
    orders = SalesOrder.objects.prefetch_related("items").order_by("pk")[:50]
    return [f"{order.number}: {order.order_date}" for order in orders]


@query(label="How many order items (rows fetched to be counted)")
def number_of_order_items() -> int:
    items = SalesOrderItem.objects.all()
    return len(items)


@query(label="Draft orders, if there are any (asked twice)")
def draft_orders() -> str:
    drafts = SalesOrder.objects.filter(status=SalesOrder.Status.DRAFT)
    if drafts.exists():
        return ", ".join(order.number for order in drafts)
    return "none"


@query(label="Newest order of each customer (prefetch not used)")
def newest_order_of_each_customer() -> list[str]:
    customers = Customer.objects.prefetch_related("salesorder_set").order_by("pk")[:50]
    newest = [customer.salesorder_set.order_by("-order_date", "-pk").first() for customer in customers]
    return [order.number for order in newest if order]


# -- the lookups of the daily work ---------------------------------------------------------------------------------


@query(budget_ms=50, label="A customer's confirmed orders")
def orders_of_a_customer_by_status() -> QuerySet[SalesOrder]:
    customer = Customer.objects.order_by("pk").values_list("pk", flat=True)[0]
    return SalesOrder.objects.filter(customer_id=customer, status=SalesOrder.Status.CONFIRMED).order_by()


@query(budget_ms=50, label="The line of a product in an order")
def item_of_an_order_by_product() -> QuerySet[SalesOrderItem]:
    order, product = SalesOrderItem.objects.order_by("pk").values_list("order_id", "product_id")[0]
    return SalesOrderItem.objects.filter(order_id=order, product_id=product)


@query(budget_ms=50, label="Running production orders of a product")
def production_orders_of_a_product_by_status() -> QuerySet[ProductionOrder]:
    product = Product.objects.order_by("pk").values_list("pk", flat=True)[0]
    return ProductionOrder.objects.filter(product_id=product, status=ProductionOrder.Status.RUNNING)


@query(budget_ms=50, label="How much of a material goes into a product")
def bom_line_of_a_product_by_material() -> QuerySet[BOM]:
    product, material = BOM.objects.order_by("pk").values_list("product_id", "material_id")[0]
    return BOM.objects.filter(product_id=product, material_id=material)


@query(budget_ms=50, label="Recent inspections of a product")
def inspections_of_a_product_by_date() -> QuerySet[QualityInspection]:
    newest = QualityInspection.objects.filter(product__isnull=False).order_by("-inspection_date", "-pk")
    product, day = newest.values_list("product_id", "inspection_date")[0]
    return QualityInspection.objects.filter(product_id=product, inspection_date=day)


# -- pages and reports ---------------------------------------------------------------------------------------------


@query(budget_ms=50, max_queries=1, label="Newest orders")
def newest_orders() -> QuerySet[SalesOrder]:
    return SalesOrder.objects.select_related("customer", "salesperson")[:25]


@query(budget_ms=50, max_queries=3, label="One order with all that its page shows")
def order_page() -> QuerySet[SalesOrder]:
    orders = SalesOrder.objects.select_related("customer", "currency", "payment_term")
    return orders.prefetch_related("items__product")[:1]


@query(budget_ms=50, label="Unpaid invoices by due date")
def unpaid_invoices() -> QuerySet[Invoice]:
    unpaid = Invoice.objects.filter(status__in=[Invoice.Status.SENT, Invoice.Status.OVERDUE])
    return unpaid.select_related("customer").order_by("due_date")[:50]


@query(budget_ms=100, max_queries=1, label="Turnover of each customer")
def turnover_of_each_customer() -> QuerySet[Any, Any]:
    return (
        Customer.objects.annotate(turnover=Sum("salesorder__total_amount"))
        .order_by("-turnover")
        .values("pk", "turnover")[:20]
    )


@query(budget_ms=100, max_queries=1, label="Trial balance")
def trial_balance() -> QuerySet[Any, Any]:
    return (
        JournalLine.objects.values("account__code")
        .annotate(balance=Sum(F("debit") - F("credit")))
        .order_by("account__code")
    )


@query(budget_ms=50, label="A booking by its reference")
def journal_entry_by_reference() -> QuerySet[JournalEntry]:
    reference = JournalEntry.objects.order_by("pk").values_list("reference", flat=True)[0]
    return JournalEntry.objects.filter(reference__iexact=reference)


@query(budget_ms=50, label="Product search")
def product_search() -> QuerySet[Product]:
    return Product.objects.filter(name__icontains="pump").select_related("unit")[:25]


@query(budget_ms=50, max_queries=1, label="Open purchase orders by supplier")
def open_purchase_orders() -> QuerySet[PurchaseOrder]:
    open_orders = PurchaseOrder.objects.filter(status__in=[PurchaseOrder.Status.SENT, PurchaseOrder.Status.PARTIAL])
    return open_orders.select_related("supplier").order_by("order_date")[:50]


@query(budget_ms=50, max_queries=1, label="Overdue tasks")
def overdue_tasks() -> QuerySet[Todo]:
    return Todo.objects.filter(status=Todo.Status.OPEN, due_date__isnull=False).order_by("due_date")[:20]


@query(budget_ms=50, max_queries=2, label="Materials with their suppliers")
def materials_with_suppliers() -> QuerySet[Material]:
    return Material.objects.prefetch_related("suppliers").order_by("name")[:50]


@query(budget_ms=100, max_queries=1, label="Dashboard, rendered")
def dashboard() -> str:
    template = Template("{% for row in rows %}{{ row.status }}: {{ row.orders }}\n{% endfor %}")
    rows: Iterable[Any] = SalesOrder.objects.order_by("status").values("status").annotate(orders=Count("pk"))
    return template.render(Context({"rows": rows}))


@query(label="Confirming a draft order, rolled back")
def confirm_a_draft() -> int:
    return SalesOrder.objects.filter(status=SalesOrder.Status.DRAFT).update(status=SalesOrder.Status.CONFIRMED)
