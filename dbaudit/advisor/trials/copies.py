"""Temporary copies of tables, small ones whole and large ones as a sample, on which real indexes may be built.

A temporary table hides the real one of the same name from statements that name no schema, as those of Django do, when
its schema leads the search path; it stands last there as long as the real tables are wanted. The real ones are read
once, under ``ACCESS SHARE``, and of large ones only some pages. All is made in a transaction that is always rolled
back, so that a killed session leaves nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

from django.db import DatabaseError, Error, IntegrityError, InterfaceError
from django.db.backends.base.base import BaseDatabaseWrapper

from dbaudit.advisor.candidate import TrialEndedError, UnplannableError
from dbaudit.advisor.sizes import PAGE
from dbaudit.advisor.trials.explain import refusal
from dbaudit.connection.errors import sqlstate
from dbaudit.connection.rollback import attempt
from dbaudit.connection.settings import set_locally
from dbaudit.facts import Snapshot, Table

#: Rows of a copy at most. ANALYZE reads up to 30,000 rows whole, so that its statistics are the same each time.
SAMPLE_ROWS = 20_000
#: Bytes of a copy at most, and of all copies together.
SAMPLE_BYTES, ALL_BYTES = 8 * 2**20, 256 * 2**20
#: Each table and index takes a lock, for which all sessions have one space. At most this share of it is used for
#: copies, and as much again for what is built on them.
LOCKS_SHARE = 0.1
#: Of fewer pages than these the rows are drawn one by one.
FEW_PAGES = 100

READ_ONLY = (
    "The role's transactions are read-only, so that no temporary table can be made; "
    "ALTER ROLE ... SET default_transaction_read_only = off lets it."
)
STANDBY = "This is a standby, on which no temporary table can be made; audit the primary."
NO_TEMPORARY = "The audit's role may not make temporary tables; GRANT TEMPORARY ON DATABASE lets it."
OTHER_SCHEMA = "No copy is made of a table whose statements name its schema."
NO_TABLE = "No copy is made of what is no plain table."
NOT_GROWN = "No statement names the table by itself, so that it was not grown."
FULL = f"The copies of other tables take the {ALL_BYTES // 2**20} MiB that they may."
CROWDED = "The copies of other tables take as many locks as they may."
_REASONS = {
    "57014": "Copying a sample of the table took longer than the statement timeout.",
    "55P03": "The table stayed locked, so that no sample of it could be copied.",
    "42501": "The audit's role may not read all of the table, so that no sample of it could be copied.",
}
_STATE = """
SELECT pg_catalog.pg_is_in_recovery(), pg_catalog.current_setting('transaction_read_only') = 'on',
    pg_catalog.has_database_privilege(pg_catalog.current_database(), 'TEMPORARY'),
    (SELECT coalesce(string_agg(pg_catalog.quote_ident(one), ', ' ORDER BY place), '')
     FROM unnest(pg_catalog.current_schemas(false)) WITH ORDINALITY AS path (one, place) WHERE one !~ '^pg_temp'),
    current_setting('max_locks_per_transaction')::int
    * (current_setting('max_connections')::int + current_setting('max_prepared_transactions')::int)
"""
_DEFINITION = re.compile(
    r'CREATE (?P<unique>UNIQUE )?INDEX (?P<name>"(?:[^"]|"")+"|\S+) ON .*? USING (?P<rest>.*)', re.DOTALL
)


class Copies:
    """The copies of a trial, made when they are first wanted. To be used inside a transaction that is rolled back.

    ``grown`` are the tables in whose place grown ones stand already (see `dbaudit.advisor.trials.grown`): then those
    are the copies, and no others are made.
    """

    def __init__(
        self, connection: BaseDatabaseWrapper, snapshot: Snapshot, grown: Mapping[tuple[str, str], int] | None = None
    ) -> None:
        self.connection = connection
        self.snapshot = snapshot
        self.grown = grown is not None
        self._factors: dict[str, float] = {}
        self._refused: dict[str, str] = {}
        self._copied: list[Table] = []
        self._bytes = 0
        with connection.cursor() as cursor:
            cursor.execute(_STATE)
            standby, read_only, allowed, self._path, slots = cursor.fetchone()
        self.locks = int(slots * LOCKS_SHARE)
        self.obstacle = STANDBY if standby else READ_ONLY if read_only else "" if allowed else NO_TEMPORARY
        if grown is not None:
            self._factors = {name: 1.0 for schema, name in sorted(grown) if not schema}
        elif not self.obstacle:
            self._search(self._path, "pg_temp")

    def factor(self, table: Table) -> float:
        """How many rows one of the copy stands for: 1 where all are there. Makes the copy where there is none yet.

        Raises:
            UnplannableError: there can be none, with the reason.
            TrialEndedError: the connection was lost.
        """
        if not table.schema and table.name in self._factors:
            return self._factors[table.name]
        reason = self.obstacle or self._refused.get(table.label, "") or self._unfit(table)
        if reason:
            raise UnplannableError(reason)
        try:
            with attempt(self.connection):
                factor = self._copy(table)
        except (DatabaseError, InterfaceError) as error:
            self._refused[table.label] = _REASONS.get(
                sqlstate(error) or "", f"The server refuses a copy of the table (SQLSTATE {sqlstate(error)})."
            )
            raise _told(self.connection, error, self._refused[table.label]) from error
        self._factors[table.name] = factor
        self._copied.append(table)
        return factor

    @property
    def made(self) -> frozenset[str]:
        """The names of the tables that have a copy."""
        return frozenset(self._factors)

    def forget(self, names: Iterable[str]) -> None:
        """Of these there is no copy any more: a savepoint took them back."""
        for name in names:
            del self._factors[name]
        self._copied = [table for table in self._copied if table.name in self._factors]

    def factors(self, sql: str) -> dict[str, float]:
        """The factors of the copies that there are of tables whose names stand in a statement."""
        return {name: factor for name, factor in self._factors.items() if name in sql}

    @contextmanager
    def front(self) -> Iterator[None]:
        """A block in which the copies hide the real tables."""
        self._search("pg_temp", self._path)
        try:
            yield
        finally:
            self._search(self._path, "pg_temp")

    def _search(self, *path: str) -> None:
        if self.grown:
            return
        try:
            set_locally(self.connection, search_path=", ".join(filter(None, path)))
        except (DatabaseError, InterfaceError) as error:
            raise refusal(self.connection, error) from error

    def _unfit(self, table: Table) -> str:
        if table.kind != "table":
            return NO_TABLE
        if table.schema:
            return OTHER_SCHEMA
        if self.grown:
            return NOT_GROWN
        if sum(map(_locks, self._copied)) + _locks(table) > self.locks:
            return CROWDED
        return FULL if self._bytes >= ALL_BYTES else ""

    def _copy(self, table: Table) -> float:
        """Copy a table or a sample of it, with its indexes and statistics."""
        quoted = self.snapshot.dialect.quote(table.name)
        share = _share(table)
        method = "SYSTEM" if (table.heap_bytes or 0) * share >= FEW_PAGES * PAGE else "BERNOULLI"
        sample = f" TABLESAMPLE {method} ({share * 100:.6f}) REPEATABLE (0)" if share < 1 else ""
        columns = ", ".join(self.snapshot.dialect.quote(column.name) for column in table.columns)
        with self.connection.cursor() as cursor:
            # The limit holds where the statistics that the share goes by are wrong.
            cursor.execute(
                f"CREATE TEMPORARY TABLE {quoted} AS SELECT {columns} FROM {quoted}{sample} LIMIT {2 * SAMPLE_ROWS}"
            )
            rows = int(cursor.rowcount)
        indexed(self.connection, self.snapshot, table, f"pg_temp.{quoted}", alike=False)
        with self.connection.cursor() as cursor:
            cursor.execute("SELECT pg_catalog.pg_table_size(%s::regclass)", [f"pg_temp.{quoted}"])
            self._bytes += cursor.fetchone()[0]
        if share == 1 and rows < 2 * SAMPLE_ROWS:
            return 1.0
        return max(1.0, table.rows / rows if table.rows and rows else 1 / share)


def _locks(table: Table) -> int:
    """The locks of a copy: of the table, of where it keeps long values and the index on that, and of its indexes."""
    return 3 + len(table.indexes)


def _share(table: Table) -> float:
    """Which part of the rows is copied."""
    size = table.bytes or table.heap_bytes or 0
    return min(1.0, SAMPLE_ROWS / max(1, table.rows or 0), SAMPLE_BYTES / max(1, size))


def indexed(connection: BaseDatabaseWrapper, snapshot: Snapshot, table: Table, copy: str, *, alike: bool) -> None:
    """Build the usable indexes of a table on a copy of it and analyze that. ``copy`` is the copy's name, quoted.

    ``alike`` says that its rows may be alike in what an index keeps apart: then such an index keeps nothing apart. The
    primary key is made one: ``GROUP BY`` its columns is only then all of the row's.
    """
    for index in sorted(table.indexes, key=lambda one: (not one.primary, one.name)):
        found = _DEFINITION.match(index.definition)
        if found is None or not index.usable:
            continue
        text = f"INDEX {found['name']} ON {copy} USING {found['rest']}"
        keys = ", ".join(map(snapshot.dialect.quote, table.primary_key))
        forms = [f"CREATE UNIQUE {text}"] if found["unique"] else []
        if index.primary:
            forms.insert(0, f"ALTER TABLE {copy} ADD CONSTRAINT {found['name']} PRIMARY KEY ({keys})")
        forms.append(f"CREATE {text}")
        _first_of(connection, forms if alike else forms[:1])
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE {copy}")


def _first_of(connection: BaseDatabaseWrapper, statements: list[str]) -> None:
    """Execute the first of them that the server takes."""
    *tried, last = statements
    for statement in tried:
        try:
            with attempt(connection), connection.cursor() as cursor:
                cursor.execute(statement)
        except IntegrityError:
            continue
        return
    with connection.cursor() as cursor:
        cursor.execute(last)


def _told(connection: BaseDatabaseWrapper, error: Error, reason: str) -> UnplannableError | TrialEndedError:
    """The reason, or that the connection is gone."""
    found = refusal(connection, error)
    return found if isinstance(found, TrialEndedError) else UnplannableError(reason)
