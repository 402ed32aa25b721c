"""The seven "Critical Indexes to Add" of the analysis of 13 July 2025, found from the ERP's canned queries alone.

At scale 1, where every table fits on a page and no index saves anything: the advice is a projection.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest
from django.apps import apps
from django.core.management import call_command

from dbaudit import catalog
from dbaudit.advisor.recommend import recommend
from dbaudit.advisor.trials.advising import Wishes, advised
from dbaudit.workload import canned
from dbaudit.workload.limits import Limits
from dbaudit.workload.routing import routed_to
from dbaudit.workload.sampling import Bench
from tests.postgres import main_server
from tests.scratch import postgres_scratch, sqlite_scratch

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_django import DjangoDbBlocker

    from dbaudit.advisor.trials.advising import Advised
    from dbaudit.facts import Snapshot
    from dbaudit.findings import Recommendation
    from tests.scratch import Scratch

#: Table and columns of each, with the canned query that asks for it.
SEVEN = {
    ("erp_salesorder", "customer_id", "status"): "canned:erp.orders_of_a_customer_by_status",
    ("erp_salesorderitem", "order_id", "product_id"): "canned:erp.item_of_an_order_by_product",
    ("inventory_inventory", "product_id", "warehouse_id"): "canned:inventory.stock_of_a_product_by_warehouse",
    ("inventory_inventoryrecord", "warehouse_id", "material_id"): "canned:inventory.records_of_a_warehouse_by_material",
    ("erp_productionorder", "product_id", "status"): "canned:erp.production_orders_of_a_product_by_status",
    ("erp_bom", "product_id", "material_id"): "canned:erp.bom_line_of_a_product_by_material",
    ("erp_qualityinspection", "product_id", "inspection_date"): "canned:erp.inspections_of_a_product_by_date",
}


@dataclass(frozen=True)
class Audited:
    """The ERP with its canned queries measured, and what is advised for all of them."""

    database: Scratch
    snapshot: Snapshot
    advised: Advised
    recommendations: tuple[Recommendation, ...]


@pytest.fixture(
    scope="module",
    params=["sqlite", pytest.param("postgresql", marks=[pytest.mark.needs("postgresql"), pytest.mark.needs("hypopg")])],
)
def audited(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, django_db_blocker: DjangoDbBlocker
) -> Iterator[Audited]:
    """Seeded at scale 1."""
    pytest.importorskip("sqlglot")
    folder = tmp_path_factory.mktemp("seven")
    empty = sqlite_scratch(folder) if request.param == "sqlite" else postgres_scratch(main_server())
    with django_db_blocker.unblock(), empty as database:
        if request.param == "postgresql":
            database.execute("CREATE EXTENSION hypopg")
        call_command("migrate", database=database.alias, verbosity=0)
        call_command("seed_erp", database=database.alias, stdout=io.StringIO())
        database.execute("ANALYZE")
        snapshot = database.snapshot(apps)
        with routed_to(database.alias, {table.name for table in snapshot.tables}):
            bench = Bench(database.connection, Limits(samples=1), writes=True)
            runs = tuple(canned.runs(canned.own(apps, database.alias), bench))
        snapshot = replace(snapshot, runs=runs)
        found = advise(database, snapshot)
        yield Audited(database, snapshot, found, recommend((), snapshot, found))


def advise(database: Scratch, snapshot: Snapshot) -> Advised:
    found, _ = advised(database.connection, snapshot, Wishes(), statement_timeout_ms=30_000, lock_timeout_ms=2_000)
    assert found is not None
    return found


def columns(found: Advised) -> set[tuple[str, ...]]:
    """Tables and columns of what is proposed; an index over some rows, or with a key that is no column, is none."""
    plain = (one.candidate for one in found.advice.chosen if not one.candidate.condition)
    return {(one.table, *(key.column for key in one.keys)) for one in plain}


def test_the_seven_are_recommended(audited: Audited) -> None:
    assert SEVEN.keys() <= columns(audited.advised)


def test_each_has_its_query_and_figures_as_evidence(audited: Audited) -> None:
    labels = {run.id: run.label for run in audited.snapshot.runs}
    for (table, *keys), query in SEVEN.items():
        [one] = [
            each
            for each in audited.recommendations
            if each.remedy.facts().get("columns") == tuple(keys) and each.remedy.facts()["table"] == table
        ]
        assert any(repr(labels[query]) in helped.query and helped.after < helped.before for helped in one.helps)
        assert one.gain is not None
        assert "projection" in one.remedy.verification
        assert one.remedy.migration
        assert one.replaces


def test_nothing_that_is_projected_has_high_priority(audited: Audited) -> None:
    assert audited.advised.growth is not None
    assert not [one.title for one in audited.recommendations if one.priority == "high"]


def test_every_index_makes_some_statement_cheaper_and_none_repeats_another(audited: Audited) -> None:
    chosen = audited.advised.advice.chosen
    assert all(one.helps for one in chosen)
    assert len({one.candidate for one in chosen}) == len(chosen)


def test_no_statement_is_planned_to_be_slower(audited: Audited) -> None:
    slower = [one.asked.sql for one in audited.advised.advice.effects if one.after.cost > one.before.cost * 1.1]
    assert not slower


def test_without_its_queries_none_of_them_is_recommended(audited: Audited) -> None:
    rest = tuple(run for run in audited.snapshot.runs if run.id not in SEVEN.values())
    found = advise(audited.database, replace(audited.snapshot, runs=rest))
    assert not SEVEN.keys() & columns(found)


@pytest.mark.parametrize("index", [*SEVEN][:2], ids="-".join)
def test_without_one_query_its_index_is_not_recommended(audited: Audited, index: tuple[str, str, str]) -> None:
    rest = tuple(run for run in audited.snapshot.runs if run.id != SEVEN[index])
    assert index not in columns(advise(audited.database, replace(audited.snapshot, runs=rest)))


def test_nothing_is_left_in_the_database(audited: Audited) -> None:
    again = catalog.read(
        audited.database.connection,
        apps=apps,
        statement_timeout_ms=30_000,
        lock_timeout_ms=2_000,
        count_limit_bytes=2**24,
    )
    assert [(table.name, table.rows, [one.name for one in table.indexes]) for table in again.stored_tables()] == [
        (table.name, table.rows, [one.name for one in table.indexes]) for table in audited.snapshot.stored_tables()
    ]
