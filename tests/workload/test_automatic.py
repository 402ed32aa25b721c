"""The automatic workload: bounded, read-only, and no defect of its own making."""

from __future__ import annotations

from typing import Any, ClassVar

import django
import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import connections, models
from django.db.models import Manager, QuerySet
from django.test.utils import isolate_apps, modify_settings

from dbaudit import catalog
from dbaudit.facts import QueryRun, Snapshot
from dbaudit.workload.limits import Limits
from dbaudit.workload.measure import measure
from dbaudit.workload.sampling import Bench
from dbaudit.workload.sources import automatic
from tests.scratch import Scratch
from tests.workload.conftest import AUTHORS
from tests.workload.models import Author, Book


def runs(library: Scratch, registry: Any, **limits: int) -> dict[str, QueryRun]:
    bench = Bench(library.connection, Limits(**limits))
    return {run.id: run for run in automatic.runs(registry, library.snapshot(registry), bench, print)}


def test_models_without_rows_are_left_out(library: Scratch) -> None:
    Book.objects.all().delete()
    found = runs(library, Author._meta.apps)
    assert "page:tests.Author" in found
    assert not [name for name in found if "Book" in name]


@isolate_apps("tests")
def test_models_without_a_table_are_left_out(scratch: Scratch) -> None:
    class Nowhere(models.Model):
        class Meta:
            app_label = "tests"

    scratch.execute("CREATE TABLE something_else (id integer)")
    assert runs(scratch, Nowhere._meta.apps) == {}


@isolate_apps("tests")
def test_a_manager_that_needs_a_scope_is_not_audited(scratch: Scratch) -> None:
    class Scoped(Manager[Any]):
        def get_queryset(self) -> QuerySet[Any]:
            raise RuntimeError("no tenant")

    class Tenanted(models.Model):
        objects = Scoped()
        everything: ClassVar[Manager[Any]] = Manager()

        class Meta:
            app_label = "tests"

    scratch.create(Tenanted)
    Tenanted.everything.using(scratch.alias).create()
    run = runs(scratch, Tenanted._meta.apps)["page:tests.Tenanted"]
    assert run.status == "not audited"
    assert run.reason.startswith("RuntimeError: no tenant (tests/workload/test_automatic.py:")


@isolate_apps("tests")
def test_nothing_is_written_even_where_reading_writes(scratch: Scratch) -> None:
    class Counting(Manager[Any]):
        def get_queryset(self) -> QuerySet[Any]:
            QuerySet(self.model, using=scratch.alias).create()
            return super().get_queryset()

    class Counted(models.Model):
        objects = Counting()

        class Meta:
            app_label = "tests"

    scratch.create(Counted)
    scratch.execute("INSERT INTO tests_counted DEFAULT VALUES")
    assert runs(scratch, Counted._meta.apps)["page:tests.Counted"].status == "not audited"
    assert scratch.rows("SELECT count(*) FROM tests_counted") == [(1,)]
    scratch.execute("INSERT INTO tests_counted DEFAULT VALUES")


def test_a_page_is_bounded_and_in_the_models_order(library: Scratch) -> None:
    run = runs(library, Author._meta.apps, rows=2)["page:tests.Publisher"]
    assert (run.rows, run.queries, run.origin, run.model) == (2, 1, "automatic", "tests.Publisher")
    assert 'ORDER BY "tests_publisher"."name" ASC LIMIT ?' in run.statements[0].template


def test_foreign_keys_are_walked_both_ways_without_a_loop(library: Scratch) -> None:
    found = runs(library, Author._meta.apps)
    forward, reverse = found["forward:tests.Author.publisher"], found["reverse:tests.Author.publisher"]
    assert (forward.queries, forward.rows) == (1, AUTHORS)
    assert forward.statements[0].tables == ("tests_author", "tests_publisher")
    assert (reverse.queries, reverse.rows) == (1, 2)
    assert reverse.location is not None
    assert reverse.location.file == "tests/workload/models.py"
    assert all(run.scaling == () for run in found.values())


# -- the reference ERP ---------------------------------------------------------------------------------------------


@pytest.fixture
def erp(db: None) -> Snapshot:
    """The demonstration data in the database of the alias "default"."""
    call_command("seed_erp", verbosity=0)
    limits: dict[str, Any] = {"statement_timeout_ms": 30_000, "lock_timeout_ms": 2_000, "count_limit_bytes": 1 << 24}
    return catalog.read(connections["default"], apps=apps, **limits)


def measured(erp: Snapshot, *labels: str) -> dict[str, QueryRun]:
    """The runs, the automatic ones of these models alone."""
    some = tuple(model for model in erp.models if model.label in labels)
    snapshot = Snapshot(
        alias=erp.alias,
        vendor=erp.vendor,
        server_version=erp.server_version,
        dialect=erp.dialect,
        tables=erp.tables,
        models=some,
    )
    return {run.id: run for run in measure(connections["default"], snapshot, apps=apps, limits=Limits(samples=1)).runs}


def test_the_three_queries_of_the_analysis_give_its_figures(erp: Snapshot) -> None:
    found = measured(erp)
    figures = {
        name: (found[f"canned:erp.{name}"].rows, found[f"canned:erp.{name}"].queries)
        for name in ("product_list", "customers_with_orders", "order_items_with_products")
    }
    assert figures == {
        "product_list": (9, 1),
        "customers_with_orders": (2, 2),
        "order_items_with_products": (10, 1),
    }
    assert len([run for run in found.values() if run.origin == "canned"]) >= 20


def test_the_failures_of_the_analysis_are_seen(erp: Snapshot) -> None:
    found = measured(erp)
    failed = {run.id: run.reason for run in found.values() if run.status == "failed"}
    assert list(failed) == ["canned:erp.orders_with_items_by_a_wrong_name"]
    assert "'salesorderitem_set' is an invalid parameter to prefetch_related()" in next(iter(failed.values()))
    for name, asked in {
        "customer_of_each_order": "erp.SalesOrder.customer",
        "orders_of_each_customer": "erp.Customer.salesorder_set",
    }.items():
        run = found[f"canned:erp.{name}"]
        assert [one.asked for one in run.statements] == ["", *[asked] * ((run.queries or 0) - 1)]
        small, large = run.scaling
        assert large.queries - small.queries == large.rows - small.rows


def test_the_admin_shows_what_its_columns_ask(erp: Snapshot) -> None:
    found = measured(erp, "erp.SalesOrder")
    page = found["admin:erp.SalesOrder"]
    assert page.audited, page.reason
    columns = {one.via.rpartition(".")[2]: one.asked for one in page.statements if one.via}
    # Django's change list joins what list_display names; before 6.1 not over a nullable foreign key.
    joined_by_all = {"item_count": "erp.SalesOrder.items"}
    old = {"salesperson": "erp.SalesOrder.salesperson"} if django.VERSION < (6, 1) else {}
    assert columns == joined_by_all | old
    names = {name.partition("?")[2] for name in found if name.startswith("admin:erp.SalesOrder?")}
    assert {"filtered by status (1)", "filtered by status (2)", "searched", "one year", "ordered by number"} <= names
    assert all(run.audited for run in found.values() if run.origin == "automatic")


def test_a_project_without_the_admin_is_audited(erp: Snapshot) -> None:
    with modify_settings(INSTALLED_APPS={"remove": ["django.contrib.admin"]}):
        found = measured(erp, "erp.SalesOrder")
    assert not [name for name in found if name.startswith("admin:")]
    assert found["page:erp.SalesOrder"].audited
