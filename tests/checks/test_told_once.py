"""Where two checks see the same defect, the one with the more specific remedy tells of it, and the other is silent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.contrib import admin
from django.db import models
from django.db.models.functions import Lower, Upper
from django.test.utils import isolate_apps, override_settings

from dbaudit.facts import Snapshot
from tests.checks.measuring import measured
from tests.checks.operations import outcome
from tests.scratch import Scratch

MANY = 10_000


def told(snapshot: Snapshot, *checks: str) -> list[tuple[str, tuple[str, ...]]]:
    """Which of the checks tell of what."""
    return [(check, found.identity) for check in checks for found in outcome(check, snapshot).findings]


# -- the type of a column ------------------------------------------------------------------------------------------


@override_settings(USE_TZ=True)
@isolate_apps("tests")
def test_a_naive_timestamp_is_no_changed_column(postgres: Scratch) -> None:
    class Event(models.Model):
        at = models.DateTimeField()

        class Meta:
            app_label = "tests"

    postgres.create(Event)
    postgres.execute("ALTER TABLE tests_event ALTER at TYPE timestamp")
    found = told(postgres.snapshot(Event._meta.apps), "naive_timestamp", "changed_column")
    assert found == [("naive_timestamp", ("at",))]


@override_settings(USE_TZ=True)
@isolate_apps("tests")
def test_what_else_changed_of_a_naive_timestamp_is_told(postgres: Scratch) -> None:
    class Event(models.Model):
        at = models.DateTimeField()

        class Meta:
            app_label = "tests"

    postgres.create(Event)
    postgres.execute("ALTER TABLE tests_event ALTER at TYPE timestamp, ALTER at DROP NOT NULL")
    snapshot = postgres.snapshot(Event._meta.apps)
    assert [name for name, _ in told(snapshot, "naive_timestamp", "changed_column")] == [
        "naive_timestamp",
        "changed_column",
    ]
    (changed,) = outcome("changed_column", snapshot).findings
    assert changed.detail.startswith("NULL: allowed, not refused.")


@isolate_apps("tests")
def test_json_text_is_no_changed_column_where_the_model_has_json(postgres: Scratch) -> None:
    class Item(models.Model):
        data = models.JSONField()

        class Meta:
            app_label = "tests"

    postgres.create(Item)
    postgres.execute("ALTER TABLE tests_item ALTER data TYPE json")
    found = told(postgres.snapshot(Item._meta.apps), "json_not_jsonb", "changed_column")
    assert found == [("json_not_jsonb", ("data",))]


@isolate_apps("tests")
def test_json_text_is_a_changed_column_where_the_model_has_text(postgres: Scratch) -> None:
    class Item(models.Model):
        data = models.TextField()

        class Meta:
            app_label = "tests"

    postgres.create(Item)
    postgres.execute("ALTER TABLE tests_item ALTER data TYPE json USING data::json")
    found = told(postgres.snapshot(Item._meta.apps), "json_not_jsonb", "changed_column")
    assert found == [("changed_column", ("data",))]


@isolate_apps("tests")
def test_a_foreign_key_of_another_type_than_its_target_is_no_changed_column(scratch: Scratch) -> None:
    class Parent(models.Model):
        class Meta:
            app_label = "tests"

    class Child(models.Model):
        parent = models.ForeignKey(Parent, models.CASCADE, db_constraint=False)

        class Meta:
            app_label = "tests"

    kind = {"postgresql": "integer", "sqlite": "varchar(9)"}[scratch.vendor]
    scratch.create(Parent)
    scratch.execute(f"CREATE TABLE tests_child (id bigint PRIMARY KEY, parent_id {kind} NOT NULL)")
    snapshot = scratch.snapshot(Child._meta.apps)
    found = told(snapshot, "foreign_key_type_mismatch", "changed_column")
    assert ("foreign_key_type_mismatch", ("parent_id",)) in found
    assert ("changed_column", ("parent_id",)) not in found


# -- plans ---------------------------------------------------------------------------------------------------------


def item(*indexes: models.Index, ordering: tuple[str, ...] = ()) -> type[models.Model]:
    class Item(models.Model):
        name = models.CharField(max_length=20)
        other = models.CharField(max_length=20)
        made = models.DateTimeField()

        class Meta:
            app_label = "tests"

    Item._meta.ordering = ordering
    Item._meta.indexes = [*indexes]
    return Item


def fill(scratch: Scratch, model: type[models.Model]) -> None:
    scratch.create(model)
    scratch.execute(
        "INSERT INTO tests_item (name, other, made) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
        f"WHERE i < {MANY}) SELECT CAST(i AS text), CAST(-i AS text), '2020-01-01 10:00:00' FROM n"
    )
    scratch.execute("ANALYZE")


def seen(scratch: Scratch, model: type[models.Model], task: Callable[[Any], Any], run: str = "task") -> Snapshot:
    """The database with one measured run: that of a query on the model."""
    rows = model._default_manager.using(scratch.alias).annotate(low=Lower("name"))
    one = replace(measured(scratch, run, lambda: list(task(rows))), label="task")
    return replace(scratch.snapshot(model._meta.apps), runs=(one,))


@isolate_apps("tests")
def test_a_page_in_the_models_order_is_no_bad_plan(scratch: Scratch) -> None:
    model = item(ordering=("-name",))
    fill(scratch, model)
    checks = ("unserved_ordering", "bad_plan")
    assert told(seen(scratch, model, lambda rows: rows[:20]), *checks) == [("unserved_ordering", ("name DESC",))]
    longer = seen(scratch, model, lambda rows: rows.order_by("-name", "-pk")[:20])  # as the admin breaks ties
    assert told(longer, *checks) == [("unserved_ordering", ("name DESC",))]


@pytest.mark.parametrize("order", ["other", "name"])
@isolate_apps("tests")
def test_a_page_in_another_order_is_one(scratch: Scratch, order: str) -> None:
    model = item(ordering=("-name",))
    fill(scratch, model)
    found = told(seen(scratch, model, lambda rows: rows.order_by(order)[:20]), "bad_plan")
    assert [(check, what) for check, (what, _) in found] == [("bad_plan", "sorted for one page")]


@isolate_apps("tests")
def test_a_filter_of_the_admin_is_no_bad_plan(postgres: Scratch) -> None:
    model = item()
    fill(postgres, model)
    admin.site.register(model, type("Listed", (admin.ModelAdmin,), {"list_filter": ("other",)}))
    try:
        checks = ("unserved_ordering", "bad_plan")
        page = f"admin:{model._meta.label}?filtered by other (1)"
        snapshot = seen(postgres, model, lambda rows: rows.filter(other="-7"), page)
        assert told(snapshot, *checks) == [("unserved_ordering", ("list_filter", "other"))]
        elsewhere = seen(postgres, model, lambda rows: rows.filter(name="7"), page)
        assert [check for check, _ in told(elsewhere, *checks)] == [*checks]
    finally:
        admin.site.unregister(model)


@isolate_apps("tests")
def test_a_search_of_the_admin_that_was_measured_is_told_with_its_plan(scratch: Scratch) -> None:
    model = item()
    fill(scratch, model)
    admin.site.register(model, type("Listed", (admin.ModelAdmin,), {"search_fields": ("name",)}))
    try:
        checks = ("unserved_ordering", "lookup_without_possible_index")
        assert told(scratch.snapshot(model._meta.apps), *checks) == [("unserved_ordering", ("search_fields", "name"))]
        snapshot = seen(scratch, model, lambda rows: rows.filter(name__icontains="77"))
        assert told(snapshot, *checks) == [("lookup_without_possible_index", ("search inside", "name"))]
    finally:
        admin.site.unregister(model)


@isolate_apps("tests")
def test_a_comparison_beside_an_index_in_the_other_case_wants_another_spelling(postgres: Scratch) -> None:
    model = item(models.Index(Lower("name"), name="lower"))
    fill(postgres, model)
    snapshot = seen(postgres, model, lambda rows: rows.filter(name__iexact="a7"))
    found = told(snapshot, "lookup_index_mismatch", "lookup_without_possible_index", "bad_plan")
    assert found == [("lookup_index_mismatch", ("case", "name"))]


@isolate_apps("tests")
def test_a_search_inside_a_text_wants_another_kind_of_index(postgres: Scratch) -> None:
    model = item(models.Index(Lower("name"), name="lower"))
    fill(postgres, model)
    snapshot = seen(postgres, model, lambda rows: rows.filter(name__icontains="77"))
    found = told(snapshot, "lookup_index_mismatch", "lookup_without_possible_index", "bad_plan")
    assert found == [("lookup_without_possible_index", ("search inside", "name"))]


@pytest.mark.parametrize(
    ("lookup", "identity"), [({"low": "7"}, ("case", "name")), ({"made__date": "2021-01-01"}, ("date", "made"))]
)
@isolate_apps("tests")
def test_a_lookup_beside_an_index_in_another_spelling_is_no_bad_plan(
    scratch: Scratch, lookup: dict[str, str], identity: tuple[str, ...]
) -> None:
    model = item(models.Index(Upper("name"), name="upper"), models.Index(fields=["made"], name="made"))
    fill(scratch, model)
    snapshot = seen(scratch, model, lambda rows: rows.filter(**lookup))
    assert told(snapshot, "lookup_index_mismatch", "bad_plan") == [("lookup_index_mismatch", identity)]
