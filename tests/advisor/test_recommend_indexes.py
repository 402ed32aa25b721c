"""The advisor's indexes among the findings: one problem is one entry, builds and drops are one plan."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from django.apps.registry import Apps

from dbaudit.advisor.candidate import Candidate
from dbaudit.advisor.concluded import Advised
from dbaudit.advisor.recommend import index_plan, plan, recommend
from dbaudit.advisor.room import LEAST_ROOM, room
from dbaudit.advisor.trials import run
from dbaudit.advisor.trials import sqlite as sqlite_trial
from dbaudit.advisor.trials.run import Wishes, advised
from dbaudit.amounts import Budget
from dbaudit.facts import Index, IndexKey, Parameters, QueryRun, Snapshot, Statement, Table
from dbaudit.facts.dialect import Dialect
from dbaudit.findings import CreateIndex, DropIndex, Finding, Remedy, Severity
from dbaudit.workload.recording.template import template

if TYPE_CHECKING:
    from dbaudit.facts.workload import Origin
    from tests.scratch import Scratch

LOOKUP = 'SELECT * FROM "item" WHERE "place_id" = %s AND "state" = %s'
ROWS = 60_000


def asked(sql: str, *values: object, name: str = "lookup", origin: Origin = "canned") -> QueryRun:
    told = template(sql)
    statement = Statement(
        sql=sql,
        template=told.text,
        fingerprint=told.fingerprint,
        alias="default",
        kind="select",
        duration_ms=5.0,
        rows=3,
        tables=("item",),
        parameters=Parameters(values),
    )
    return QueryRun(
        id=f"{origin}:{name}", label=name, origin=origin, alias="default", status="good", statements=(statement,)
    )


def filled(database: Scratch, rows: int) -> Snapshot:
    database.execute(
        "CREATE TABLE item (id integer PRIMARY KEY, place_id integer NOT NULL, state integer NOT NULL, note text);"
        "CREATE INDEX item_place ON item (place_id);"
        f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows}) "
        "INSERT INTO item SELECT i, i % 60, i % 97, 'a note' FROM n"
    )
    return database.snapshot(Apps([]))


def advise(database: Scratch, snapshot: Snapshot, *runs: QueryRun, **wishes: object) -> tuple[Snapshot, Advised]:
    snapshot = replace(snapshot, runs=runs)
    found, skipped = advised(
        database.connection,
        snapshot,
        Wishes(**{"budget": Budget(bytes=2**30), **wishes}),  # type: ignore[arg-type]
        statement_timeout_ms=30_000,
        lock_timeout_ms=2_000,
    )
    assert found is not None, skipped
    return snapshot, found


def finding(check: str, action: CreateIndex | DropIndex, *identity: str) -> Finding:
    return Finding(
        check=check,
        table="item",
        subject=check,
        detail="",
        identity=identity or ("x",),
        remedy=Remedy(action=action),
        severity=Severity.WARNING,
    )


def test_without_a_query_there_is_no_advice_and_the_reason_is_told(sqlite: Scratch) -> None:
    snapshot = filled(sqlite, 10)
    found, [skipped] = advised(
        sqlite.connection, snapshot, Wishes(), statement_timeout_ms=30_000, lock_timeout_ms=2_000
    )
    assert found is None
    assert skipped.reason == run.NO_STATEMENT


def test_a_file_that_is_too_large_is_told_and_the_audit_goes_on(
    sqlite: Scratch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_trial, "COPIED_UP_TO_BYTES", 8_192)
    snapshot = replace(filled(sqlite, 1_000), runs=(asked(LOOKUP, 1, 1),))
    found, [skipped] = advised(
        sqlite.connection, snapshot, Wishes(), statement_timeout_ms=30_000, lock_timeout_ms=2_000
    )
    assert found is None
    assert "copy in memory" in skipped.reason


def test_an_index_says_what_it_helps_what_it_takes_and_what_it_makes_needless(sqlite: Scratch) -> None:
    snapshot, found = advise(sqlite, filled(sqlite, ROWS), asked(LOOKUP, 3, 5))
    assert found.growth is None
    [first] = recommend((), snapshot, found)
    [drop] = first.drops
    assert first.remedy.facts()["columns"] == ("place_id", "state")
    assert first.priority == "high"
    assert first.phase == 1
    assert first.risk == "safe"
    assert first.replaces == ("item_place",)
    [helped] = first.helps
    assert helped.after < helped.before / 5
    assert (helped.query, helped.ms, helped.rows) == ("'lookup'", 5.0, 3)
    assert helped.today_before is None
    assert first.cost is not None
    assert first.cost.bytes is not None
    assert first.cost.net_bytes is not None
    assert first.cost.net_bytes < first.cost.bytes
    assert first.remedy.verification.startswith("It was tried")
    assert drop.facts()["name"] == "item_place"
    assert drop.sql


def test_builds_and_drops_are_one_plan(sqlite: Scratch) -> None:
    snapshot, found = advise(sqlite, filled(sqlite, ROWS), asked(LOOKUP, 3, 5))
    told = recommend((), snapshot, found)
    whole = index_plan(told, (), snapshot, found, explain_rejected=True)
    assert (whole.built, whole.dropped, whole.entries) == (1, 1, 0)
    assert whole.net_bytes == whole.built_bytes - whole.freed_bytes
    assert whole.after < whole.before
    assert whole.refused
    assert not index_plan(told, (), snapshot, found).refused
    assert [phase.number for phase in plan(told)] == [1]


def test_a_finding_that_the_index_answers_is_part_of_it(sqlite: Scratch) -> None:
    snapshot, found = advise(sqlite, filled(sqlite, ROWS), asked(LOOKUP, 3, 5))
    narrow = finding("unindexed_foreign_key", CreateIndex(table="item", columns=("place_id",), name="a"))
    other = finding("unserved_ordering", CreateIndex(table="item", columns=("note",), name="b"))
    slow = replace(finding("slow_query", CreateIndex(table="", name="c")), identity=("canned:lookup",), table="")
    drift = finding("missing_index", CreateIndex(table="item", columns=("place_id",), name="d"))
    told = recommend([narrow, other, slow, drift], snapshot, found)
    [first] = [one for one in told if one.helps]
    assert {*first.findings} == {narrow.key, slow.key}
    assert {key for one in told for key in one.findings} == {narrow.key, other.key, slow.key, drift.key}


def test_an_index_that_a_finding_drops_is_not_dropped_twice(sqlite: Scratch) -> None:
    snapshot, found = advise(sqlite, filled(sqlite, ROWS), asked(LOOKUP, 3, 5))
    unused = finding("unused_index", DropIndex(table="item", name="item_place"), "(place_id)")
    told = recommend([unused], snapshot, found)
    assert [one.findings for one in told if not one.helps] == [(unused.key,)]
    assert index_plan(told, [unused], snapshot, found).dropped == 1


def test_a_small_table_is_projected_and_says_what_it_is_today(sqlite: Scratch) -> None:
    snapshot, found = advise(sqlite, filled(sqlite, 150), asked(LOOKUP, 3, 63))
    assert found.growth is not None
    first = recommend((), snapshot, found)[0]
    assert first.priority != "high"
    assert first.remedy.verification.startswith(f"A projection at {found.growth.times:,} times the rows")
    assert first.helps[0].today_before is not None
    assert first.helps[0].ms == 5.0


def test_a_budget_without_room_buys_nothing(sqlite: Scratch) -> None:
    _, found = advise(sqlite, filled(sqlite, ROWS), asked(LOOKUP, 3, 5), budget=Budget(bytes=10))
    assert not found.advice.chosen
    assert any("more than the 10 that new indexes may take" in one.reason for one in found.advice.rejected)
    assert not any("beside those" in one.reason for one in found.advice.rejected)


def test_one_pass_finds_it_too(sqlite: Scratch) -> None:
    _, found = advise(sqlite, filled(sqlite, ROWS), asked(LOOKUP, 3, 5), quick=True)
    wanted = Candidate(table="item", keys=(IndexKey(column="place_id"), IndexKey(column="state")))
    assert [one.candidate for one in found.advice.chosen] == [wanted]


def test_a_statement_that_cannot_be_planned_is_named_and_the_rest_is_advised(sqlite: Scratch) -> None:
    gone = asked('SELECT * FROM "item", "gone" WHERE "state" = %s', 3, name="gone")
    _, found = advise(sqlite, filled(sqlite, ROWS), asked(LOOKUP, 3, 5), gone)
    assert found.advice.chosen
    assert any("No such table" in one.reason for one in found.advice.skipped)


def test_a_share_of_small_tables_has_room_for_an_index_and_what_was_built_before_has_taken_its_part() -> None:
    keys = (IndexKey(column="state"),)
    known = Candidate(table="item", keys=keys)
    index = Index(name=known.name, table="item", keys=keys, bytes=2**20)
    table = Table(name="item", rows=50_000, heap_bytes=2**21)
    snapshot = Snapshot(
        alias="default", vendor="postgresql", server_version="15", dialect=Dialect("postgresql"), tables=(table,)
    )
    assert room(Budget(share=0.5), snapshot) == LEAST_ROOM
    assert room(Budget(bytes=2**20), snapshot) == 2**20
    assert room(Budget(share=0.0), snapshot) == 0
    built = replace(snapshot, tables=(replace(table, indexes=(index, replace(index, name="own"))),))
    assert room(Budget(share=0.5), built) == LEAST_ROOM - 2**20
    assert room(Budget(bytes=10), built) == 0
