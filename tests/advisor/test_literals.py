"""What a call sends is never part of an index: only the schema's own words, and what stands in the statement's text."""

from __future__ import annotations

from typing import Any

import pytest

from dbaudit.advisor import candidates, roles
from dbaudit.advisor.candidate import Asked
from dbaudit.facts import Column, ColumnStatistics, Parameters, Snapshot, Table
from dbaudit.facts.dialect import Dialect


def column(name: str, kind: str, distinct: float) -> Column:
    seen = ColumnStatistics(null_fraction=0.0, distinct=distinct, width=8)
    return Column(name=name, type=kind, nullable=False, statistics=seen)


CITY = Table(
    name="city",
    rows=30_000,
    primary_key=("id",),
    columns=(
        column("id", "bigint", 30_000),
        column("name", "varchar(80)", 30_000),
        column("note", "text", 997),
        column("people", "integer", 30_000),
        column("lat", "double precision", 30_000),
        column("at", "timestamp with time zone", 30_000),
        column("source", "varchar(20)", 3),
        column("ref", "varchar(40)", 30_000),
        column("open", "boolean", 2),
        column("data", "jsonb", 30_000),
    ),
)
SNAPSHOT = Snapshot(
    alias="default", vendor="postgresql", server_version="15", dialect=Dialect("postgresql"), tables=(CITY,)
)


def asked(sql: str, *samples: tuple[Any, ...], **more: Any) -> Asked:
    return Asked(fingerprint="f", sql=sql, samples=tuple(map(Parameters, samples)), **more)


def proposed(question: Asked, *chosen_from: str) -> list[str]:
    return [
        one.describe()
        for place in roles.occurrences(question, SNAPSHOT)
        for one in candidates.propose(place, question, "postgresql", frozenset(chosen_from))
    ]


@pytest.mark.parametrize(
    ("rest", "values"),
    [
        ('WHERE SIMILARITY("city"."name", %s) > %s', ("Sprinfeild 77", 0.3)),
        ('ORDER BY SIMILARITY("city"."name", %s) DESC LIMIT 10', ("Sprinfeild 77",)),
        ('ORDER BY CASE WHEN "city"."name" = %s THEN %s ELSE %s END LIMIT 10', ("Springfield 77", 0, 1)),
        ('ORDER BY ABS("city"."lat" - %s) LIMIT 10', (48.137,)),
        ('ORDER BY "city"."lat" <-> %s LIMIT 10', (48.137,)),
        ('WHERE STRPOS("city"."name", %s) > %s ORDER BY STRPOS("city"."name", %s)', ("field", 0, "field")),
        ('WHERE ("city"."people" * %s) / %s > %s', (100, 4711, 600)),
        ('GROUP BY COALESCE("city"."note", %s)', ("unknown",)),
        ('WHERE ts_rank(to_tsvector(%s::regconfig, COALESCE("city"."note", %s)), plainto_tsquery(%s)) > %s',
         ("english", "", "w77", 0.1)),
        ('WHERE ("city"."at" + %s)::date = %s', ("3 days", "2026-01-01")),
        ('WHERE ("city"."data" ->> %s) || %s = %s', ("k", "secret", "x")),
    ],
)  # fmt: skip
@pytest.mark.parametrize("times", [1, 3])
def test_what_a_call_sends_is_in_no_index_however_often_it_was_seen(
    rest: str, values: tuple[Any, ...], times: int
) -> None:
    told = proposed(asked(f'SELECT "city"."id" FROM "city" {rest}', *[values] * times))
    assert not [
        one for one in told for value in values if isinstance(value, str | float) and value and str(value) in one
    ]
    assert not [one for one in told if "4711" in one or "CASE" in one or "SIMILARITY" in one]


SEARCH = (
    'WHERE to_tsvector(%s::regconfig, COALESCE("city"."name", %s) || %s || COALESCE("city"."note", %s)) '
    "@@ plainto_tsquery(%s::regconfig, %s)"
)


@pytest.mark.parametrize(
    ("rest", "values", "key"),
    [
        ('WHERE ("city"."at" AT TIME ZONE %s)::date = %s', ("UTC", "2026-01-01"), "'UTC'"),
        ('WHERE ("city"."data" ->> %s) = %s', ("customer", "c77"), "->> 'customer'"),
        ('WHERE ("city"."data" #>> %s) = %s', (["ship", "city"], "x"), "#>> '{ship,city}'"),
        (SEARCH, ("english", "", " ", "", "english", "w77"), "'english'"),
        ('WHERE DATE_TRUNC(%s, "city"."at" AT TIME ZONE %s) = %s', ("month", "UTC", "2026-01-01"), "'UTC'"),
        ('WHERE SUBSTR("city"."name", 1, 3) = %s', ("Spr",), "SUBSTRING"),
    ],
)  # fmt: skip
def test_the_schema_s_own_words_and_those_of_the_text_are(rest: str, values: tuple[Any, ...], key: str) -> None:
    told = proposed(asked(f'SELECT "city"."id" FROM "city" {rest}', values))
    assert [one for one in told if key in one], told


def test_a_number_of_the_text_that_differs_from_call_to_call_is_none_of_the_statement_s() -> None:
    sql = 'SELECT "city"."id" FROM "city" WHERE "city"."people" / 4711 = %s'
    assert [one for one in proposed(asked(sql, (1,))) if "4711" in one]
    assert not [one for one in proposed(asked(sql, (1,), reworded=True)) if "4711" in one]


UPSERT = 'SELECT "city"."id" FROM "city" WHERE "city"."ref" = %s AND "city"."source" = %s'
DEMONSTRATION = 'def upsert():\n    City.objects.update_or_create(source="shop", ref="77")\n'


def test_one_demonstration_makes_no_partial_index() -> None:
    told = proposed(asked(UPSERT, ("77", "shop"), sources=(DEMONSTRATION,)))
    assert "(ref, source)" in told
    assert not [one for one in told if "WHERE" in one]


def test_a_choice_that_the_function_names_makes_one() -> None:
    assert "(ref) WHERE \"source\" = 'shop'" in proposed(
        asked(UPSERT, ("77", "shop"), sources=(DEMONSTRATION,)), "source"
    )
    member = DEMONSTRATION.replace('"shop"', "Source.SHOP")
    assert "(ref) WHERE \"source\" = 'shop'" in proposed(asked(UPSERT, ("77", "shop"), sources=(member,)), "source")
    # One that was looked up is a value like any other.
    looked_up = DEMONSTRATION.replace('"shop"', "City.objects.first().source")
    assert not [
        one for one in proposed(asked(UPSERT, ("77", "shop"), sources=(looked_up,)), "source") if "WHERE" in one
    ]


def test_what_every_one_of_several_calls_sends_makes_one() -> None:
    assert "(ref) WHERE \"source\" = 'shop'" in proposed(asked(UPSERT, ("77", "shop"), ("78", "shop")))


def test_booleans_and_null_make_one_always() -> None:
    told = proposed(asked('SELECT id FROM "city" WHERE "city"."open" AND "city"."ref" IS NULL ORDER BY people', ()))
    assert '(people) WHERE "open"' in told
    assert '(people) WHERE "ref" IS NULL' in told


def test_a_value_of_the_text_makes_one_where_the_project_wrote_it() -> None:
    sql = "SELECT id FROM city WHERE source = 'shop' AND ref = %s"
    written = "City.objects.raw(\"SELECT id FROM city WHERE source = 'shop' AND ref = %s\", [ref])"
    assert "(ref) WHERE \"source\" = 'shop'" in proposed(asked(sql, ("77",), sources=(written,)))
    filled = 'City.objects.raw(f"SELECT id FROM city WHERE source = {source!r} AND ref = %s", [ref])'
    assert not [one for one in proposed(asked(sql, ("77",), sources=(filled,))) if "WHERE" in one]
