"""The queries of the warehouses that the team wants measured."""

from django.db.models import F, QuerySet

from dbaudit import query
from inventory.models import Inventory, InventoryRecord


@query(budget_ms=50, label="Stock of a product in a warehouse")
def stock_of_a_product_by_warehouse() -> QuerySet[Inventory]:
    product, warehouse = Inventory.objects.order_by("pk").values_list("product_id", "warehouse_id")[0]
    return Inventory.objects.filter(product_id=product, warehouse_id=warehouse)


@query(budget_ms=50, label="Counts of a material in a warehouse")
def records_of_a_warehouse_by_material() -> QuerySet[InventoryRecord]:
    warehouse, material = InventoryRecord.objects.order_by("pk").values_list("warehouse_id", "material_id")[0]
    return InventoryRecord.objects.filter(warehouse_id=warehouse, material_id=material)


@query(label="References of the counts (notes loaded, never read)")
def references_of_counts() -> list[str]:
    return [str(record.reference) for record in InventoryRecord.objects.order_by("pk")]


@query(budget_ms=50, max_queries=1, label="Products below their reorder level")
def below_reorder_level() -> QuerySet[Inventory]:
    below = Inventory.objects.filter(quantity__lt=F("reorder_level"))
    return below.select_related("product", "warehouse").order_by("pk")[:50]
