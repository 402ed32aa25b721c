from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models.functions import Lower, Upper
from django.test.utils import isolate_apps

from dbaudit.findings import Finding
from tests.checks.measuring import judged_with
from tests.checks.operations import outcome
from tests.scratch import Scratch

CHECK = "lookup_index_mismatch"
UPPER = models.Index(Upper("name"), name="named_upper")
LOWER = models.Index(Lower("name"), name="named_lower")
MADE = models.Index(fields=["made"], name="made")


def create(scratch: Scratch, *indexes: models.Index, rows: int = 1_500) -> type[models.Model]:
    class Item(models.Model):
        name = models.CharField(max_length=20)
        made = models.DateTimeField()
        doc = models.JSONField(default=dict)

        class Meta:
            app_label = "tests"

    Item._meta.indexes = [*indexes]
    scratch.create(Item)
    scratch.execute(
        "INSERT INTO tests_item (name, made, doc) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
        f"WHERE i < {rows}) SELECT CAST(i AS text), '2020-01-01 10:00:00', '{{}}' FROM n"
    )
    return Item


def found(scratch: Scratch, model: type[models.Model], *lookups: dict[str, Any]) -> tuple[Finding, ...]:
    return judged_with(CHECK, scratch, model._meta.apps, *(asking(scratch, model, one) for one in lookups)).findings


def asking(scratch: Scratch, model: type[models.Model], lookup: dict[str, Any]) -> Callable[[], list[Any]]:
    rows = model._base_manager.using(scratch.alias).annotate(lower=Lower("name"), upper=Upper("name"))
    return lambda: list(rows.filter(**lookup)[:5])


@isolate_apps("tests")
def test_says_that_no_query_was_measured(scratch: Scratch) -> None:
    model = create(scratch, LOWER)
    told = outcome(CHECK, scratch.snapshot(model._meta.apps))
    assert not told.findings
    assert [one.what for one in told.skipped] == [CHECK]


@isolate_apps("tests")
def test_silent_on_a_table_of_fewer_than_1_000_rows(postgres: Scratch) -> None:
    assert not found(postgres, create(postgres, LOWER, rows=900), {"name__iexact": "7"})


@isolate_apps("tests")
def test_silent_where_an_index_has_the_spelling_too(postgres: Scratch) -> None:
    assert not found(postgres, create(postgres, LOWER, UPPER), {"name__iexact": "7"})


@isolate_apps("tests")
def test_silent_where_other_statements_ask_for_what_is_indexed(postgres: Scratch) -> None:
    assert not found(postgres, create(postgres, LOWER), {"name__iexact": "7"}, {"lower": "7"})


@isolate_apps("tests")
def test_silent_where_no_index_on_the_column_is_spelled_in_another_way(scratch: Scratch) -> None:
    assert not found(
        scratch, create(scratch, UPPER), {"name__iexact": "7"}, {"name": "7"}, {"made__date": "2020-01-01"}
    )


@isolate_apps("tests")
def test_silent_on_containment_that_a_gin_index_serves_and_on_a_range_of_days(postgres: Scratch) -> None:
    model = create(postgres, GinIndex(fields=["doc"], name="docs"), MADE)
    assert not found(postgres, model, {"doc__contains": {"a": 1}}, {"made__gte": "2020-01-01T00:00Z"})


@pytest.mark.parametrize("lookup", [{"name__iexact": "7"}, {"name__istartswith": "7"}])
@isolate_apps("tests")
def test_finds_an_index_on_lower_for_a_lookup_by_upper(postgres: Scratch, lookup: dict[str, str]) -> None:
    model = create(postgres, LOWER)
    (one,) = found(postgres, model, lookup)
    assert (one.severity, one.confidence, one.identity) == ("warning", "high", ("case", "name"))
    assert 'Upper("name")' in one.remedy.orm
    postgres.execute(one.remedy.sql)
    postgres.execute("ANALYZE tests_item; SET enable_seqscan = off")
    plan = asking(postgres, model, lookup)
    assert plan()
    sql = "EXPLAIN SELECT * FROM tests_item WHERE UPPER(name::text) " + (
        "= UPPER('7')" if "name__iexact" in lookup else "LIKE '7%'"
    )
    assert "Index Scan" in str(postgres.rows(sql))
    assert not found(postgres, model, lookup)


@isolate_apps("tests")
def test_finds_an_index_on_upper_for_a_lookup_by_lower(scratch: Scratch) -> None:
    model = create(scratch, UPPER)
    (one,) = found(scratch, model, {"lower": "7"})
    assert 'models.Index(Lower("name")' in one.remedy.orm
    scratch.execute(one.remedy.sql)
    assert not found(scratch, model, {"lower": "7"})
    scratch.execute(one.remedy.undo_sql)
    assert found(scratch, model, {"lower": "7"})


@isolate_apps("tests")
def test_finds_containment_of_json_without_a_gin_index(postgres: Scratch) -> None:
    model = create(postgres)
    (one,) = found(postgres, model, {"doc__contains": {"a": 1}})
    assert one.identity == ("json", "doc")
    postgres.execute(one.remedy.sql)
    assert not found(postgres, model, {"doc__contains": {"a": 1}})


@isolate_apps("tests")
def test_finds_a_day_asked_for_beside_an_index_on_the_moment(scratch: Scratch) -> None:
    (one,) = found(scratch, create(scratch, MADE), {"made__date": "2020-01-01"})
    assert (one.identity, one.remedy.kind) == (("date", "made"), "change_query")
    assert one.remedy.orm.startswith("made__gte=")
