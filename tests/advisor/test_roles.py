"""What a statement asks of each table, however it is written."""

from __future__ import annotations

from typing import Any

import pytest

from dbaudit.facts import Column, Parameters, Snapshot, Table
from dbaudit.facts.dialect import Dialect

roles = pytest.importorskip("dbaudit.advisor.roles")

from dbaudit.advisor.candidate import Asked, UnplannableError  # noqa: E402  after the check for the parser


def table(name: str, schema: str = "", **columns: str) -> Table:
    found = tuple(Column(name=one, type=kind, nullable=True) for one, kind in columns.items())
    return Table(name=name, schema=schema, columns=found)


ORDER = table(
    "order", id="bigint", customer_id="bigint", status="text", placed="timestamp", note="varchar(20)", ok="boolean"
)
HOSTILE = Table(name='a"b', schema="S x", columns=(Column(name='c "d"', type="text", nullable=True),))
LINE = table("line", id="bigint", order_id="bigint", sku="text")
SNAPSHOT = Snapshot(
    alias="default",
    vendor="postgresql",
    server_version="15",
    dialect=Dialect("postgresql"),
    tables=(ORDER, HOSTILE, LINE),
)


def read(sql: str, *samples: tuple[Any, ...]) -> Any:
    asked = Asked(fingerprint="f", sql=sql, samples=tuple(Parameters(one) for one in samples))
    return roles.occurrences(asked, SNAPSHOT)


def terms(occurrence: Any) -> set[tuple[str, str]]:
    return {(term.role, str(term.key)) for term in occurrence.terms if term.key}


def test_silent_on_the_output_of_a_subquery() -> None:
    (found,) = read('SELECT * FROM (SELECT status, count(*) AS id FROM "order" GROUP BY status) s WHERE s.id = 3')
    assert not found.terms


def test_one_name_that_cannot_be_resolved_keeps_nothing_else_from_being_read() -> None:
    (found,) = read('SELECT nowhere.x FROM "order" WHERE nothing = 1 AND status = %s', ("x",))
    assert terms(found) == {("equal", "status")}


def test_a_table_that_is_gone_is_named() -> None:
    with pytest.raises(UnplannableError, match="gone"):
        read("SELECT 1 FROM gone WHERE a = 1")


def test_what_does_not_parse_is_refused_in_one_sentence() -> None:
    with pytest.raises(UnplannableError, match="could not be taken apart"):
        read("SELECT FROM WHERE ((")


def test_literals_keep_their_case() -> None:
    (found,) = read('SELECT id FROM "order" WHERE status = %s', ("PaId",))
    assert [term.literal for term in found.terms] == ["'PaId'"]


def test_a_value_that_differs_between_samples_is_no_literal() -> None:
    (found,) = read('SELECT id FROM "order" WHERE status = %s', ("a",), ("b",))
    assert [term.literal for term in found.terms] == [""]


def test_hostile_names_are_resolved_and_quoted() -> None:
    (found,) = read('SELECT 1 FROM "S x"."a""b" t WHERE t."c ""d""" IS NULL')
    assert [(term.role, term.key.column, term.test) for term in found.terms] == [
        ("null", 'c "d"', '"c ""d""" IS NULL'),
    ]


def test_equality_range_sort_and_limit_are_told_apart() -> None:
    (found,) = read(
        'SELECT "o"."id" FROM "order" "o" WHERE "o"."customer_id" = %s AND "o"."placed" >= %s'
        ' ORDER BY "o"."placed" DESC NULLS LAST LIMIT 20',
        (1, "2026-01-01"),
    )
    assert terms(found) == {("equal", "customer_id"), ("range", "placed")}
    assert [str(key) for key in found.order] == ["placed DESC NULLS LAST"]
    assert found.limited
    assert set(found.columns) == {"id", "customer_id", "placed"}


def test_a_boolean_is_a_test_of_the_statement_s_text() -> None:
    (found,) = read('SELECT id FROM "order" WHERE NOT "order"."ok"')
    assert [(term.role, term.test) for term in found.terms] == [("equal", 'NOT "ok"')]


def test_joins_name_both_sides_and_correlated_subqueries_too() -> None:
    joined = read('SELECT 1 FROM "order" o JOIN line l ON l.order_id = o.id')
    exists = read('SELECT 1 FROM "order" o WHERE EXISTS (SELECT 1 FROM line l WHERE l.order_id = o.id)')
    for found in (joined, exists):
        assert {(one.table.name, *terms(one)) for one in found} == {
            ("order", ("join", "id")),
            ("line", ("join", "order_id")),
        }


def test_what_the_orm_compiles_for_iexact_and_dates_is_an_expression() -> None:
    (found,) = read(
        'SELECT id FROM "order" WHERE UPPER("order"."note"::text) = UPPER(%s)'
        ' AND ("order"."placed" AT TIME ZONE %s)::date = %s',
        ("x", "UTC", "2026-01-01"),
    )
    assert {term.key.expression for term in found.terms} == {
        'UPPER(CAST("note" AS TEXT))',
        "CAST((\"placed\" AT TIME ZONE 'UTC') AS DATE)",
    }


def test_a_pattern_is_a_prefix_only_where_every_sample_begins_with_a_letter() -> None:
    sql = 'SELECT id FROM "order" WHERE "order"."note"::text LIKE %s'
    assert terms(read(sql, ("ab%",))[0]) == {("prefix", "note")}
    assert terms(read(sql, ("ab%",), ("%ab",))[0]) == {("match", "note")}


def test_the_parts_of_an_or_stand_apart() -> None:
    (found,) = read('SELECT id FROM "order" WHERE status = %s OR customer_id = %s', ("x", 1))
    assert {(str(term.key), term.branch) for term in found.terms} == {("status", 1), ("customer_id", 2)}
