"""Rows that would make a remedy fail are found by a query, and counted before it is advised."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from django.apps.registry import Apps

from dbaudit.findings import Finding, Remedy
from dbaudit.gate.passing import Gate
from tests.gate.gating import index, sql

if TYPE_CHECKING:
    from tests.scratch import Scratch


@pytest.fixture
def rows(scratch: Scratch) -> Scratch:
    scratch.execute(
        "CREATE TABLE parent (id integer PRIMARY KEY);"
        'CREATE TABLE "row" (a integer, b text, p integer);'
        "INSERT INTO parent VALUES (1);"
        "INSERT INTO \"row\" VALUES (1, 'x', 1), (1, 'x', 2), (2, NULL, NULL), (2, NULL, NULL), (3, 'o''k', 1)"
    )
    return scratch


def passed(scratch: Scratch, remedy: Remedy) -> Remedy:
    apps = Apps([])
    gate = Gate(scratch.connection, scratch.snapshot(apps), apps, lock_timeout_ms=500)
    [told] = gate.findings([Finding(subject="", detail="", identity=(), remedy=remedy)])
    assert told.remedy.attempt
    assert told.remedy.attempt.state == "verified", told.remedy.attempt
    return told.remedy


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('CREATE UNIQUE INDEX new_idx ON "row" ("a")', 2),
        ('CREATE UNIQUE INDEX new_idx ON "row" ("b")', 1),
        ('CREATE UNIQUE INDEX new_idx ON "row" ("a", "b")', 1),
        ('CREATE UNIQUE INDEX new_idx ON "row" ("a") WHERE "a" > 1', 1),
        ('CREATE UNIQUE INDEX new_idx ON "row" ("a", "p") WHERE "a" = 1', 0),
    ],
)
def test_rows_that_are_alike_keep_a_unique_index_from_being_built(rows: Scratch, text: str, found: int) -> None:
    remedy = passed(rows, replace(index("row", "a", text=text), undo_sql="DROP INDEX new_idx"))
    assert len(rows.rows(remedy.conflicts)) == found
    assert remedy.attempt
    assert (f"({found})" in remedy.attempt.how) == bool(found)
    assert ("No row" in remedy.attempt.how) == (not found)


@pytest.mark.needs("postgresql")
@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('ALTER TABLE "row" ADD CONSTRAINT c UNIQUE ("b");', 1),
        ('ALTER TABLE "row" ADD CONSTRAINT c CHECK ("a" < 3);', 1),
        ('ALTER TABLE "row" ADD CONSTRAINT c CHECK (("a") < 9) NOT VALID;\nALTER TABLE "row" VALIDATE CONSTRAINT c', 0),
        ('ALTER TABLE "row" ADD CONSTRAINT c FOREIGN KEY ("p") REFERENCES "parent" ("id") NOT VALID;', 1),
        ('ALTER TABLE "row" ALTER COLUMN "b" SET NOT NULL;', 2),
        ('ALTER TABLE "row" ADD PRIMARY KEY ("a");', 2),
        ('ALTER TABLE "row" ADD PRIMARY KEY ("a", "p");', 1),
    ],
)
def test_rows_that_break_a_constraint_are_counted_first(postgres: Scratch, text: str, found: int) -> None:
    postgres.execute(
        'CREATE TABLE parent (id integer PRIMARY KEY); CREATE TABLE "row" (a integer, b text, p integer);'
        "INSERT INTO parent VALUES (1);"
        "INSERT INTO \"row\" VALUES (1, 'x', 1), (1, 'x', 2), (2, NULL, 1), (2, NULL, NULL), (3, 'o''k', 1)"
    )
    remedy = passed(postgres, sql(text))
    assert len(postgres.rows(remedy.conflicts)) == found
    assert remedy.attempt
    assert (f"({found})" in remedy.attempt.how) == bool(found)


@pytest.mark.needs("postgresql")
def test_the_rebuild_of_an_invalid_unique_index_begins_with_the_rows_that_made_it_invalid(postgres: Scratch) -> None:
    postgres.execute(
        "CREATE TABLE buy (tenant integer, idem text); INSERT INTO buy VALUES (1, 'k'), (1, 'k'), (2, 'k')"
    )
    with pytest.raises(Exception, match="could not create unique index"):
        postgres.execute("CREATE UNIQUE INDEX CONCURRENTLY buy_idem ON buy (tenant, idem)")
    [found] = postgres.findings("invalid_index")
    assert "unique" in found.detail
    remedy = passed(postgres, found.remedy)
    assert postgres.rows(remedy.conflicts) == [(1, "k", 2)]
    assert remedy.attempt
    assert "(1)" in remedy.attempt.how


def test_what_no_row_can_break_has_no_such_query(rows: Scratch) -> None:
    assert passed(rows, index("row", "a", text='CREATE INDEX "new_idx" ON "row" ("a")')).conflicts == ""


@pytest.mark.needs("postgresql")
def test_a_large_table_is_not_read(postgres: Scratch) -> None:
    postgres.execute('CREATE TABLE "row" (a integer)')
    apps = Apps([])
    snapshot = postgres.snapshot(apps)
    large = replace(snapshot, tables=tuple(replace(one, heap_bytes=10**12) for one in snapshot.tables))
    gate = Gate(postgres.connection, large, apps, lock_timeout_ms=500)
    text = 'ALTER TABLE "row" ADD CONSTRAINT c UNIQUE ("a");'
    [told] = gate.findings([Finding(subject="", detail="", identity=(), remedy=sql(text))])
    assert told.remedy.conflicts
    assert told.remedy.attempt
    assert "not counted" in told.remedy.attempt.how
