"""An SQLite database in memory that has the tables and indexes of the audited one, and no rows."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from django.db import Error
from django.db.backends.base.base import BaseDatabaseWrapper

from dbaudit.connection.reasons import reason
from dbaudit.facts import Snapshot, Table
from dbaudit.gate.bench import RefusedError, UntriedError
from dbaudit.sql import equivalence
from dbaudit.sql.normal_form import statements

_SCHEMA = (
    "SELECT sql FROM main.sqlite_master WHERE type = ? AND sql IS NOT NULL AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
)


class SqliteBench:
    """A `dbaudit.gate.bench.Bench`."""

    how = "Executed on an empty copy of the database"

    def __init__(self, connection: BaseDatabaseWrapper, snapshot: Snapshot, copy: BaseDatabaseWrapper) -> None:
        self.connection, self.snapshot, self._copy = connection, snapshot, copy

    @contextmanager
    def apart(self) -> Iterator[None]:
        """A savepoint that is rolled back."""
        raw = self._copy.connection
        raw.execute("SAVEPOINT dbaudit_gate")
        try:
            yield
        finally:
            raw.execute("ROLLBACK TO dbaudit_gate")
            raw.execute("RELEASE dbaudit_gate")

    def stand(self, table: Table, *, alone: bool = True) -> None:
        """All ordinary tables are there from the beginning."""
        del alone
        if table.kind != "table":
            raise UntriedError("It is no plain table, so that no copy of it was made.")

    def execute(self, statement: str) -> None:
        """Carry out one statement."""
        try:
            with self._copy.cursor() as cursor:
                cursor.execute(statement)
        except Error as error:
            raise RefusedError(reason(error)) from error

    def definition(self, table: Table, name: str) -> object:
        """What the statement in its schema means."""
        row = self._copy.connection.execute(
            "SELECT sql FROM main.sqlite_master WHERE type = 'index' AND name = ?", [name]
        ).fetchone()
        if row is None or row[0] is None:
            return None
        try:
            return equivalence.signature(statements.index(row[0], table.name))
        except ValueError:
            return row[0]

    def ask(self, sql: str, values: Iterable[Any] = ()) -> tuple[Any, ...] | None:
        """The first row of a question to the audited file."""
        try:
            with self.connection.cursor() as cursor:
                cursor.execute(sql, [*values] or None)
                row: tuple[Any, ...] | None = cursor.fetchone()
        except Error as error:
            raise UntriedError(f"The rows could not be looked at: {reason(error)}") from error
        return row


@contextmanager
def empty(connection: BaseDatabaseWrapper) -> Iterator[BaseDatabaseWrapper]:
    """A database in memory with the schema of this one and the functions that Django gives SQLite.

    What another extension made (virtual tables) is left out.

    Raises:
        UntriedError: the schema cannot be read.
    """
    connection.ensure_connection()
    copy = connection.copy(f"{connection.alias} (empty)")
    copy.settings_dict["NAME"] = ":memory:"
    copy.connect()
    try:
        copy.connection.execute("PRAGMA foreign_keys = OFF")
        for sql in _schema(connection.connection):
            with suppress(sqlite3.Error):
                copy.connection.execute(sql)
        yield copy
    finally:
        BaseDatabaseWrapper.close(copy)  # that of SQLite leaves databases in memory open


def _schema(raw: sqlite3.Connection) -> list[str]:
    try:
        return [sql for kind in ("table", "index", "view") for (sql,) in raw.execute(_SCHEMA, [kind])]
    except sqlite3.Error as error:
        raise UntriedError(f"No copy of the database could be made: {reason(error)}") from error
