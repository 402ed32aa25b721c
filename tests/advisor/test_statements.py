"""Query runs become statements that an index could help."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from dbaudit.advisor.statements import asked, changed_columns, rows_of
from dbaudit.advisor.weights import weights
from dbaudit.facts import Location, Origin, Parameters, QueryRun, Statement
from dbaudit.workload.recording.template import template


def run(origin: Origin, sql: str, *values: tuple[Any, ...], calls: int | None = None, ms: float = 2.0) -> QueryRun:
    known = template(sql)
    statements = tuple(
        Statement(
            sql=sql,
            template=known.text,
            fingerprint=known.fingerprint,
            alias="default",
            kind=known.kind,
            duration_ms=ms,
            parameters=Parameters(one),
        )
        for one in values
    )
    return QueryRun(
        id=f"{origin}:{sql[:9]}",
        label="x",
        origin=origin,
        alias="default",
        status="good",
        calls=calls,
        statements=statements,
    )


def test_inserts_and_writes_of_every_row_are_left_out() -> None:
    assert asked([run("captured", "INSERT INTO t VALUES (%s)", (1,)), run("captured", "DELETE FROM t", ())]) == ()


def test_the_same_statement_is_one_with_its_samples_the_most_frequent_first() -> None:
    sql = "SELECT a FROM t WHERE b = %s"
    (found,) = asked([run("captured", sql, (1,), (2,)), run("canned", sql, (2,))])
    assert [one.values for one in found.samples] == [(2,), (1,)]
    assert (found.calls, found.mean_ms) == (3.0, 2.0)


def test_what_is_asked_once_for_each_row_counts_as_asked_once() -> None:
    sql = "SELECT a FROM t WHERE b = %s"
    (parent,) = run("canned", "SELECT b FROM p", ()).statements
    again = run("canned", sql, (1,), (2,), (3,), (4,))
    asks = tuple(
        replace(one, asked="t.T.p", asker="reverse", arguments=number, stack=(Location("app/pages.py", 7),))
        for number, one in enumerate(again.statements, start=1)
    )
    first = replace(parent, rows=4)
    looped = replace(again, statements=(first, *asks))
    found = {one.sql: one for one in asked([looped])}
    assert (found[sql].calls, found[sql].repeated) == (1.0, True)
    assert len(found[sql].samples) == 4
    elsewhere = {one.sql: one for one in asked([looped, run("captured", sql, (9,))])}
    assert (elsewhere[sql].calls, elsewhere[sql].repeated) == (2.0, False)


def test_what_the_server_counted_tells_how_often_and_how_long() -> None:
    runs = [
        run("captured", "SELECT a FROM t WHERE b = %s", (1,)),
        run("statements", "SELECT a FROM t WHERE b = $1", (), calls=500, ms=7.0),
    ]
    (found,) = asked(runs)
    assert (found.calls, found.mean_ms, found.sql) == (500.0, 7.0, "SELECT a FROM t WHERE b = %s")
    assert found.observed_ms == 7.0


def test_the_audit_s_own_clock_weighs_nothing_and_that_of_a_recording_does() -> None:
    [timed] = asked([run("canned", "SELECT a FROM t WHERE b = %s", (1,), ms=900.0)])
    assert (timed.mean_ms, timed.observed_ms) == (900.0, None)
    assert weights([timed, timed], [10.0, 10.0]) == weights([replace(timed, mean_ms=1.0), timed], [10.0, 10.0])
    [recorded] = asked([run("captured", "SELECT a FROM t WHERE b = %s", (1,), ms=900.0)])
    assert recorded.observed_ms == 900.0


def test_a_text_with_other_literals_is_reworded() -> None:
    first, second = (
        run("captured", "SELECT a FROM t WHERE b = 1", ()),
        run("captured", "SELECT a FROM t WHERE b = 2", ()),
    )
    [found] = asked([first, second])
    assert found.reworded
    [found] = asked([first, first])
    assert not found.reworded


def test_an_update_is_the_read_of_its_rows_with_the_values_of_its_condition() -> None:
    text, (sample,) = rows_of('UPDATE "t" SET "a" = %s, "b" = %s WHERE "t"."id" = %s', [Parameters((1, 2, 3))]) or (
        "",
        (),
    )
    assert text == 'SELECT 1 FROM "t" WHERE "t"."id" = %s'
    assert sample.values == (3,)


def test_a_delete_s_numbered_placeholders_have_no_gaps() -> None:
    assert rows_of("UPDATE t SET a = $1 WHERE b = $2", []) == ("SELECT 1 FROM t WHERE b = $1", ())


def test_row_locks_are_taken_off() -> None:
    assert rows_of("SELECT a FROM t WHERE b = 1 FOR UPDATE SKIP LOCKED", []) == ("SELECT a FROM t WHERE b = 1", ())


def test_the_columns_of_an_update_are_told() -> None:
    assert changed_columns('UPDATE "t" SET "A" = %s, b = b + 1 WHERE c = 2') == {"a", "b"}
    assert changed_columns("SELECT a FROM t") == frozenset()
