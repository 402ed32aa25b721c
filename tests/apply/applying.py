"""Steps for the tests, and a run of them with limits that suit a test."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

import psycopg

from dbaudit.apply import running
from dbaudit.apply.journal import Journal
from dbaudit.apply.recording import Recorder
from dbaudit.apply.steps import Definition, Done, Limits, Plan, Step
from tests.scratch import Scratch

QUICK = Limits(max_wait=10, give_way=0.1, min_free_bytes=None, attempts=4, pause=0.05, poll=0.02, short_lock_ms=50)
#: Seconds in which something must come about.
DEADLINE = 20.0

INVALID = "SELECT indexrelid::regclass::text FROM pg_index WHERE NOT (indisvalid AND indisready AND indislive)"
INDEXES = "SELECT indexname FROM pg_indexes WHERE schemaname = 'public' AND tablename = %s ORDER BY 1"


def creation(table: str, name: str, body: str, *, number: int = 1, unique: bool = False, **more: Any) -> Step:
    """The step that builds an index; ``body`` is what stands after the table."""
    return Step(
        number=number,
        key=f"test:{table}:{name}",
        action="create",
        table=table,
        definition=Definition(name=name, body=body, unique=unique),
        sql=f"CREATE INDEX CONCURRENTLY {name} ON {table} {body};",
        undo_sql=f"DROP INDEX CONCURRENTLY {name};",
        **more,
    )


def removal(table: str, name: str, body: str, *, number: int = 1, because: str = "", **more: Any) -> Step:
    """The step that drops an index."""
    built = creation(table, name, body, number=number)
    return replace(built, action="drop", sql=built.undo_sql, undo_sql=built.sql, because=because, **more)


@dataclass
class Run:
    """A run of steps on a scratch database. ``said`` is what it told meanwhile."""

    scratch: Scratch
    journal: Journal
    limits: Limits = QUICK
    said: list[str] = field(default_factory=list)

    def __call__(self, *steps: Step, record: Recorder | None = None, **limits: Any) -> tuple[Done, ...]:
        """Carry the steps out, as a run of their own unless a recorder is given."""
        if record is None:
            self.journal.started(Plan(alias=self.scratch.alias, vendor=self.scratch.vendor, steps=steps), "scratch")
        ears = running.Ears(tell=self.said.append)
        bounds = replace(self.limits, **limits)
        result = running.carry_out(self.scratch.connection, steps, record or self.journal, bounds, ears)
        if record is None and not result.failed:
            self.journal.finished()
        return result.done

    def outcomes(self, *steps: Step, **limits: Any) -> list[str]:
        """The outcomes of the steps."""
        return [one.outcome for one in self(*steps, **limits)]


def runner(scratch: Scratch, folder: Path) -> Run:
    """Runs on a scratch database with a journal in a folder."""
    return Run(scratch, Journal(folder / "journal.jsonl", run="run"))


@contextmanager
def another(scratch: Scratch, *, autocommit: bool = False) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
    """Somebody else's connection to the database, without Django; in a transaction unless told otherwise."""
    settings = scratch.connection.settings_dict
    connection = psycopg.connect(
        host=settings["HOST"],
        port=settings["PORT"],
        user=settings["USER"],
        password=settings["PASSWORD"],
        dbname=settings["NAME"],
        autocommit=autocommit,
        application_name="somebody else",
    )
    try:
        yield connection
    finally:
        connection.close()


@contextmanager
def holding(scratch: Scratch, *statements: str) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
    """Somebody else's transaction, open after these statements, until the block ends or it is ended by hand."""
    with another(scratch) as connection:
        for statement in statements or ("SELECT 1",):
            connection.execute(statement)
        yield connection


def refused(connection: psycopg.Connection[tuple[Any, ...]], statement: str) -> str:
    """Run somebody's statement that must fail, and give the server's code of the error."""
    try:
        connection.execute(statement)
    except psycopg.Error as error:
        return error.sqlstate or ""
    raise AssertionError(f"not refused: {statement}")


def until(condition: Callable[[], Any], what: str) -> Any:
    """Wait until the condition holds, asking again and again; a test fails where it never does."""
    deadline = time.monotonic() + DEADLINE
    while not (found := condition()):
        assert time.monotonic() < deadline, f"never: {what}"
        time.sleep(0.01)
    return found


class Beside:
    """A function that runs beside the test; leaving the block waits for it and gives its result or its error."""

    def __init__(self, function: Callable[[], Any]) -> None:
        self._function = function
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._error: BaseException | None = None
        self.result: Any = None

    def _run(self) -> None:
        try:
            self.result = self._function()
        except BaseException as error:  # noqa: BLE001 - it is raised where the test waits for it
            self._error = error

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *raised: object) -> None:
        self._thread.join(DEADLINE)
        assert not self._thread.is_alive(), "it has not come to its end"
        if self._error is not None and raised[0] is None:
            raise self._error


# A function that a build calls for every row, and that waits for whoever holds this advisory lock.
GATE = 4711
GATED = f"""
CREATE FUNCTION gated(value int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    PERFORM pg_advisory_lock_shared({GATE});
    PERFORM pg_advisory_unlock_shared({GATE});
    RETURN value;
END $$
"""

PHASES = (
    "waiting for writers before build",
    "building index",
    "waiting for writers before validation",
    "index validation: scanning table",
    "waiting for old snapshots",
)


@contextmanager
def held_at(run: Run, phase: str, step: Step) -> Iterator[tuple[Beside, int]]:
    """A run of a step beside the test, held in one phase of its build; it goes on when the block ends.

    The step's index must have the expression ``gated(kind)``. Gives the run and the server's process that builds.
    """
    scratch = run.scratch
    with another(scratch, autocommit=True) as gate, another(scratch) as other, another(scratch, autocommit=True) as eye:
        if phase == PHASES[4]:
            other.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            other.execute("SELECT 1")
        else:
            other.execute("UPDATE items SET code = code WHERE id = 1")
        with Beside(lambda: run(step)) as beside:
            try:
                if phase in PHASES[1:4]:
                    until(lambda: phase_of(eye, PHASES[0]), PHASES[0])
                    gate.execute("SELECT pg_advisory_lock(%s)", [GATE])
                    other.commit()
                    until(lambda: phase_of(eye, PHASES[1]), PHASES[1])
                if phase in PHASES[2:4]:
                    other.execute("INSERT INTO items VALUES (-1, 1, 'new', true)")
                    gate.execute("SELECT pg_advisory_unlock(%s)", [GATE])
                    until(lambda: phase_of(eye, PHASES[2]), PHASES[2])
                if phase == PHASES[3]:
                    gate.execute("SELECT pg_advisory_lock(%s)", [GATE])
                    other.commit()
                pid = until(lambda: phase_of(eye, phase), phase)
                yield beside, pid
            finally:
                gate.close()
                other.close()


def phase_of(watcher: psycopg.Connection[tuple[Any, ...]], phase: str) -> int | None:
    """The process that builds an index and is in this phase, None while there is none."""
    row = watcher.execute("SELECT pid FROM pg_stat_progress_create_index WHERE phase LIKE %s", [f"{phase}%"]).fetchone()
    return int(row[0]) if row else None


def invalid(scratch: Scratch) -> list[str]:
    """The invalid indexes of the database."""
    return [name for (name,) in scratch.rows(INVALID)]


def indexes(scratch: Scratch, table: str = "items") -> list[str]:
    """The names of a table's indexes."""
    return [name for (name,) in scratch.rows(INDEXES, [table])]
