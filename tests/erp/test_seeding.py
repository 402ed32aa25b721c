"""``seed_erp``: the right number of rows, the same every time, and never twice."""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING, Any

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import connections, models, transaction
from django.db.models import Count

from context7.core.models import Company
from context7.core.seeding.progress import progress_bar
from context7.core.seeding.volumes import VOLUMES, Volume
from erp.models import BOM, Customer, InventoryMovement, Product, SalesOrder, SalesOrderItem
from inventory.models import InventoryRecord

if TYPE_CHECKING:
    from tests.scratch import Scratch

VENDORS = pytest.mark.parametrize(
    "alias",
    [
        pytest.param("default", id="sqlite", marks=pytest.mark.django_db),
        pytest.param("postgresql", id="postgresql", marks=pytest.mark.django_db(databases=["default", "postgresql"])),
    ],
)
TOP_TEN = [
    ("auth.Permission", 384),
    ("ai_forms.FormField", 138),
    ("contenttypes.ContentType", 96),
    ("erp.SalesOrderItem", 54),
    ("erp.ProductionOrder", 46),
    ("inventory.InventoryRecord", 30),
    ("erp.InventoryMovement", 30),
    ("auth.User", 27),
    ("erp.PurchaseOrderItem", 21),
    ("erp.SalesOrder", 20),
]


def seed(alias: str = "default", **options: Any) -> str:
    """Run the command and return what it says."""
    said = io.StringIO()
    call_command("seed_erp", database=alias, stdout=said, **options)
    return said.getvalue()


def counts(alias: str) -> dict[str, int]:
    """Rows of every model's table, past managers that hide some."""
    return {model._meta.label: model._base_manager.using(alias).count() for model in apps.get_models()}


def contents(alias: str) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every seeded table."""
    return {
        label: list(apps.get_model(label)._base_manager.using(alias).order_by("pk").values_list())
        for label in VOLUMES
        # The content types that these two refer to have other keys in other databases.
        if label not in {"core.Attachment", "core.AuditLog", "admin.LogEntry"}
    }


@VENDORS
def test_scale_1_has_the_records_of_the_analysis(alias: str) -> None:
    seed(alias)
    found = counts(alias)
    assert sum(found.values()) == 1_123
    assert {label for label, rows in found.items() if rows >= 20} == {label for label, _ in TOP_TEN}
    assert {label: found[label] for label, _ in TOP_TEN} == dict(TOP_TEN)


@pytest.mark.django_db
def test_of_the_two_tables_with_30_rows_the_inventory_record_is_the_larger() -> None:
    assert len(InventoryRecord._meta.local_fields) > len(InventoryMovement._meta.local_fields)
    with connections["default"].cursor() as cursor:
        records, movements = (
            connections["default"].introspection.get_constraints(cursor, model._meta.db_table)
            for model in (InventoryRecord, InventoryMovement)
        )
    assert len(records) > len(movements)


@pytest.mark.django_db
def test_the_demonstration_gives_the_results_of_the_analysis() -> None:
    seed()
    assert Product.objects.active().count() == Product.objects.count() == 9
    customers = list(Customer.objects.active().prefetch_related("salesorder_set"))
    assert len(customers) == 2
    assert sum(len(customer.salesorder_set.all()) for customer in customers) == 20
    frame_order = SalesOrder.objects.alias(lines=Count("items")).get(lines=10)
    assert len(frame_order.items.select_related("product")) == 10


def test_the_items_of_an_order_have_an_accessor_of_their_own() -> None:
    assert hasattr(SalesOrder, "items")
    assert not hasattr(SalesOrder, "salesorderitem_set")


@VENDORS
def test_seeding_the_same_scale_again_does_nothing(alias: str) -> None:
    seed(alias)
    before = contents(alias)
    assert "already holds the data of scale 1" in seed(alias)
    assert contents(alias) == before


@pytest.mark.django_db
def test_another_scale_is_refused() -> None:
    seed()
    with pytest.raises(CommandError, match="holds the data of scale 1; scale 2 needs an empty database"):
        seed(scale=2)
    assert sum(counts("default").values()) == 1_123


@pytest.mark.django_db
def test_a_database_with_rows_of_somebody_else_is_refused() -> None:
    User.objects.create_user("somebody")
    with pytest.raises(CommandError, match="that seed_erp did not make"):
        seed()
    assert not Company.objects.exists()


def test_a_database_without_tables_is_refused(sqlite: Scratch) -> None:
    with pytest.raises(CommandError, match="run migrate first"):
        seed(sqlite.alias)


@pytest.mark.parametrize("scale", [0, -1, 100_001])
def test_a_scale_out_of_range_is_refused(scale: int) -> None:
    with pytest.raises(CommandError, match="--scale must be between 1 and 100,000"):
        seed(scale=scale)


def test_an_unknown_alias_is_refused() -> None:
    with pytest.raises(CommandError, match="No database has the alias 'nowhere'; there are default"):
        seed("nowhere")


@VENDORS
def test_two_seedings_give_the_same_data(alias: str) -> None:
    seedings = []
    for _ in range(2):
        with transaction.atomic(using=alias):
            seed(alias, scale=2)
            seedings.append(contents(alias))
            transaction.set_rollback(True, using=alias)
    assert seedings[0] == seedings[1]


@pytest.mark.django_db(databases=["default", "postgresql"])
def test_both_databases_get_the_same_data() -> None:
    seed("default")
    seed("postgresql")
    assert contents("default") == contents("postgresql")


@VENDORS
def test_a_larger_company_is_whole(alias: str) -> None:
    seed(alias, scale=7)
    found = counts(alias)
    assert {label: found[label] for label in VOLUMES} == {label: volume.at(7) for label, volume in VOLUMES.items()}
    connections[alias].check_constraints()


@pytest.mark.django_db
def test_a_few_customers_have_most_of_the_orders_and_a_few_orders_most_of_the_lines() -> None:
    seed(scale=20)
    orders = Customer.objects.annotate(orders=Count("salesorder")).order_by("-orders")
    shares = list(orders.values_list("orders", flat=True))
    assert sum(shares[: len(shares) // 10]) > sum(shares) / 3
    closed = SalesOrder.objects.filter(status="closed").count()
    assert closed > SalesOrder.objects.count() * 0.6
    largest = SalesOrder.objects.annotate(lines=Count("items")).order_by("-lines").first()
    assert largest is not None
    assert largest.lines > 10


@pytest.mark.django_db
def test_the_data_ends_on_the_day_of_the_analysis() -> None:
    seed()
    days = SalesOrder.objects.aggregate(first=models.Min("order_date"), last=models.Max("order_date"))
    assert days["last"].isoformat() <= "2025-07-13"
    assert (days["last"] - days["first"]).days > 700


@VENDORS
def test_the_next_row_gets_a_free_key(alias: str) -> None:
    seed(alias)
    for label in VOLUMES:
        key = apps.get_model(label)._meta.pk
        if not isinstance(key, models.AutoField | models.BigAutoField):
            continue
        table = key.model._meta.db_table
        with connections[alias].cursor() as cursor:
            cursor.execute(f"SELECT coalesce(max(id), 0) FROM {table}")
            (highest,) = cursor.fetchone()
            if connections[alias].vendor == "postgresql":
                cursor.execute("SELECT nextval(pg_get_serial_sequence(%s, 'id'))", [table])
            else:
                cursor.execute("SELECT coalesce(max(seq), 0) + 1 FROM sqlite_sequence WHERE name = %s", [table])
            assert cursor.fetchone() == (highest + 1,), label


@pytest.mark.django_db
def test_nobody_can_log_in_unless_a_password_is_given() -> None:
    seed()
    assert [user.username for user in User.objects.all() if user.has_usable_password()] == []
    admin = User.objects.get(is_superuser=True)
    assert admin.username == "admin"


@pytest.mark.django_db
def test_the_administrator_gets_the_password_that_is_given() -> None:
    seed(admin_password="a password for this test")
    assert User.objects.get(username="admin").check_password("a password for this test")
    assert [user.username for user in User.objects.all() if user.has_usable_password()] == ["admin"]


@pytest.mark.django_db(databases=["default", "postgresql"])
def test_postgresql_has_statistics_when_it_is_seeded() -> None:
    seed("postgresql")
    with connections["postgresql"].cursor() as cursor:
        cursor.execute("SELECT reltuples FROM pg_class WHERE relname = %s", [SalesOrderItem._meta.db_table])
        assert cursor.fetchone() == (54,)


@pytest.mark.django_db
def test_the_bill_of_materials_points_back_and_forth() -> None:
    seed()
    line = BOM.objects.select_related("product", "material").first()
    assert line is not None
    assert line in line.product.bom_lines.all()
    assert line in line.material.bom_lines.all()


def test_a_volume_grows_by_its_step() -> None:
    assert [Volume(10).at(scale) for scale in (1, 2, 1_000)] == [10, 10, 10]
    assert [Volume(10, 0.5).at(scale) for scale in (1, 2, 3)] == [10, 10, 11]


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_without_a_terminal_there_is_no_progress_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    with progress_bar(10) as report:
        report(10)
    assert stream.getvalue() == ""


def test_on_a_terminal_there_is_a_progress_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    with progress_bar(10) as report:
        report(10)
    assert "Seeding" in stream.getvalue()
    assert "100%" in stream.getvalue()
