from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.contrib.postgres.fields import ArrayField, DateRangeField
from django.contrib.postgres.indexes import GinIndex, GistIndex
from django.db import models
from django.db.models.functions import Cast, Lower, Upper
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
        made_by = models.UUIDField(null=True)

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


def containing(postgres: Scratch, *indexes: models.Index) -> type[models.Model]:
    """Rows with a document, a range and an array, 3,000 of them."""

    class Stay(models.Model):
        owner = models.IntegerField(db_index=True)
        doc = models.JSONField()
        span = DateRangeField()
        tags = ArrayField(models.IntegerField())
        name = models.TextField()

        class Meta:
            app_label = "tests"

    Stay._meta.indexes = [*indexes]
    postgres.execute("CREATE EXTENSION pg_trgm")
    postgres.create(Stay)
    postgres.execute(
        "INSERT INTO tests_stay (owner, doc, span, tags, name) SELECT i, jsonb_build_object('k', i, 'c', 'x' || i, "
        "'ship', jsonb_build_object('city', i)), daterange(date '2020-01-01' + i, date '2020-01-02' + i), ARRAY[i], "
        "md5(i::text) FROM generate_series(1, 3000) i; ANALYZE tests_stay"
    )
    return Stay


def asked(postgres: Scratch, model: type[models.Model], **lookup: Any) -> tuple[Finding, ...]:
    return judged_with(
        CHECK, postgres, model._meta.apps, lambda: [*model._base_manager.using(postgres.alias).filter(**lookup)]
    ).findings


@isolate_apps("tests")
def test_silent_on_containment_of_a_range_that_its_gist_index_answers(postgres: Scratch) -> None:
    model = containing(postgres, GistIndex(fields=["span"], name="stay_span"))
    assert not asked(postgres, model, span__contains=date(2022, 3, 1))


@isolate_apps("tests")
def test_silent_where_the_plan_reaches_the_table_by_another_index(postgres: Scratch) -> None:
    assert not asked(postgres, containing(postgres), owner=7, doc__contains={"k": 7})


@isolate_apps("tests")
def test_silent_on_a_key_of_json_without_an_index_of_the_document(postgres: Scratch) -> None:
    assert not asked(postgres, containing(postgres), doc__c="x7")


@isolate_apps("tests")
@pytest.mark.parametrize(
    ("lookup", "method", "written"),
    [
        ({"span__contains": date(2022, 3, 1)}, "gist", 'GistIndex(fields=["span"]'),
        ({"tags__contains": [7]}, "gin", 'GinIndex(fields=["tags"]'),
        ({"doc__contains": {"k": 7}}, "gin", 'GinIndex(fields=["doc"]'),
    ],
)
def test_the_index_for_what_a_column_contains_is_that_of_its_type(
    postgres: Scratch, lookup: dict[str, Any], method: str, written: str
) -> None:
    [one] = asked(postgres, containing(postgres), **lookup)
    assert one.remedy.facts()["method"] == method
    assert one.remedy.orm.startswith(written)
    postgres.execute(one.remedy.sql)


@isolate_apps("tests")
@pytest.mark.parametrize(
    ("lookup", "written"),
    [({"doc__c": "x7"}, {"c": "x7"}), ({"doc__ship__city": 7}, {"ship": {"city": 7}})],
)
def test_a_key_of_json_beside_an_index_of_the_document_is_asked_for_as_containment(
    postgres: Scratch, lookup: dict[str, Any], written: dict[str, Any]
) -> None:
    model = containing(postgres, GinIndex(fields=["doc"], name="stay_doc"))
    [one] = asked(postgres, model, **lookup)
    [value] = lookup.values()
    assert one.remedy.orm.replace("value", repr(value)).replace("'", '"') == f"doc__contains={written}".replace(
        "'", '"'
    )
    rows = model._base_manager.using(postgres.alias)
    assert [*rows.filter(**lookup)] == [*rows.filter(doc__contains=written)] != []
    assert not asked(postgres, model, doc__contains=written)


@isolate_apps("tests")
def test_trigrams_of_the_bare_column_do_not_find_in_upper_case(postgres: Scratch) -> None:
    bare = GinIndex(fields=["name"], opclasses=["gin_trgm_ops"], name="stay_name")
    model = containing(postgres, bare)
    assert not asked(postgres, model, name__contains="c4ca4238a0")
    [one] = asked(postgres, model, name__icontains="c4ca4238a0")
    assert "UPPER(name) LIKE" in one.subject
    postgres.execute(one.remedy.sql)
    assert not asked(postgres, model, name__icontains="c4ca4238a0")


@isolate_apps("tests")
def test_what_is_no_text_is_cast_in_the_remedy_as_django_casts_it(postgres: Scratch) -> None:
    model = create(postgres, models.Index(Lower(Cast("made_by", models.TextField())), name="made_by_lower"))
    (one,) = found(postgres, model, {"made_by__iexact": "4711"})
    assert 'models.Index(Upper(Cast("made_by", models.TextField()))' in one.remedy.orm
    postgres.execute(one.remedy.sql)
    postgres.execute("SET enable_seqscan = off")
    plan = postgres.rows("EXPLAIN SELECT 1 FROM tests_item WHERE UPPER(made_by::text) = UPPER('4711')")
    assert one.remedy.action.name in str(plan)  # type: ignore[union-attr]
