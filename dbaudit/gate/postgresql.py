"""Empty copies of PostgreSQL's tables: temporary ones, in a transaction that is rolled back.

A copy has the columns, defaults, checks and indexes of its table under their own names, and no rows. The real table is
only asked what it looks like, under ``ACCESS SHARE``. Statements never name a real table: each name is turned to the
copy's, and what cannot be turned is not carried out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Final

from django.db import Error
from django.db.backends.base.base import BaseDatabaseWrapper

from dbaudit.advisor.trials.copies import LOCKS_SHARE, NO_TEMPORARY, READ_ONLY, STANDBY
from dbaudit.connection.errors import is_closed, is_lost
from dbaudit.connection.reasons import reason
from dbaudit.connection.rollback import attempt, rolled_back
from dbaudit.connection.settings import set_locally
from dbaudit.facts import ForeignKey, Index, Snapshot, Table
from dbaudit.gate.bench import RefusedError, UntriedError
from dbaudit.gate.rewriting import turned

#: A statement on an empty table that waits longer than this waits for somebody else.
TIMEOUT_MS: Final = 2_000
_STATE: Final = """
SELECT pg_catalog.current_schema(), pg_catalog.pg_is_in_recovery(),
    pg_catalog.current_setting('transaction_read_only') = 'on',
    pg_catalog.has_database_privilege(pg_catalog.current_database(), 'TEMPORARY'),
    (SELECT coalesce(string_agg(pg_catalog.quote_ident(one), ', ' ORDER BY place), '')
     FROM unnest(pg_catalog.current_schemas(false)) WITH ORDINALITY AS path (one, place) WHERE one !~ '^pg_temp'),
    current_setting('max_locks_per_transaction')::int
    * (current_setting('max_connections')::int + current_setting('max_prepared_transactions')::int)
"""
NO_TABLE: Final = "It is no plain table, so that no copy of it was made."
CROWDED: Final = "A copy of the table would take more locks than an audit may."
LOST: Final = "The connection was lost while it was tried."


class PostgresqlBench:
    """A `dbaudit.gate.bench.Bench`."""

    how = "Executed on an empty copy of the table"

    def __init__(self, connection: BaseDatabaseWrapper, snapshot: Snapshot) -> None:
        self.connection, self.snapshot = connection, snapshot
        self._copies: dict[tuple[str, str], str] = {}
        self._whole: set[tuple[str, str]] = set()
        self._taken = 0
        self._lost = ""
        self._stack = ExitStack()
        with connection.cursor() as cursor:
            cursor.execute(_STATE)
            own, standby, read_only, allowed, path, slots = cursor.fetchone()
            self.obstacle = STANDBY if standby else READ_ONLY if read_only else "" if allowed else NO_TEMPORARY
        # Unless it is named last, the schema of the copies would come first, before the real tables.
        set_locally(connection, search_path=", ".join(filter(None, (path, "pg_temp"))))
        self._own = str(own or "")
        self._locks = int(slots * LOCKS_SHARE)

    def close(self) -> None:
        """Let the copies go."""
        self._copies, self._whole, self._taken = {}, set(), 0
        self._stack.close()

    @contextmanager
    def apart(self) -> Iterator[None]:
        """A savepoint that is rolled back."""
        self._see()
        try:
            with rolled_back(self.connection):
                yield
        except Error as error:
            self._note(error)
            self._see()
            raise UntriedError(f"It was not tried to its end: {reason(error)}") from error

    def stand(self, table: Table, *, alone: bool = True) -> None:
        """See that there is a copy. Where there is no room for it, all others go first."""
        self._see()
        if self.obstacle:
            raise UntriedError(self.obstacle)
        if table.kind not in ("table", "partitioned table"):
            raise UntriedError(NO_TABLE)
        every = (table, *(() if alone else self._targets(table)))
        tables = [*{(one.schema, one.name): one for one in every}.values()]
        if not alone and (table.schema, table.name) in self._whole:
            return
        new = [one for one in tables if (one.schema, one.name) not in self._copies]
        if self._taken + sum(map(_locks, new)) > self._locks:
            self.close()
            new = tables
        if sum(map(_locks, new)) > self._locks:
            raise UntriedError(CROWDED)
        if not self._taken:
            self._stack.enter_context(rolled_back(self.connection))
        for one in new:
            self._copy(one)
        if not alone:
            self._whole.add((table.schema, table.name))
            for key in table.foreign_keys:
                self._key(table, key)

    def execute(self, statement: str) -> None:
        """Carry out one statement on the copies."""
        self._see()
        self._run(turned(statement, self._copies, self._own))

    def definition(self, table: Table, name: str) -> object:
        """``pg_get_indexdef``."""
        del table
        quoted = f"pg_temp.{self.snapshot.dialect.quote(name)}"
        with self.connection.cursor() as cursor:
            cursor.execute("SELECT pg_catalog.pg_get_indexdef(pg_catalog.to_regclass(%s))", [quoted])
            return cursor.fetchone()[0]

    def ask(self, sql: str, values: Iterable[Any] = ()) -> tuple[Any, ...] | None:
        """The first row of a question to the real tables."""
        self._see()
        try:
            with attempt(self.connection), self.connection.cursor() as cursor:
                cursor.execute(sql, [*values] or None)
                row: tuple[Any, ...] | None = cursor.fetchone()
        except Error as error:
            self._note(error)
            raise UntriedError(f"The rows could not be looked at: {reason(error)}") from error
        return row

    def _see(self) -> None:
        if self._lost:
            raise UntriedError(self._lost)

    def _note(self, error: Error) -> None:
        """Remember that the connection is gone, so that nothing waits for it again."""
        if is_lost(error) or is_closed(self.connection):
            self._lost = LOST

    def _run(self, statement: str) -> None:
        try:
            with attempt(self.connection), self.connection.cursor() as cursor:
                cursor.execute(statement)
        except Error as error:
            self._note(error)
            self._see()
            raise RefusedError(reason(error)) from error

    def _copy(self, table: Table) -> None:
        name = self.snapshot.dialect.quote(table.name)
        if f"pg_temp.{name}" in self._copies.values():
            raise UntriedError("Another table of that name has its copy.")
        self._taken += _locks(table)
        try:
            with attempt(self.connection):
                self._run(
                    f"CREATE TEMPORARY TABLE {name} (LIKE {self.snapshot.dialect.quote(table.schema, table.name)} "
                    "INCLUDING DEFAULTS INCLUDING GENERATED INCLUDING IDENTITY INCLUDING CONSTRAINTS)"
                )
                for index in table.indexes:
                    self._index(table, f"pg_temp.{name}", index)
        except RefusedError as error:
            raise UntriedError(f"No copy of the table could be made: {error}") from error
        self._copies[table.schema, table.name] = f"pg_temp.{name}"

    def _index(self, table: Table, copy: str, index: Index) -> None:
        """The copy's own index of that name. One that its constraint makes is made by that."""
        if not index.live or not index.definition:
            return
        constraint = next((one for one in table.constraints if one.name == index.constraint_name), None)
        if index.constraint and constraint and constraint.definition:
            name = self.snapshot.dialect.quote(index.constraint_name)
            self._run(f"ALTER TABLE {copy} ADD CONSTRAINT {name} {constraint.definition}")
            return
        _, _, rest = index.definition.partition(" USING ")
        unique = "UNIQUE " if index.unique else ""
        self._run(f"CREATE {unique}INDEX {self.snapshot.dialect.quote(index.name)} ON {copy} USING {rest}")

    def _targets(self, table: Table) -> Iterator[Table]:
        for key in table.foreign_keys:
            target = self.snapshot.table(key.target_table, key.target_schema)
            if target is None:
                raise UntriedError(f"{key.target_table} was not seen, to which {key.name} leads.")
            yield target

    def _key(self, table: Table, key: ForeignKey) -> None:
        quote = self.snapshot.dialect.quote
        here, there = (", ".join(map(quote, names)) for names in (key.columns, key.target_columns))
        try:
            self.execute(
                f"ALTER TABLE {quote(table.schema, table.name)} ADD CONSTRAINT {quote(key.name)} FOREIGN KEY ({here}) "
                f"REFERENCES {quote(key.target_schema, key.target_table)} ({there})"
                f"{f' ON DELETE {key.on_delete}' if key.on_delete else ''}"
                f"{' DEFERRABLE INITIALLY DEFERRED' if key.deferrable else ''}"
                f"{' NOT VALID' if key.validated is False else ''}"
            )
        except RefusedError as error:
            raise UntriedError(f"No copy of the foreign key {key.name} could be made: {error}") from error


def _locks(table: Table) -> int:
    """The locks of a copy: of the table, of where it keeps long values and the index on that, and of its indexes."""
    return 4 + len(table.indexes)
