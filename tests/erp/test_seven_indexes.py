"""The seven "Critical Indexes to Add" of the analysis of 13 July 2025, found from the ERP's canned queries alone.

At scale 1, where every table fits on a page and no index saves anything, the advice is a projection; at scale 20 it is
measured where the data shows something, and projected where it does not.
"""

from __future__ import annotations

import io
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest
from django.apps import apps
from django.core.management import call_command
from django.test import override_settings

from dbaudit import catalog
from dbaudit.advisor.recommend import index_plan, recommend
from dbaudit.advisor.trials.definition import create_index
from dbaudit.advisor.trials.postgresql import COPIED
from dbaudit.advisor.trials.run import Wishes, advised
from dbaudit.workload.limits import Limits
from dbaudit.workload.sampling import Bench
from dbaudit.workload.sources import canned
from dbaudit.workload.sources.routing import routed_to
from tests.postgres import main_server
from tests.scratch import postgres_scratch, sqlite_scratch

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from pytest_django import DjangoDbBlocker

    from dbaudit.advisor.concluded import Advised
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

    scale: int
    database: Scratch
    snapshot: Snapshot
    advised: Advised
    recommendations: tuple[Recommendation, ...]

    def asking(self, *, lookups: Collection[str], others: bool) -> Snapshot:
        """The snapshot as if only these of the seven queries were asked, and the others or not."""
        runs = self.snapshot.runs
        kept = (run for run in runs if (run.id in lookups if run.id in SEVEN.values() else others))
        return replace(self.snapshot, runs=tuple(kept))


ON_POSTGRESQL = [pytest.mark.needs("postgresql"), pytest.mark.needs("hypopg")]


@pytest.fixture(
    scope="module",
    params=[
        ("sqlite", 1),
        ("sqlite", 20),
        pytest.param(("postgresql", 1), marks=ON_POSTGRESQL),
        pytest.param(("postgresql", 20), marks=ON_POSTGRESQL),
    ],
    ids=lambda param: f"{param[0]}-{param[1]}",
)
def audited(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, django_db_blocker: DjangoDbBlocker
) -> Iterator[Audited]:
    """Tables as the models have them, which takes a tenth of the time of the migrations; seeded, measured, advised."""
    vendor, scale = request.param
    folder = tmp_path_factory.mktemp("seven")
    empty = sqlite_scratch(folder) if vendor == "sqlite" else postgres_scratch(main_server())
    with django_db_blocker.unblock(), empty as database:
        if vendor == "postgresql":
            database.execute("CREATE EXTENSION hypopg")
        with override_settings(MIGRATION_MODULES={one.label: None for one in apps.get_app_configs()}):
            call_command("migrate", run_syncdb=True, database=database.alias, verbosity=0)
        call_command("seed_erp", database=database.alias, scale=scale, stdout=io.StringIO())
        database.execute("ANALYZE")
        snapshot = measured(database)
        found = advise(database, snapshot)
        yield Audited(scale, database, snapshot, found, recommend((), snapshot, found))


def measured(database: Scratch) -> Snapshot:
    """The database as it is, with the ERP's canned queries."""
    snapshot = database.snapshot(apps)
    with routed_to(database.alias, {table.name for table in snapshot.tables}):
        bench = Bench(database.connection, Limits(samples=1), writes=True)
        runs = tuple(canned.runs(canned.own(apps, database.alias), bench))
    return replace(snapshot, runs=runs)


def advise(database: Scratch, snapshot: Snapshot) -> Advised:
    found, _ = advised(database.connection, snapshot, Wishes(), statement_timeout_ms=30_000, lock_timeout_ms=2_000)
    assert found is not None
    return found


def columns(found: Advised) -> set[tuple[str, ...]]:
    """Tables and columns of what is proposed; an index over some rows, or with a key that is no column, is none."""
    chosen = (one for part in found.parts for one in part.advice.chosen)
    plain = (one.candidate for one in chosen if not one.candidate.condition)
    return {(one.table, *(key.column for key in one.keys)) for one in plain}


def builds(audited: Audited) -> list[Recommendation]:
    return [one for one in audited.recommendations if one.remedy.kind == "create_index"]


def test_the_seven_are_recommended(audited: Audited) -> None:
    assert SEVEN.keys() <= columns(audited.advised)


@pytest.mark.needs("hypopg")
@pytest.mark.parametrize("audited", [("postgresql", 1)], indirect=True, ids=["postgresql-1"])
def test_the_seven_are_recommended_without_hypopg(audited: Audited) -> None:
    audited.database.execute("DROP EXTENSION hypopg")
    try:
        found = advise(audited.database, audited.snapshot)
    finally:
        audited.database.execute("CREATE EXTENSION hypopg")
    assert found.source == COPIED
    assert SEVEN.keys() <= columns(found)


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
        assert one.remedy.verification.startswith(("A projection at ", "It was tried "))
        assert one.remedy.migration
        assert one.replaces


def test_what_is_small_is_projected_and_a_projection_has_no_high_priority(audited: Audited) -> None:
    projected = [one for one in audited.recommendations if "projection" in one.remedy.verification]
    assert {one.priority for one in projected} <= {"medium", "low"}
    assert (audited.advised.growth is not None) == (audited.scale == 1)
    if audited.scale == 1:
        assert len(projected) == len(audited.advised.advice.chosen)
    elif audited.database.vendor == "postgresql":  # on SQLite every step counts, and is there to be measured
        assert audited.advised.beside is not None
        assert len(projected) == len(audited.advised.beside.advice.chosen)


def test_an_expert_would_build_no_more_than_two_for_one_leading_column(audited: Audited) -> None:
    leading = Counter((one.remedy.facts()["table"], one.remedy.facts()["columns"][0]) for one in builds(audited))
    assert max(leading.values()) <= 2


def test_what_makes_an_index_needless_counts_as_no_index_more(audited: Audited) -> None:
    plan = index_plan(audited.recommendations, (), audited.snapshot, audited.advised)
    assert plan.entries <= plan.built - len(SEVEN)
    assert plan.projected == (len(audited.advised.beside.advice.chosen) if audited.advised.beside else 0)


def test_every_index_makes_some_statement_cheaper_and_none_repeats_another(audited: Audited) -> None:
    chosen = [one for part in audited.advised.parts for one in part.advice.chosen]
    assert all(one.helps for one in chosen)
    assert len({one.candidate for one in chosen}) == len(chosen)


def test_no_statement_is_planned_to_be_slower(audited: Audited) -> None:
    effects = [one for part in audited.advised.parts for one in part.advice.effects]
    assert not [one.asked.sql for one in effects if one.after.cost > one.before.cost * 1.1]


def test_without_its_query_none_of_them_is_recommended(audited: Audited) -> None:
    some = dict(list(SEVEN.items())[::2])
    found = advise(audited.database, audited.asking(lookups=some.values(), others=True))
    assert SEVEN.keys() & columns(found) == some.keys()
    rest = {index: query for index, query in SEVEN.items() if index not in some}
    found = advise(audited.database, audited.asking(lookups=rest.values(), others=False))
    assert SEVEN.keys() & columns(found) == rest.keys()


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


def test_who_follows_all_of_it_is_told_nothing_new(audited: Audited) -> None:
    """The last test of each database: it is not the same afterwards."""
    for part in audited.advised.parts:
        for one in part.advice.chosen:
            for index in one.replaces:
                audited.database.execute(f'DROP INDEX IF EXISTS "{index.name}"')
            audited.database.execute(create_index(one.candidate, audited.snapshot.dialect, name=one.candidate.name))
    audited.database.execute("ANALYZE")
    again = advise(audited.database, measured(audited.database))
    told = [one for part in again.parts for one in part.advice.chosen]
    assert [f"{one.candidate.table} {one.candidate.describe()} {one.gain}" for one in told] == []
