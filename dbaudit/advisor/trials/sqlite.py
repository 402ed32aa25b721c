"""What-if trials on SQLite: indexes are really built, on a copy in memory, and the machine's steps are counted.

SQLite tells no costs. It does tell how many instructions of its virtual machine a statement takes: it asks a progress
handler whether to go on after every one. That needs no model, depends on no clock and is the same on every machine.
The user's file is read once, by SQLite itself; nothing is written beside it, and a killed audit leaves nothing.
"""

from __future__ import annotations

import itertools
import operator
import re
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import Error
from django.db.backends.base.base import BaseDatabaseWrapper

from dbaudit.advisor.candidate import Asked, Candidate, Planned, UnplannableError
from dbaudit.advisor.growth import Growth
from dbaudit.advisor.trials.definition import create_index
from dbaudit.connection.errors import sqlstate
from dbaudit.connection.exceptions import message
from dbaudit.facts import Plan, Snapshot, Table
from dbaudit.workload.plans import sqlite_nodes

MIB = 2**20
#: Files above this are not copied: the copy lies in memory.
COPIED_UP_TO_BYTES = 256 * MIB
#: A statement that takes more instructions than this is taken to need so many.
MAX_STEPS = 20_000_000
#: So many instructions take about as long as a plan.
STEPS_A_PLAN = 100_000
#: The part of the rows that must have values of their own for a text to be counted a name.
NAMES = 0.9
_INDEXES = "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = ? AND sql IS NOT NULL"
_UNIQUE = re.compile(r"CREATE\s+UNIQUE\s+INDEX", re.IGNORECASE)


class NotCopiedError(Exception):
    """The database is not copied; its text is the reason."""


class SqlitePlanner:
    """A `Planner` on a copy: costs are instructions, sizes are those of the indexes as built there."""

    def __init__(self, copy: BaseDatabaseWrapper, snapshot: Snapshot) -> None:
        self.calls = 0
        self._copy = copy
        self._snapshot = snapshot
        self._names: dict[Candidate, str] = {}
        self._sizes: dict[Candidate, int] = {}
        self._refused: set[Candidate] = set()
        self._steps: dict[tuple[str, frozenset[Candidate]], float] = {}
        self._counted = 0.0

    @property
    def work(self) -> float:
        """The plans that were made, and what was executed for them."""
        return self.calls + self._counted / STEPS_A_PLAN

    def cost(self, asked: Asked, present: frozenset[Candidate]) -> Planned:
        """The instructions that the statement takes over its samples, with these candidates present.

        Raises:
            UnplannableError: SQLite refuses the statement, or it needs values and none were seen.
        """
        self.calls += 1
        mentioned = sorted(one for one in present if one.table in asked.sql)
        wanted = [one for one in mentioned if self._built(one)]
        absent = [name for one, name in sorted(self._names.items()) if one.table in asked.sql and one not in wanted]
        samples = [sample.values for sample in asked.samples] or [None]
        with self._without(absent):
            plans = tuple(self._plan(asked, values) for values in samples)
            names = {node.index for plan in plans for node in plan.nodes}
            used = frozenset(one for one in wanted if self._names[one] in names)
            known = self._steps.get((asked.fingerprint, used))
            if known is None:
                known = float(sum(self._count(asked, values) for values in samples))
                self._steps[asked.fingerprint, used] = known
                self._counted += known
        return Planned(cost=known, used=used, plans=plans)

    def executed(self, asked: Asked, present: frozenset[Candidate]) -> None:
        """Nothing: its costs are those of executing the statement."""

    def size(self, candidate: Candidate) -> int:
        """Bytes of the pages that it takes in the copy.

        Raises:
            UnplannableError: SQLite has no index like that.
        """
        if not self._built(candidate):
            raise UnplannableError("SQLite has no index like that.")
        return self._sizes[candidate]

    def refusal(self, candidate: Candidate) -> str:
        """Why an index could not be built on the copy."""
        return "SQLite has no index like that." if candidate in self._refused else ""

    def _built(self, candidate: Candidate) -> bool:
        """Build it where it was not yet; False where SQLite has nothing of the kind."""
        if candidate in self._names or candidate in self._refused:
            return candidate in self._names
        table = self._snapshot.table(candidate.table, candidate.schema)
        if table is None or any(key.column and table.column(key.column) is None for key in candidate.keys):
            self._refused.add(candidate)  # SQLite would take a name in quotes that is no column for a text
            return False
        name = candidate.name
        before = self._used_pages()
        try:
            self._execute(create_index(candidate, self._snapshot.dialect, name=name))
        except sqlite3.Error:
            self._refused.add(candidate)
            return False
        self._sizes[candidate] = (self._used_pages() - before) * self._value("PRAGMA page_size")
        self._execute(f"ANALYZE {self._snapshot.dialect.quote(name)}")
        self._names[candidate] = name
        return True

    @contextmanager
    def _without(self, names: Iterable[str]) -> Iterator[None]:
        """A block without these indexes, and in which the statement may write: all of it is taken back."""
        self._execute("SAVEPOINT dbaudit_trial")
        try:
            for name in names:
                self._execute(f"DROP INDEX {self._snapshot.dialect.quote(name)}")
            yield
        finally:
            self._execute("ROLLBACK TO dbaudit_trial")
            self._execute("RELEASE dbaudit_trial")

    def _plan(self, asked: Asked, values: Any) -> Plan:
        rows = self._run(f"EXPLAIN QUERY PLAN {asked.sql}", values)
        return Plan(
            fingerprint=asked.fingerprint,
            alias=self._copy.alias,
            source="EXPLAIN QUERY PLAN on a copy",
            nodes=tuple(sqlite_nodes(rows, asked.sql)),
        )

    def _count(self, asked: Asked, values: Any) -> int:
        # An iterator that gives None so many times is a handler without a line of Python in its way, and a limit.
        left = itertools.repeat(None, MAX_STEPS)
        self._copy.connection.set_progress_handler(left.__next__, 1)
        try:
            self._run(asked.sql, values)
        except UnplannableError:
            if operator.length_hint(left):
                raise
        finally:
            self._copy.connection.set_progress_handler(None, 0)
        return MAX_STEPS - operator.length_hint(left)

    def _run(self, sql: str, values: Any) -> list[tuple[Any, ...]]:
        try:
            with self._copy.cursor() as cursor:
                cursor.execute(sql, values)
                return list(cursor.fetchall())
        except (Error, TypeError, ValueError) as error:
            raise UnplannableError(f"SQLite refuses it: {message(error)}") from error

    def _used_pages(self) -> int:
        return self._value("PRAGMA page_count") - self._value("PRAGMA freelist_count")

    def _value(self, sql: str) -> int:
        return int(self._execute(sql).fetchone()[0])

    def _execute(self, sql: str) -> sqlite3.Cursor:
        cursor: sqlite3.Cursor = self._copy.connection.execute(sql)
        return cursor


@contextmanager
def copied(connection: BaseDatabaseWrapper) -> Iterator[BaseDatabaseWrapper]:
    """A copy of the whole database in memory, with the functions that Django gives SQLite and without triggers.

    Raises:
        NotCopiedError: the file is larger than `COPIED_UP_TO_BYTES`, or a writer did not let go of it.
    """
    connection.ensure_connection()
    source = connection.connection
    pages, page = (int(source.execute(f"PRAGMA {name}").fetchone()[0]) for name in ("page_count", "page_size"))
    if pages * page > COPIED_UP_TO_BYTES:
        size, limit = pages * page // MIB, COPIED_UP_TO_BYTES // MIB
        raise NotCopiedError(f"The file has {size:,} MiB; trials are made on a copy in memory, of up to {limit} MiB.")
    copy = connection.copy(f"{connection.alias} (copy)")
    copy.settings_dict["NAME"] = ":memory:"
    copy.connect()
    try:
        copy.connection.deserialize(_image(source))
        for (name,) in copy.connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            copy.connection.execute(f'DROP TRIGGER "{name.replace(chr(34), chr(34) * 2)}"')
        copy.connection.execute("PRAGMA foreign_keys = OFF")
        copy.connection.execute("ANALYZE")
        yield copy
    finally:
        BaseDatabaseWrapper.close(copy)  # that of SQLite leaves databases in memory open


def grow(copy: BaseDatabaseWrapper, snapshot: Snapshot, tables: Iterable[Table], growth: Growth) -> dict[str, int]:
    """Grow these tables of a copy in place; returns the rows that each has then. What a constraint forbids is left
    out."""
    raw = copy.connection
    quote = snapshot.dialect.quote
    counts = {}
    raw.execute("SAVEPOINT dbaudit_growth")
    for table in tables:
        indexes = raw.execute(_INDEXES, [table.name]).fetchall()
        for name, _ in indexes:
            raw.execute(f"DROP INDEX {quote(name)}")
        named = [one.name for one in table.columns if not one.generated and _is_name(raw, quote, table, one.name)]
        columns = list(growth.columns(snapshot, table, named))
        names = ", ".join(quote(name) for name, _ in columns)
        values = ", ".join(value for _, value in columns)
        raw.execute(
            f"WITH RECURSIVE copies(k) AS (SELECT 1 UNION ALL SELECT k + 1 FROM copies WHERE k < {growth.times - 1}) "
            f"INSERT OR IGNORE INTO {quote(table.name)} ({names}) SELECT {values} FROM {quote(table.name)}, copies"
        )
        for _, sql in indexes:
            _rebuild(raw, sql)
        counts[table.name] = int(raw.execute(f"SELECT count(*) FROM {quote(table.name)}").fetchone()[0])
    raw.execute("RELEASE dbaudit_growth")
    raw.execute("ANALYZE")
    return counts


def _rebuild(raw: sqlite3.Connection, sql: str) -> None:
    """An index as it was; as a plain one where rows are alike now in what it kept apart."""
    try:
        raw.execute(sql)
    except sqlite3.IntegrityError:
        raw.execute(_UNIQUE.sub("CREATE INDEX", sql, count=1))


def _is_name(raw: sqlite3.Connection, quote: Any, table: Table, column: str) -> bool:
    """Whether the column is text of which nearly every value is another."""
    rows, values, texts = raw.execute(
        f"SELECT count(*), count(DISTINCT {quote(column)}), sum(typeof({quote(column)}) = 'text') "
        f"FROM {quote(table.name)}"
    ).fetchone()
    return bool(rows and texts == rows and rows > 2 and values / rows > NAMES)


def _image(source: sqlite3.Connection) -> bytes | bytearray:
    """The database as this connection sees it, also what its own transaction has not committed (for which a backup
    would wait in vain)."""
    try:
        image = source.serialize()
    except sqlite3.Error as error:
        raise NotCopiedError(
            f"It could not be copied ({sqlstate(error)}); another process may hold it locked."
        ) from error
    if image[18:20] != b"\x02\x02":
        return image
    # What lies in memory has no write-ahead log, so that its header must not ask for one.
    plain = bytearray(image)
    plain[18:20] = b"\x01\x01"
    return plain
