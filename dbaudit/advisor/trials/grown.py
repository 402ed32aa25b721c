"""A small PostgreSQL database with many times its rows, for planning: temporary tables in front of the real ones.

A temporary table hides the real one of the same name from statements that name no schema, as those of Django do. They
are made, planned on and taken back in one transaction that is always rolled back: nothing is written to the write-ahead
log but their catalog entries, the real tables are read once under ``ACCESS SHARE``, and a killed session leaves
nothing. Only small databases are grown at all (`dbaudit.advisor.growth.MAX_ROWS`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from django.db import Error
from django.db.backends.base.base import BaseDatabaseWrapper

from dbaudit.advisor.candidate import UnplannableError
from dbaudit.advisor.growth import Growth
from dbaudit.advisor.trials.copies import indexed
from dbaudit.connection.errors import is_lost, sqlstate
from dbaudit.connection.rollback import rolled_back
from dbaudit.connection.settings import set_locally
from dbaudit.facts import Column, Snapshot, Table

#: A text of which so large a part of the values differ is counted a name.
NAMES = 0.9


@contextmanager
def grown(
    connection: BaseDatabaseWrapper,
    snapshot: Snapshot,
    tables: Iterable[Table],
    growth: Growth,
    *,
    statement_timeout_ms: int,
) -> Iterator[dict[tuple[str, str], int]]:
    """A block in which these tables of the connection's own schema have grown; gives the rows that each has then.

    Raises:
        UnplannableError: the database refuses temporary tables, with the reason.
        Error: the connection was lost.
    """
    with rolled_back(connection):
        try:
            set_locally(connection, statement_timeout=statement_timeout_ms)
            counts = {(table.schema, table.name): _grow(connection, snapshot, table, growth) for table in tables}
        except Error as error:
            if is_lost(error):
                raise
            state = sqlstate(error) or "unknown"
            raise UnplannableError(
                f"No grown copy could be made: the server refuses temporary tables (SQLSTATE {state})."
            ) from error
        yield counts


def _grow(connection: BaseDatabaseWrapper, snapshot: Snapshot, table: Table, growth: Growth) -> int:
    name = snapshot.dialect.quote(table.name)
    written = dict(growth.columns(snapshot, table, _names(table)))
    values = ", ".join(_typed(snapshot, column, written) for column in table.columns)
    with connection.cursor() as cursor:
        copies = f"generate_series(0, {growth.times - 1}) AS copies(k)"
        cursor.execute(f"CREATE TEMPORARY TABLE {name} AS SELECT {values} FROM {name}, {copies}")
        count = int(cursor.rowcount)
    indexed(connection, snapshot, table, f"pg_temp.{name}", alike=True)
    return count


def _typed(snapshot: Snapshot, column: Column, written: dict[str, str]) -> str:
    name = snapshot.dialect.quote(column.name)
    value = written.get(column.name, name)
    return name if value == name else f"({value})::{column.type} AS {name}"


def _names(table: Table) -> Iterator[str]:
    """The columns of which nearly every value is another, as far as the planner's statistics tell."""
    for column in table.columns:
        distinct = column.statistics.distinct if column.statistics else None
        if distinct and table.rows and table.rows > 2 and distinct / table.rows > NAMES:
            yield column.name
