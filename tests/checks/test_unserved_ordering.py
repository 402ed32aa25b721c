from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from django.apps.registry import Apps
from django.contrib import admin
from django.db import models
from django.db.models.functions import Lower
from django.test.utils import isolate_apps

from dbaudit.facts import Model, QueryRun
from dbaudit.workload.limits import Limits
from dbaudit.workload.sampling import Bench
from tests.checks.operations import judge, outcome
from tests.scratch import Scratch

CHECK = "unserved_ordering"
MANY = 10_000


def item(ordering: tuple[Any, ...] = (), indexes: tuple[models.Index, ...] = ()) -> type[models.Model]:
    class Group(models.Model):
        name = models.CharField(max_length=20)

        class Meta:
            app_label = "tests"
            ordering = ("name",)

    class Item(models.Model):
        code = models.CharField(max_length=20, unique=True)
        name = models.CharField(max_length=20)
        state = models.IntegerField(default=0)
        tree_id = models.IntegerField(default=0)
        made = models.DateField(null=True)
        group = models.ForeignKey(Group, models.CASCADE, null=True)

        class Meta:
            app_label = "tests"

    Item._meta.ordering = ordering
    Item._meta.indexes = [*indexes]
    return Item


def fill(scratch: Scratch, model: type[models.Model], rows: int = MANY) -> Apps:
    """The tables, with rows that differ in code, name and date, and are of two states."""
    scratch.create(*model._meta.apps.get_models())
    scratch.execute(
        "INSERT INTO tests_item (code, name, state, tree_id, made) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT "
        f"i + 1 FROM n WHERE i < {rows}) SELECT CAST(i AS text), CAST(-i AS text), i % 2, i, '2020-01-01' FROM n",
    )
    scratch.execute("ANALYZE")
    return model._meta.apps


@contextmanager
def listed(model: type[models.Model], **options: Any) -> Iterator[None]:
    """The model in the default admin site with these options."""
    admin.site.register(model, type("Listed", (admin.ModelAdmin,), options))
    try:
        yield
    finally:
        admin.site.unregister(model)


@isolate_apps("tests")
def test_silent_on_a_table_of_fewer_than_10_000_rows(scratch: Scratch) -> None:
    assert not scratch.findings(CHECK, fill(scratch, item(("name",)), MANY - 1))


@pytest.mark.parametrize("ordering", [("code",), ("-code",), ("pk",), ("-id",), ("code", "-name")])
@isolate_apps("tests")
def test_silent_where_an_index_is_led_by_the_first_column(scratch: Scratch, ordering: tuple[str, ...]) -> None:
    assert not scratch.findings(CHECK, fill(scratch, item(ordering)))


@pytest.mark.parametrize("ordering", [("name", "-state"), ("-name", "state"), ("name",)])
@isolate_apps("tests")
def test_silent_where_an_index_has_the_order_read_forwards_or_backwards(
    scratch: Scratch, ordering: tuple[str, ...]
) -> None:
    index = models.Index(fields=["name", "-state"], name="named")
    assert not scratch.findings(CHECK, fill(scratch, item(ordering, (index,))))


@pytest.mark.parametrize("ordering", [("?",), (Lower("name"),), (models.F("name").asc(nulls_last=True),), ("tree_id",)])
@isolate_apps("tests")
def test_silent_on_expressions_random_orders_and_trees(scratch: Scratch, ordering: tuple[Any, ...]) -> None:
    assert not scratch.findings(CHECK, fill(scratch, item(ordering)))


@isolate_apps("tests")
def test_silent_on_a_list_of_the_admin_that_is_ordered_by_the_primary_key_alone(scratch: Scratch) -> None:
    model = item()
    apps = fill(scratch, model)
    with listed(model):
        assert not scratch.findings(CHECK, apps)


@isolate_apps("tests")
def test_silent_on_filters_of_few_values_and_searches_that_an_index_serves(scratch: Scratch) -> None:
    model = item()
    apps = fill(scratch, model)
    scratch.execute("CREATE INDEX i ON tests_item (UPPER(name))")
    with listed(model, list_filter=("state",), search_fields=("=name",)):
        assert not scratch.findings(CHECK, apps)


@isolate_apps("tests")
def test_says_that_it_did_not_judge_a_table_whose_rows_are_unknown(scratch: Scratch) -> None:
    snapshot = scratch.snapshot(fill(scratch, item(("name",))))
    unknown = replace(snapshot, tables=tuple(replace(table, rows=None) for table in snapshot.tables))
    assert [one.what for one in outcome(CHECK, unknown).skipped] == [CHECK]


@isolate_apps("tests")
def test_finds_an_order_that_no_index_has_until_the_remedy_is_applied(scratch: Scratch) -> None:
    apps = fill(scratch, item(("-name", "state")))
    (found,) = scratch.findings(CHECK, apps)
    assert (found.severity, found.confidence, found.identity) == ("warning", "medium", ("name DESC", "state"))
    assert found.remedy.orm.startswith('models.Index(fields=["-name", "state"]')
    scratch.execute(found.remedy.sql)
    assert not scratch.findings(CHECK, apps)
    scratch.execute(found.remedy.undo_sql)
    assert len(scratch.findings(CHECK, apps)) == 1


@isolate_apps("tests")
def test_finds_an_order_by_few_values_where_only_these_are_indexed(postgres: Scratch) -> None:
    index = models.Index(fields=["state"], name="stated")
    (found,) = postgres.findings(CHECK, fill(postgres, item(("state", "name"), (index,))))
    assert found.identity == ("state", "name")


@isolate_apps("tests")
def test_an_order_by_a_foreign_key_is_that_of_the_model_it_refers_to(scratch: Scratch) -> None:
    (found,) = scratch.findings(CHECK, fill(scratch, item(("group",))))
    assert found.identity == ("tests_group.name",)
    assert found.remedy.kind == "edit_model"


@isolate_apps("tests")
def test_finds_what_the_admin_asks_for(scratch: Scratch) -> None:
    model = item()
    apps = fill(scratch, model)
    with listed(model, ordering=("name",), date_hierarchy="made", search_fields=("name",), list_filter=("tree_id",)):
        found = scratch.findings(CHECK, apps)
    told = {(one.identity, str(one.severity)) for one in found}
    expected = {
        (("name", "id DESC"), "warning"),
        (("date_hierarchy", "made"), "warning"),
        (("search_fields", "name"), "info"),
    }
    assert told - {(("list_filter", "tree_id"), "info")} == expected
    assert (("list_filter", "tree_id") in {one for one, _ in told}) == (scratch.vendor == "postgresql")


@isolate_apps("tests")
def test_a_measured_page_proves_it_or_shows_that_nothing_is_sorted(scratch: Scratch) -> None:
    model = item(("name",))
    snapshot = scratch.snapshot(fill(scratch, model))
    run = measured(scratch, model, snapshot.models)
    (found,) = judge(CHECK, replace(snapshot, runs=(run,)))
    assert found.confidence == "high"
    scratch.execute("CREATE INDEX i ON tests_item (name)")
    served = measured(scratch, model, snapshot.models)
    assert not judge(CHECK, replace(snapshot, runs=(served,)))


def measured(scratch: Scratch, model: type[models.Model], found: tuple[Model, ...]) -> QueryRun:
    facts = next(one for one in found if one.label == model._meta.label)
    bench = Bench(scratch.connection, Limits())
    about = bench.about(f"page:{facts.label}", "page", facts)
    return bench.measure(about, lambda: list(model._default_manager.using(scratch.alias).all()[:100]))
