"""Real use of a real server: rows, scans and writes that it counts, and the audit of a later day.

The server's counters begin when the test does, and nobody waits a month for them: the audit is told a later day.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.apps.registry import Apps

from dbaudit.checks import Outcome
from dbaudit.facts import Index, Snapshot, Table
from dbaudit.findings import Finding
from tests.checks.operations import outcome
from tests.scratch import Scratch

#: Longer than any check wants the server to have counted.
DAYS = 40


def rows(postgres: Scratch, number: int, columns: str = "a int", values: str = "n", *, table: str = "item") -> None:
    """A table with a key and these columns, filled with so many rows; ``n`` counts them from 1."""
    postgres.execute(f"CREATE TABLE {table} (id bigint PRIMARY KEY, {columns})")
    postgres.execute(f"INSERT INTO {table} SELECT n, {values} FROM generate_series(1, {number}) AS n")
    hand_in(postgres)


def hand_in(scratch: Scratch) -> None:
    """Let the session's counters reach the server now; otherwise they come a second later, or after an ANALYZE."""
    if scratch.vendor == "postgresql":
        scratch.rows("SELECT pg_stat_force_next_flush()")


def use(postgres: Scratch, statement: str, times: int = 1) -> None:
    """Execute a statement so many times, each in a transaction of its own that writes something."""
    loop = f"FOR i IN 1..{times} LOOP PERFORM pg_current_xact_id(); {statement}; COMMIT; END LOOP"
    postgres.execute(f"DO $$ BEGIN {loop}; END $$", ())


def grow_old(postgres: Scratch) -> None:
    """More writing transactions than a new index can have seen."""
    use(postgres, "NULL", 10_001)


def counted(scratch: Scratch, apps: Apps | None = None, *, days: int = DAYS, **options: Any) -> Snapshot:
    """What an audit reads so many days from now."""
    hand_in(scratch)
    return scratch.snapshot(apps, today=today() + timedelta(days=days), **options)


def judged(scratch: Scratch, check: str, apps: Apps | None = None, *, days: int = DAYS, **options: Any) -> Outcome:
    """What one check makes of that."""
    return outcome(check, counted(scratch, apps, days=days, **options))


def found(scratch: Scratch, check: str, apps: Apps | None = None, **options: Any) -> tuple[Finding, ...]:
    """What one check finds there; one that could not judge something fails the test."""
    result = judged(scratch, check, apps, **options)
    assert not result.skipped
    return result.findings


def today() -> date:
    """The server's day."""
    return datetime.now(UTC).date()


def the_table(snapshot: Snapshot, name: str = "item") -> Table:
    """A table that is there."""
    table = snapshot.table(name)
    assert table
    return table


def the_index(snapshot: Snapshot, name: str) -> Index:
    """An index that is there."""
    return next(index for table in snapshot.tables for index in table.indexes if index.name == name)


def facts(finding: Finding) -> dict[str, str | int | float]:
    """The evidence by name."""
    return {one.what: one.value for one in finding.evidence}
