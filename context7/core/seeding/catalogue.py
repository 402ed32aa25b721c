"""Units, categories, products, materials and how one becomes the other."""

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal

from django.contrib.auth.models import User

from erp.models import (
    BOM,
    Material,
    PriceList,
    PriceListItem,
    Product,
    ProductCategory,
    ProductRevision,
    RoutingOperation,
    Supplier,
    SupplierMaterial,
    UnitOfMeasure,
    WorkCenter,
)

from .loader import Row
from .names import MATERIAL_WORDS, MATERIALS, PRODUCT_WORDS, PRODUCTS
from .organisation import FOUNDED
from .world import TODAY, World


def company_of(key: int) -> int:
    """The company that keeps a piece of master data: beyond the demonstration, the subsidiary has some too."""
    return 2 if key % 12 == 0 else 1


def seed_units(world: World) -> None:
    """Units of measure and the category tree."""
    units = (
        ("pcs", "Piece", None, "1"),
        ("kg", "Kilogram", None, "1"),
        ("g", "Gram", 2, "0.001"),
        ("m", "Metre", None, "1"),
    )
    world.add(
        UnitOfMeasure,
        (
            {"code": code, "name": name, "base_unit_id": base, "factor": Decimal(factor)}
            for code, name, base, factor in units
        ),
    )
    names = ("All goods", "Finished goods", "Raw materials", "Purchased parts")
    world.add(
        ProductCategory,
        (
            {
                "company_id": 1,
                "code": f"K{key:03d}",
                "name": names[key - 1] if key <= len(names) else f"Group {key}",
                "parent_id": None if key == 1 else 1 if key <= len(names) else world.random.randrange(2, key),
                "created_at": FOUNDED,
            }
            for key in world.ids(ProductCategory)
        ),
    )


def seed_products(world: World) -> None:
    """Products, their revisions and prices."""
    users, categories = world.ids(User), world.ids(ProductCategory)

    def product(key: int) -> Row:
        cost = world.money(200, 20_000)
        return {
            "company_id": company_of(key),
            "code": f"P-{key:05d}",
            "name": PRODUCTS[key - 1] if key <= len(PRODUCTS) else f"{world.pick(PRODUCT_WORDS)} {key:05d}",
            "kind": "finished" if key <= len(PRODUCTS) else world.weighted({"finished": 8, "semi": 2}),
            "category_id": 2 if key <= len(PRODUCTS) else world.pick(categories),
            "unit_id": 1 if key <= len(PRODUCTS) else world.weighted({1: 9, 2: 1}),
            "description": world.note(0.7, "Drawing in the document system.", "Test at 250 bar.", "Made to order."),
            "barcode": f"869{key:010d}",
            "standard_cost": cost,
            "list_price": (cost * Decimal("1.45")).quantize(Decimal("0.01")),
            "weight_kg": world.money(1, 90),
            "lead_time_days": world.random.randrange(5, 45),
            # The demonstration sells all it has; a long catalogue has retired products.
            "is_active": key <= len(PRODUCTS) or world.random.random() < 0.9,
            "created_by_id": world.pick(users),
            "updated_by_id": world.pick(users),
            "created_at": FOUNDED + dt.timedelta(days=key % 150),
        }

    world.add(Product, map(product, world.ids(Product)))
    world.add(
        ProductRevision,
        (
            {
                "product_id": key,
                "revision": chr(65 + key % 3),
                "change_note": world.note(0.8, "First release", "New seal", "Lighter housing"),
                "released_on": TODAY - dt.timedelta(days=world.random.randrange(30, 900)),
                "approved_by_id": world.pick(users),
            }
            for key in world.ids(ProductRevision)
        ),
    )
    world.add(
        PriceList,
        (
            {
                "company_id": 1,
                "code": f"PL{key:02d}",
                "name": f"Price list {2025 - (key - 1) % 3}",
                "currency_id": 1 + (key - 1) % 3,
                "valid_from": dt.date(2025 - (key - 1) % 3, 1, 1),
                "created_at": FOUNDED,
            }
            for key in world.ids(PriceList)
        ),
    )
    world.add(PriceListItem, _prices(world))


def _prices(world: World) -> Iterator[Row]:
    products = world.count(Product)
    # Once for every product, on one list or another.
    for index in range(world.count(PriceListItem)):
        yield {
            "price_list_id": world.pick(world.ids(PriceList)),
            "product_id": index % products + 1,
            "minimum_quantity": 1 if index < len(PRODUCTS) else world.pick((1, 10, 50)),
            "price": world.money(300, 30_000),
        }


def seed_materials(world: World) -> None:
    """Materials, who offers them, bills of materials and routings."""
    users, categories, suppliers = world.ids(User), world.ids(ProductCategory), world.ids(Supplier)

    def material(key: int) -> Row:
        demo = key <= len(MATERIALS)
        return {
            "company_id": company_of(key),
            "code": f"M-{key:05d}",
            "name": MATERIALS[key - 1] if demo else f"{world.pick(MATERIAL_WORDS)} {key:05d}",
            "kind": world.weighted({"raw": 4, "purchased": 5, "consumable": 1, "packaging": 1}),
            "category_id": 3 if demo else world.pick(categories),
            "unit_id": world.weighted({1: 6, 2: 3, 4: 1}),
            "preferred_supplier_id": world.maybe(suppliers, 0.8),
            "standard_cost": world.money(1, 900),
            "safety_stock": world.quantity(0, 200),
            "is_active": demo or world.random.random() < 0.95,
            "created_by_id": world.pick(users),
            "updated_by_id": world.pick(users),
            "created_at": FOUNDED + dt.timedelta(days=key % 150),
        }

    world.add(Material, map(material, world.ids(Material)))
    # Each material has its offers at suppliers that follow each other, so that no pair comes twice.
    sizes = world.split(world.count(SupplierMaterial), min(world.count(Material), world.count(SupplierMaterial)))
    world.add(
        SupplierMaterial,
        (
            {
                "supplier_id": (material + offer) % len(suppliers) + 1,
                "material_id": material,
                "supplier_code": f"{world.random.randrange(16**6):06X}",
                "price": world.money(1, 900),
                "currency_id": world.weighted({1: 7, 2: 2, 3: 1}),
                "minimum_quantity": world.quantity(1, 100),
                "lead_time_days": world.random.randrange(3, 60),
            }
            for material, size in enumerate(sizes, start=1)
            for offer in range(size)
        ),
    )
    world.add(BOM, _bill_of_materials(world))
    world.add(
        RoutingOperation,
        (
            {
                "product_id": (index - 1) % world.count(Product) + 1,
                "sequence": 10 * ((index - 1) // world.count(Product) + 1),
                "work_center_id": world.pick(world.ids(WorkCenter)),
                "description": world.pick(("Turning", "Milling", "Assembly", "Test bench", "Painting", "Packing")),
                "setup_minutes": world.random.randrange(5, 60),
                "run_seconds": world.random.randrange(30, 1_800),
            }
            for index in world.ids(RoutingOperation)
        ),
    )


def _bill_of_materials(world: World) -> Iterator[Row]:
    """A few machines have very many parts, and everything has screws."""
    lines = world.count(BOM)
    products = sorted(world.skewed(world.ids(Product), lines, 0.6))
    materials = world.skewed(world.ids(Material), lines, 0.6)
    for position, (product, material) in enumerate(zip(products, materials, strict=True), start=1):
        changed = FOUNDED + dt.timedelta(days=world.random.randrange(200))
        yield {
            "company_id": company_of(product),
            "product_id": product,
            "material_id": material,
            "unit_id": world.weighted({1: 7, 2: 2, 4: 1}),
            "position": position % 32_000,
            "quantity": world.quantity(1, 24),
            "scrap_percent": world.pick((Decimal(0), Decimal(1), Decimal("2.5"))),
            "valid_from": changed.date(),
            "valid_to": world.later(TODAY, -300, 300) if world.random.random() < 0.05 else None,
            "created_at": changed,
        }
