from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from django.contrib.postgres.indexes import BrinIndex, GinIndex, SpGistIndex
from django.db import connection, models
from django.test.utils import isolate_apps

from dbaudit.analysis import inventory
from dbaudit.facts import Index, IndexKey, Ownership, Table
from dbaudit.findings import Severity
from tests.report import sample

LONG = "a_table_with_a_name_that_goes_on_and_on_until_no_identifier_can_hold_it"


def index(name: str, *columns: str, **facts: object) -> Index:
    return Index(name=name, table="t", keys=tuple(IndexKey(column=one) for one in columns or ("a",)), **facts)  # type: ignore[arg-type]


@pytest.mark.parametrize("table", ["shop_order", LONG, 'schema"."shop_order', "1st"])
@pytest.mark.parametrize("suffix", ["", "_uniq", "_idx", "_like", "_pk", "_check", "_fk", "_fk_shop_customer_id"])
def test_a_name_that_djangos_schema_editor_makes_is_not_somebodys(table: str, suffix: str) -> None:
    editor: Any = connection.schema_editor()
    name = editor._create_index_name(table, ["customer_id", "status"], suffix)
    assert not inventory.is_named(index(str(name)))


@pytest.mark.parametrize("kind", [models.Index, BrinIndex, GinIndex, SpGistIndex])
def test_a_name_that_an_unnamed_index_gets_is_not_somebodys(kind: type[models.Index]) -> None:
    with isolate_apps("tests"):

        class Order(models.Model):
            status = models.CharField(max_length=9)

            class Meta:
                app_label = "tests"

        unnamed = kind(fields=["status"])
        unnamed.set_name_with_model(Order)
    assert not inventory.is_named(index(unnamed.name))


@pytest.mark.parametrize(
    "name", ["sqlite_autoindex_shop_order_1", "PRIMARY", "one_order_a_day", "shop_order_number_key"]
)
def test_a_unique_index_has_its_name_from_a_constraint(name: str) -> None:
    assert not inventory.is_named(index(name, unique=True))


@pytest.mark.parametrize(
    "name",
    ["idx_salesorder_status", "idx_salesorder_order_date_status", "erp_order_idx", "orders_by_key", "added_facade"],
)
def test_a_name_that_somebody_chose_is_somebodys(name: str) -> None:
    assert inventory.is_named(index(name))


def test_an_empty_database_has_no_records_rather_than_zero() -> None:
    nothing = replace(sample.SNAPSHOT, tables=(), models=())
    summary = inventory.summary(nothing, ())
    assert (summary.models, summary.tables, summary.records, summary.records_are) == (0, 0, None, "")
    assert inventory.applications(nothing) == ()


def test_proxies_swapped_and_automatic_models_are_not_counted() -> None:
    order = sample.MODELS[3]
    odd = (
        replace(order, label="shop.Proxy", proxy=True),
        replace(order, label="shop.Swapped", swapped=True, table="shop_swapped"),
        replace(order, label="shop.Order_tags", auto_created=True, table="shop_order_tags"),
    )
    through = Table(name="shop_order_tags", rows=5, rows_are="exact", indexes=(index("x"),))
    before = inventory.summary(sample.SNAPSHOT, ())
    after = inventory.summary(
        replace(sample.SNAPSHOT, models=(*sample.MODELS, *odd), tables=(*sample.TABLES, through)), ()
    )
    assert after == replace(before, other_tables=before.other_tables + 1)


def test_a_model_without_its_table_counts_as_model_and_not_as_table() -> None:
    lost = replace(sample.MODELS[3], label="shop.Lost", table="shop_lost")
    summary = inventory.summary(replace(sample.SNAPSHOT, models=(*sample.MODELS, lost)), ())
    assert (summary.models, summary.tables) == (5, 4)


def test_a_table_that_two_models_share_counts_once() -> None:
    twin = replace(sample.MODELS[3], label="shop.OrderTwin", managed=False)
    snapshot = replace(sample.SNAPSHOT, models=(*sample.MODELS, twin))
    summary = inventory.summary(snapshot, ())
    assert (summary.models, summary.tables, summary.records) == (5, 4, 1_200_424)
    assert inventory.applications(snapshot)[0].records == 1_200_040


def test_the_summary_counts_findings_by_severity() -> None:
    assert inventory.summary(sample.SNAPSHOT, sample.findings()).findings == {"error": 1, "warning": 1, "info": 46}
    assert list(inventory.summary(sample.SNAPSHOT, ()).findings) == [
        severity.value for severity in (Severity.ERROR, Severity.WARNING, Severity.INFO)
    ]


def test_records_are_exact_estimated_or_mixed() -> None:
    def kind(*how: str) -> str:
        models_tables = ["auth_permission", "shop_customer", "shop_order"]
        tables = tuple(
            Table(name=name, rows=1, rows_are=one)  # type: ignore[arg-type]
            for name, one in zip(models_tables, how, strict=True)
        )
        return inventory.summary(replace(sample.SNAPSHOT, tables=tables), ()).records_are

    assert kind("exact", "exact", "exact") == "exact"
    assert kind("estimated", "estimated", "estimated") == "estimated"
    assert kind("exact", "estimated", "exact") == "mixed"


def test_applications_come_with_most_models_first() -> None:
    assert [(one.label, one.models) for one in inventory.applications(sample.SNAPSHOT)] == [("shop", 3), ("auth", 1)]


def test_an_index_counts_in_each_of_its_kinds() -> None:
    kinds = inventory.index_kinds(sample.SNAPSHOT)
    assert (kinds.primary, kinds.unique, kinds.foreign_key, kinds.framework) == (3, 1, 2, 1)
    assert (kinds.composite, kinds.partial, kinds.expression, kinds.undeclared) == (1, 1, 1, None)


def test_partial_indexes_are_not_counted_where_predicates_were_not_seen() -> None:
    blind = tuple(
        replace(table, indexes=tuple(replace(one, complete=False) for one in table.indexes)) for table in sample.TABLES
    )
    assert inventory.index_kinds(replace(sample.SNAPSHOT, tables=blind)).partial is None


def test_named_indexes_of_django_and_other_packages_are_left_out() -> None:
    tables = (Table(name="auth_permission", indexes=(index("idx_named"),), ownership=Ownership(owner="django")),)
    assert inventory.index_kinds(replace(sample.SNAPSHOT, tables=tables)).named == ()


def test_what_cascades_or_protects_widest_is_most_critical() -> None:
    order, hostile = sample.MODELS[3], sample.MODELS[2]
    protecting = [
        replace(
            order,
            label=f"shop.P{number}",
            table=f"p{number}",
            fields=(sample.relation("customer", "shop.Customer", "shop_customer", "PROTECT"),),
        )
        for number in range(6)
    ]
    nulling = [replace(hostile, label=f"shop.N{number}", table=f"n{number}") for number in range(9)]
    relations = inventory.relations(replace(sample.SNAPSHOT, models=(*sample.MODELS, *protecting, *nulling)))
    assert relations.critical == (
        ("shop.Customer", "PROTECT", 6, "shop.P0, shop.P1, shop.P2, shop.P3, …"),
        ("shop.Customer", "CASCADE", 1, "shop.Order"),
        ("shop.Customer", "SET_NULL", 10, "shop.Hostile, shop.N0, shop.N1, shop.N2, …"),
    )
    assert relations.on_delete == (("SET_NULL", 10), ("PROTECT", 6), ("CASCADE", 1))
    assert relations.most_referenced == (("shop.Customer", 17),)
