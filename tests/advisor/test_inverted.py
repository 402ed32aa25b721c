"""Inverted indexes: trigrams, JSON, arrays, full text and ranges, tried for real on a copy, as Django asks for them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.postgres.fields import ArrayField, DateRangeField
from django.contrib.postgres.search import SearchQuery, SearchVector, SearchVectorField
from django.db import models
from django.test.utils import isolate_apps

from dbaudit.advisor import growth as growing
from dbaudit.advisor.candidate import Asked
from dbaudit.advisor.growth import Growth
from dbaudit.advisor.propose import advise
from dbaudit.advisor.recommend import recommend
from dbaudit.advisor.trials import copies, inverted, postgresql
from dbaudit.advisor.trials.definition import create_index
from dbaudit.advisor.trials.grown import grown
from dbaudit.advisor.trials.run import Wishes, advised
from dbaudit.amounts import Budget
from dbaudit.facts import Parameters, QueryRun, Statement
from dbaudit.findings import ChangeQuery, CreateIndex, Finding, Remedy, Severity
from tests.scratch import connected

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from dbaudit.advisor.values import Advice
    from tests.scratch import Scratch

pytestmark = pytest.mark.needs("pg_trgm")

LIMITS = {"statement_timeout_ms": 30_000, "lock_timeout_ms": 1_000}
ROWS = 60_000
FILL = f"""
    INSERT INTO tests_note (name, body, data, tags, vector, period, kind)
    SELECT 'name ' || md5(i::text), CASE WHEN i % 5000 = 0 THEN 'a rare walrus ' ELSE 'some common words ' END || i,
        jsonb_build_object('owner', i % 9000, 'state', i % 3), ARRAY['t' || i % 7000, 'all'],
        to_tsvector('english', 'word' || i % 8000), daterange(day, day + 2), 'kind'
    FROM generate_series(1, {ROWS}) i, LATERAL (SELECT date '2026-01-01' + i % 3000) AS days (day);
    VACUUM ANALYZE tests_note;
"""


def note() -> type[models.Model]:
    class Note(models.Model):
        name = models.CharField(max_length=100)
        body = models.TextField()
        data = models.JSONField()
        tags = ArrayField(models.CharField(max_length=20))
        vector = SearchVectorField()
        period = DateRangeField()
        kind = models.CharField(max_length=20)

        class Meta:
            app_label = "tests"

    return Note


@pytest.fixture(params=["with HypoPG", "without"])
def notes(request: pytest.FixtureRequest, postgres: Scratch) -> Scratch:
    if request.param == "with HypoPG":
        if "hypopg" not in dict(postgres.rows("SELECT name, 1 FROM pg_available_extensions")):
            pytest.skip("no HypoPG")
        postgres.execute("CREATE EXTENSION hypopg")
    postgres.execute("CREATE EXTENSION pg_trgm")
    return postgres


def asked(database: Scratch, *querysets: QuerySet[Any]) -> Asked:
    compiled = [one.query.get_compiler(connection=database.connection).as_sql() for one in querysets]
    (sql, _), *_ = compiled
    return Asked(fingerprint=sql, sql=sql, samples=tuple(Parameters(values) for _, values in compiled))


def advice(database: Scratch, *statements: Asked, **options: Any) -> Advice:
    snapshot = database.snapshot()
    with postgresql.opened(database.connection, snapshot, **LIMITS) as trial:
        return advise(trial.planner, snapshot, statements, **{"budget_bytes": 10**9, **options})


def leftovers(database: Scratch) -> list[tuple[Any, ...]]:
    return database.rows("SELECT relname FROM pg_class WHERE relpersistence = 't' OR relname LIKE 'dbaudit%'")


def chosen(found: Advice) -> list[str]:
    return [one.candidate.describe() for one in found.chosen]


@isolate_apps("tests")
def test_what_the_orm_asks_of_texts_json_arrays_and_ranges_gets_the_index_that_serves_it(notes: Scratch) -> None:
    model = note()
    notes.create(model)
    notes.execute(FILL)
    rows = model._default_manager
    wanted = {
        'gin ((UPPER(CAST("name" AS TEXT))) gin_trgm_ops)': rows.filter(name__icontains="c4ca42"),
        "gin (name gin_trgm_ops)": rows.filter(name__contains="c4ca42"),
        "gin (body gin_trgm_ops)": rows.filter(body__regex="wa[l]rus"),
        "gin (data jsonb_path_ops)": rows.filter(data__contains={"owner": 77}),
        "gin (tags)": rows.filter(tags__overlap=["t77", "t78"]),
        "gin (vector)": rows.filter(vector=SearchQuery("word77", config="english")),
        "gist (period)": rows.filter(period__contains=date(2027, 1, 1)),
        "gin ((TO_TSVECTOR(CAST('english' AS REGCONFIG), COALESCE(\"body\", ''))))": rows.annotate(
            found=SearchVector("body", config="english")
        ).filter(found=SearchQuery("walrus", config="english")),
    }
    statements = [asked(notes, queryset) for queryset in wanted.values()]
    found = advice(notes, *statements)
    assert {*chosen(found)} == {*wanted}
    assert leftovers(notes) == []
    assert all(effect.ratio < 0.1 for effect in found.effects)

    for place, one in enumerate(found.chosen):
        notes.execute(create_index(one.candidate, notes.snapshot().dialect, name=f"real_{place}"))
    # So large a sample that the histogram of the documents does not depend on which rows were drawn.
    notes.execute("SET default_statistics_target = 2000; ANALYZE tests_note; RESET default_statistics_target")
    sizes = [
        size
        for place in range(len(found.chosen))
        for (size,) in notes.rows("SELECT pg_relation_size(%s::regclass)", [f"real_{place}"])
    ]
    assert [one.bytes for one in found.chosen] == pytest.approx(sizes, rel=0.4)
    with postgresql.opened(notes.connection, notes.snapshot(), **LIMITS) as trial:
        for effect in found.effects:
            real = trial.planner.cost(effect.asked, frozenset()).cost
            # What ANALYZE learns of rare words differs from time to time.
            assert real / 4 < effect.after.cost < (real * 4 if "to_tsvector" not in effect.asked.sql else real * 20)


@isolate_apps("tests")
def test_one_index_serves_containment_and_keys_that_exist(notes: Scratch) -> None:
    model = note()
    notes.create(model)
    notes.execute(FILL)
    rows = model._default_manager
    contained = asked(notes, rows.filter(data__contains={"owner": 77}))
    found = advice(notes, contained, asked(notes, rows.filter(data__has_key="nobody")))
    assert chosen(found) == ["gin (data)"]
    [refused] = found.rejected
    assert refused.candidate.keys[0].opclass == "jsonb_path_ops"
    assert "keys that exist" in refused.reason

    notes.execute("CREATE INDEX all_of_it ON tests_note USING gin (data)")
    there = advice(notes, contained)
    assert chosen(there) == []
    assert [one.reason for one in there.rejected] == ["The index all_of_it does all that it would do."]


@isolate_apps("tests")
def test_patterns_that_are_too_short_or_too_common_get_no_index(notes: Scratch) -> None:
    model = note()
    notes.create(model)
    notes.execute(FILL)
    rows = model._default_manager
    for queryset in (
        rows.filter(name__contains="ab"),
        rows.filter(name__icontains="name"),
        rows.filter(tags__overlap=["all"]),
    ):
        found = advice(notes, asked(notes, queryset))
        assert chosen(found) == []
        assert [one.reason for one in found.rejected] == ["The planner uses it for no statement."]


@isolate_apps("tests")
def test_it_competes_with_other_indexes_under_the_budget(notes: Scratch) -> None:
    model = note()
    notes.create(model)
    notes.execute(FILL)
    rows = model._default_manager
    statements = [
        asked(notes, rows.filter(body__contains="walrus")),
        asked(notes, rows.filter(name="name c4ca4238a0b923820dcc509a6f75849b")),
    ]
    both = advice(notes, *statements)
    assert {*chosen(both)} == {"gin (body gin_trgm_ops)", "(name)"}
    one = advice(notes, *statements, budget_bytes=both.bytes - 1)
    assert len(one.chosen) == 1
    assert any("budget" in refused.reason for refused in one.rejected)


@isolate_apps("tests")
def test_several_columns_that_are_searched_at_once_get_an_index_each(notes: Scratch) -> None:
    model = note()
    notes.create(model)
    notes.execute(FILL)
    both = models.Q(name__icontains="c4ca42") | models.Q(body__icontains="walrus")
    found = advice(notes, asked(notes, model._default_manager.filter(both)))
    assert {one.candidate.keys[0].expression for one in found.chosen} == {
        'UPPER(CAST("name" AS TEXT))',
        'UPPER(CAST("body" AS TEXT))',
    }


@isolate_apps("tests")
def test_full_text_without_a_configuration_cannot_be_indexed_and_says_why(notes: Scratch) -> None:
    model = note()
    notes.create(model)
    notes.execute(FILL)
    searched = model._default_manager.annotate(found=SearchVector("body")).filter(found=SearchQuery("walrus"))
    found = advice(notes, asked(notes, searched))
    assert chosen(found) == []
    assert ["config=" in one.reason for one in found.rejected] == [True]


def test_trigrams_are_installable_absent_or_hidden(postgres: Scratch) -> None:
    assert inverted.trigrams(postgres.connection) == inverted.INSTALLABLE
    postgres.execute("CREATE SCHEMA apart; CREATE EXTENSION pg_trgm SCHEMA apart")
    assert inverted.trigrams(postgres.connection) == inverted.HIDDEN.format(schema="apart")
    postgres.execute("ALTER EXTENSION pg_trgm SET SCHEMA public")
    assert inverted.trigrams(postgres.connection) == ""


def test_without_the_extension_the_reason_is_given(postgres_versions: Scratch) -> None:
    postgres_versions.execute(
        "CREATE TABLE note (id integer PRIMARY KEY, body text NOT NULL);"
        "INSERT INTO note SELECT i, md5(i::text) FROM generate_series(1, 5000) i; VACUUM ANALYZE note"
    )
    there = dict(postgres_versions.rows("SELECT name, 1 FROM pg_available_extensions WHERE name = 'pg_trgm'"))
    sql = "SELECT id FROM note WHERE body LIKE %s"
    found = advice(postgres_versions, Asked(fingerprint=sql, sql=sql, samples=(Parameters(("%walrus%",)),)))
    assert [one.reason for one in found.rejected] == [inverted.INSTALLABLE if there else inverted.ABSENT]


@pytest.mark.needs("hypopg")
@isolate_apps("tests")
def test_without_temporary_tables_the_others_are_advised_and_the_reason_is_told(postgres: Scratch) -> None:
    postgres.execute("CREATE EXTENSION hypopg; CREATE EXTENSION pg_trgm")
    model = note()
    postgres.create(model)
    postgres.execute(FILL)
    rows = model._default_manager
    statements = [
        asked(postgres, rows.filter(body__contains="walrus")),
        asked(postgres, rows.filter(name="name c4ca4238a0b923820dcc509a6f75849b")),
    ]
    snapshot = postgres.snapshot()
    settings = postgres.role("reader")
    postgres.execute("GRANT pg_read_all_data TO reader; ALTER ROLE reader SET default_transaction_read_only = on")
    with (
        connected("reader", settings) as connection,
        postgresql.opened(connection, snapshot, **LIMITS) as trial,
    ):
        found = advise(trial.planner, snapshot, statements, budget_bytes=10**9)
    assert trial.source == postgresql.HYPOPG
    assert chosen(found) == ["(name)"]
    assert copies.READ_ONLY in {one.reason for one in found.rejected}


@isolate_apps("tests")
def test_a_small_table_is_searched_in_its_projection(notes: Scratch) -> None:
    model = note()
    notes.create(model)
    notes.execute(FILL.replace(f"{ROWS}", "200"))
    [search] = [asked(notes, model._default_manager.filter(name__icontains="c4ca42"))]
    snapshot = notes.snapshot()
    growth = Growth(factor=17, span=2_000_000)
    tables = [table for table in snapshot.tables if table.name == "tests_note"]
    with grown(notes.connection, snapshot, tables, growth, statement_timeout_ms=30_000) as counts:
        large = growing.grown(snapshot, growth, counts)
        with postgresql.opened(notes.connection, large, counts, **LIMITS) as trial:
            found = advise(trial.planner, large, [search], budget_bytes=10**9)
    assert chosen(found) == ['gin ((UPPER(CAST("name" AS TEXT))) gin_trgm_ops)']
    assert found.effects[0].ratio < 0.6
    assert leftovers(notes) == []


def unserved(column: str) -> Finding:
    return Finding(
        check="lookup_without_possible_index",
        table="tests_note",
        subject=f"No index can serve the search inside of {column}",
        detail="",
        identity=("search inside", column),
        severity=Severity.INFO,
        remedy=Remedy(action=ChangeQuery(before="", after="")),
    )


@isolate_apps("tests")
def test_it_answers_the_finding_that_no_index_serves_the_search_and_says_how_it_was_tried(notes: Scratch) -> None:
    model = note()
    notes.create(model)
    notes.execute(FILL)
    one = asked(notes, model._default_manager.filter(name__icontains="c4ca42"))
    statement = Statement(
        sql=one.sql,
        template=one.sql,
        fingerprint="search",
        alias="default",
        kind="select",
        duration_ms=50.0,
        rows=1,
        tables=("tests_note",),
        parameters=one.samples[0],
    )
    run = QueryRun(id="canned:x", label="x", origin="canned", alias="default", status="slow", statements=(statement,))
    snapshot = replace(notes.snapshot(), runs=(run,))
    wishes = Wishes(budget=Budget(bytes=10**9))
    found, _ = advised(notes.connection, snapshot, wishes, statement_timeout_ms=30_000, lock_timeout_ms=1_000)
    told = recommend([unserved("name"), unserved("body")], snapshot, found)
    [index] = [each for each in told if isinstance(each.remedy.action, CreateIndex)]
    assert index.findings == (unserved("name").key,)
    assert index.gain is not None
    assert index.gain.source == postgresql.COPIED
