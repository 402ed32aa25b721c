"""How long the values of columns without a bound are: one bounded question for each table.

The length of a value that is kept apart from its row (TOAST) stands in the row, so that none of them is fetched.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from django.db import Error
from django.db.backends.base.base import BaseDatabaseWrapper

from dbaudit.advisor.candidate import Asked
from dbaudit.connection.read_only import read_only
from dbaudit.connection.rollback import attempt
from dbaudit.facts import Column, Snapshot, Table
from dbaudit.sql.types import family, is_unbounded

#: Rows and bytes of a table that are looked at, at most; of a larger one it is a sample of pages.
ROWS: Final = 200_000
BYTES: Final = 32 * 2**20
_MEASURED: Final = ("text", "citext", "bytes", "bits", "xml")


def seen(
    connection: BaseDatabaseWrapper,
    snapshot: Snapshot,
    asked: Iterable[Asked],
    statement_timeout_ms: int,
    lock_timeout_ms: int,
) -> Snapshot:
    """The snapshot with the longest values of the columns that these statements name; what cannot be read stays
    unknown."""
    texts = " ".join(one.sql for one in asked)
    found: dict[tuple[str, str], Table] = {}
    try:
        with read_only(connection, statement_timeout_ms=statement_timeout_ms, lock_timeout_ms=lock_timeout_ms):
            for table in snapshot.stored_tables():
                columns = [one for one in table.columns if is_measured(one) and one.name in texts]
                if columns and table.readable and table.name in texts:
                    found[table.schema, table.name] = _looked_at(connection, snapshot, table, columns)
    except Error:
        return snapshot
    return replace(snapshot, tables=tuple(found.get((one.schema, one.name), one) for one in snapshot.tables))


def is_measured(column: Column) -> bool:
    """Whether the type sets no bound that would fit an index, and the length of a value is known without the value."""
    return family(column.type) in _MEASURED and is_unbounded(column.type)


def question(snapshot: Snapshot, table: Table, expressions: Sequence[str], rows: int = ROWS) -> str:
    """The statement that gives the greatest number of bytes of each of these expressions (of text or bytes)."""
    quoted = snapshot.dialect.quote(table.schema, table.name)
    share = min(1.0, BYTES / max(1, table.heap_bytes or table.bytes or 0))
    sample = f" TABLESAMPLE SYSTEM ({share * 100:.6f}) REPEATABLE (0)" if share < 1 and table.kind == "table" else ""
    lengths = ", ".join(f"pg_catalog.octet_length({one}) AS n{place}" for place, one in enumerate(expressions))
    greatest = ", ".join(f"max(n{place})" for place in range(len(expressions)))
    return f"SELECT {greatest} FROM (SELECT {lengths} FROM {quoted}{sample} LIMIT {rows}) AS looked_at"


def _looked_at(connection: BaseDatabaseWrapper, snapshot: Snapshot, table: Table, columns: list[Column]) -> Table:
    sql = question(snapshot, table, [snapshot.dialect.quote(one.name) for one in columns])
    try:
        with attempt(connection), connection.cursor() as cursor:
            cursor.execute(sql)
            longest = dict(zip((one.name for one in columns), cursor.fetchone(), strict=True))
    except Error:
        return table
    return replace(
        table, columns=tuple(replace(one, longest=longest.get(one.name, one.longest)) for one in table.columns)
    )
