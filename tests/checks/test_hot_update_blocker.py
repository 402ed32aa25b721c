from __future__ import annotations

import pytest
from django.db import models
from django.db.models.functions import Trunc
from django.test.utils import isolate_apps

from tests.checks.measuring import judged_with
from tests.checks.usage import facts, found, hand_in, use
from tests.scratch import Scratch

CHECK = "hot_update_blocker"


def saved(postgres: Scratch, table: str, changes: str, rows: int = 500, times: int = 21) -> None:
    """Rows that were saved so many times. Every page has room for heap-only updates, were it not for an index."""
    postgres.execute(f"ALTER TABLE {table} SET (fillfactor = 20)")
    postgres.execute(
        f"INSERT INTO {table} (name, moment, hits) SELECT n, now(), 0 FROM generate_series(1, {rows}) AS n"
    )
    use(postgres, f"UPDATE {table} SET {changes}", times)
    hand_in(postgres)


def page(**meta: object) -> type[models.Model]:
    """A model with a timestamp that each save writes, and a counter."""

    class Page(models.Model):
        name = models.TextField()
        moment = models.DateTimeField(auto_now=True)
        hits = models.IntegerField(default=0)
        Meta = type("Meta", (), {"app_label": "tests", **meta})

    return Page


TOUCHED = "moment = clock_timestamp()"


@isolate_apps("tests")
def test_silent_where_no_index_has_such_a_field(postgres: Scratch) -> None:
    model = page(indexes=[models.Index(fields=["name"], name="page_name")])
    postgres.create(model)
    saved(postgres, "tests_page", "name = name || 'x'")  # a field that changes all the same
    assert not found(postgres, CHECK, model._meta.apps)


@isolate_apps("tests")
def test_silent_where_most_updates_are_heap_only(postgres: Scratch) -> None:
    model = page(indexes=[models.Index(fields=["moment"], name="page_moment")])
    postgres.create(model)
    saved(postgres, "tests_page", "name = name")
    assert not found(postgres, CHECK, model._meta.apps)


@isolate_apps("tests")
def test_silent_on_fewer_than_10_000_updates(postgres: Scratch) -> None:
    model = page(indexes=[models.Index(fields=["moment"], name="page_moment")])
    postgres.create(model)
    saved(postgres, "tests_page", TOUCHED, times=19)
    assert not found(postgres, CHECK, model._meta.apps)


@isolate_apps("tests")
def test_silent_where_the_index_enforces_something(postgres: Scratch) -> None:
    model = page(constraints=[models.UniqueConstraint(fields=["moment", "name"], name="page_once")])
    postgres.create(model)
    saved(postgres, "tests_page", TOUCHED)
    assert not found(postgres, CHECK, model._meta.apps)


@isolate_apps("tests")
def test_silent_on_a_brin_index_from_server_16_on(postgres_versions: Scratch) -> None:
    """Another index is to blame: on a field that changes here, as nobody could tell from the model."""
    model = page(indexes=[models.Index(fields=["name"], name="page_name")])
    postgres_versions.create(model)
    postgres_versions.execute("CREATE INDEX page_moment ON tests_page USING brin (moment)")
    saved(postgres_versions, "tests_page", f"{TOUCHED}, name = name || 'x'")
    exempt = postgres_versions.connection.pg_version >= 160000  # type: ignore[attr-defined]
    assert len(found(postgres_versions, CHECK, model._meta.apps)) == (0 if exempt else 1)


@isolate_apps("tests")
def test_finds_the_index_on_an_auto_now_field_and_its_removal_makes_updates_heap_only(postgres: Scratch) -> None:
    model = page(indexes=[models.Index(fields=["-moment"], name="page_moment")])
    postgres.create(model)
    saved(postgres, "tests_page", TOUCHED)
    (one,) = found(postgres, CHECK, model._meta.apps)
    assert (one.severity, one.confidence) == ("warning", "medium")
    assert one.key == "hot_update_blocker:tests_page:(moment DESC):moment"
    assert facts(one)["updates"] == 10_500
    assert facts(one)["heap-only updates"] == 0
    assert facts(one)["field"] == "tests.Page.moment"
    assert "BrinIndex" in one.remedy.orm
    postgres.execute(one.remedy.sql)
    hand_in(postgres)
    postgres.execute("VACUUM tests_page; SELECT pg_stat_reset_single_table_counters('tests_page'::regclass)")
    use(postgres, f"UPDATE tests_page SET {TOUCHED}", 10)
    hand_in(postgres)
    [(updated, heap_only)] = postgres.rows("SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables")
    assert heap_only > updated / 2


@pytest.mark.parametrize(
    "index",
    [
        models.Index(fields=["name", "moment"], name="page_composite"),
        models.Index(fields=["name"], include=["moment"], name="page_included"),
        models.Index(fields=["name"], condition=models.Q(moment__gt="2020-01-01T00:00Z"), name="page_condition"),
        models.Index(Trunc("moment", "day"), name="page_expression"),
    ],
    ids=lambda index: index.name,
)
def test_finds_the_field_wherever_the_index_has_it(postgres: Scratch, index: models.Index) -> None:
    with isolate_apps("tests"):
        model = page(indexes=[index.clone()])
        postgres.create(model)
        saved(postgres, "tests_page", TOUCHED)
        assert [one.identity[1] for one in found(postgres, CHECK, model._meta.apps)] == ["moment"]


@isolate_apps("tests")
def test_a_counter_is_a_guess(postgres: Scratch) -> None:
    model = page(indexes=[models.Index(fields=["hits"], name="page_hits")])
    postgres.create(model)
    saved(postgres, "tests_page", "hits = hits + 1")
    (one,) = found(postgres, CHECK, model._meta.apps)
    assert (one.identity, one.confidence) == (("(hits)", "hits"), "low")


@isolate_apps("tests")
def test_silent_on_a_guess_where_a_measured_query_uses_the_index(postgres: Scratch) -> None:
    model = page(indexes=[models.Index(fields=["hits"], name="page_hits")])
    postgres.create(model)
    saved(postgres, "tests_page", "hits = hits + 1")
    postgres.execute("ANALYZE tests_page")
    rows = model._base_manager.using(postgres.alias).order_by("-hits")
    told = judged_with(CHECK, postgres, model._meta.apps, lambda: [*rows[:3]])
    assert not told.findings
