"""Inspections, measurements, nonconformances."""

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal

from django.contrib.auth.models import User

from erp.models import (
    Employee,
    GoodsReceipt,
    InspectionMeasurement,
    Material,
    NonConformance,
    Product,
    ProductionOrder,
    QualityInspection,
)

from .loader import Row
from .world import World, age

CHARACTERISTICS = ("Diameter", "Length", "Hardness", "Roughness", "Flow at 200 bar", "Leakage")


def seed_quality(world: World) -> None:
    """Three of four inspections are of products, the others of materials."""
    number = world.count(QualityInspection)
    moments = world.moments(number)
    products = world.skewed(world.ids(Product), number)
    materials = world.skewed(world.ids(Material), number)
    subjects = [
        (product, None) if index % 4 else (None, material)
        for index, (product, material) in enumerate(zip(products, materials, strict=True))
    ]
    world.add(
        QualityInspection,
        (
            _inspection(world, key, moment, *subject)
            for key, (moment, subject) in enumerate(zip(moments, subjects, strict=True), start=1)
        ),
    )
    world.add(InspectionMeasurement, _measurements(world))
    users = world.ids(User)

    def non_conformance(key: int) -> Row:
        inspection = world.random.randrange(number)
        moment, (product, material) = moments[inspection], subjects[inspection]
        return {
            "company_id": world.company(),
            "number": f"NC-{moment:%Y}-{key:05d}",
            "inspection_id": inspection + 1,
            "product_id": product,
            "material_id": material,
            "responsible_id": world.maybe(world.ids(Employee), 0.8),
            "status": "closed" if age(moment) > 120 else world.pick(("open", "analysis", "closed")),
            "detected_on": moment.date(),
            "description": world.pick(
                ("Out of tolerance", "Surface damaged", "Certificate missing", "Leaks at 200 bar")
            ),
            "cost": world.money(0, 40_000),
            "created_by_id": world.pick(users),
            "created_at": moment,
        }

    world.add(NonConformance, map(non_conformance, world.ids(NonConformance)))


def _inspection(world: World, key: int, moment: dt.datetime, product: int | None, material: int | None) -> Row:
    users = world.ids(User)
    result = world.weighted({"passed": 92, "failed": 4, "conditional": 4})
    sample = world.random.randrange(1, 50)
    return {
        "company_id": world.company(),
        "number": f"QI-{moment:%Y}-{key:06d}",
        "product_id": product,
        "material_id": material,
        "production_order_id": world.maybe(world.ids(ProductionOrder), 0.8) if product else None,
        "goods_receipt_id": world.maybe(world.ids(GoodsReceipt), 0.8) if material else None,
        "inspector_id": world.pick(users),
        "inspection_date": moment.date(),
        "result": "pending" if age(moment) < 4 else result,
        "sample_size": sample,
        "notes": world.note(0.2, "Gauge 14 used", "Second sample drawn", "Customer witnessed the test"),
        "defects": 0 if result == "passed" else world.random.randrange(1, sample + 1),
        "created_by_id": world.pick(users),
        "created_at": moment,
    }


def _measurements(world: World) -> Iterator[Row]:
    """Three characteristics each of the first inspections."""
    for index in range(world.count(InspectionMeasurement)):
        nominal = world.money(1, 200)
        deviation = Decimal(world.random.randrange(-600, 600)).scaleb(-4)
        yield {
            "inspection_id": index // 3 + 1,
            "characteristic": CHARACTERISTICS[(index % 3 + index // 3) % len(CHARACTERISTICS)],
            "nominal": nominal,
            "measured": nominal + deviation,
            "is_within_tolerance": abs(deviation) <= Decimal("0.05"),
        }
