"""Row counts: exact where that is cheap, else the planner's estimate; each table says which."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from django.db.backends.base.base import BaseDatabaseWrapper

from dbaudit.catalog.database import sqlite
from dbaudit.catalog.database.sqlite.text import fold
from dbaudit.catalog.rows.asking import Question, ask
from dbaudit.facts import Skipped, Table
from dbaudit.facts.dialect import Dialect

# Unless all are asked for: at most so many tables are counted, which together have so many times the limit of one.
TABLES: Final = 500
TOGETHER: Final = 16
# The least that a row takes, to judge an SQLite table by its rows where its size was not read.
ROW_BYTES: Final = 64
NAMED: Final = 5

MYSQL_ESTIMATES = """
    SELECT table_name, table_rows, data_length FROM information_schema.tables WHERE table_schema = DATABASE()
"""
WITHOUT_ROWID = "SELECT name FROM pragma_table_list WHERE schema = 'main' AND wr"

Name = tuple[str, str]
Values = dict[Name, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Choice:
    """The tables to count, and estimates of others."""

    tables: Sequence[Table] = ()
    estimates: Mapping[Name, int] = field(default_factory=dict)


def count(
    connection: BaseDatabaseWrapper, tables: Sequence[Table], *, limit_bytes: int, exact: bool
) -> tuple[tuple[Table, ...], tuple[Skipped, ...]]:
    """The tables with ``rows`` and ``rows_are``, and those that could not be counted, with the reason.

    Views, foreign and virtual tables are not counted. Of the others the smallest are, many in one statement; where it
    fails (one is gone, or locked) each is counted by itself. On PostgreSQL their locks are given back at once.

    Args:
        connection: the connection that the tables were read from.
        tables: what a reader returned; an estimate that it gave stays where a table is not counted.
        limit_bytes: a larger table keeps its estimate.
        exact: count every table, however large.
    """
    stored = [table for table in tables if table.stores_rows and table.columns]  # one without was skipped when read
    readable = [table for table in stored if table.readable]
    if exact:
        choice = _Choice(tables=sorted(readable, key=lambda table: table.bytes or 0))
    else:
        choice = CHOICES.get(connection.vendor, _chosen_blindly)(connection, readable, limit_bytes)
    # PostgreSQL would count by its smallest index, which from then on does not look unused any more. No index has ctid.
    # To count a table of any size, it may.
    what = "ctid" if connection.vendor == "postgresql" and not exact else "*"
    counted, failed = _ask(
        connection, choice.tables, lambda table: f"SELECT count({what}) FROM {_quoted(connection, table)}"
    )
    result = tuple(_with_rows(table, counted, choice.estimates) for table in tables)
    skipped = [
        Skipped(table.label, "The role may not read its rows.", "table") for table in stored if not table.readable
    ]
    skipped += failed
    said = {one.what for one in failed}
    open_names = {_name(table) for table in readable if table.label not in said}
    unknown = [table.label for table in result if table.rows is None and _name(table) in open_names]
    if unknown:
        skipped.append(Skipped("row counts", f"There is no estimate of {_some(unknown)}; --exact-counts counts them."))
    return result, tuple(skipped)


def _with_rows(table: Table, counted: Mapping[Name, int], estimates: Mapping[Name, int]) -> Table:
    name = _name(table)
    if name in counted:
        return replace(table, rows=counted[name], rows_are="exact")
    if name in estimates:
        return replace(table, rows=estimates[name], rows_are="estimated")
    return table


# -- which tables are cheap to count --------------------------------------------------------------------------------


def _smallest(tables: Sequence[Table], limit_bytes: int) -> list[Table]:
    """The tables of known size that are small enough, as many as are cheap together, the smallest first."""
    sized = sorted((table.bytes, *_name(table), table) for table in tables if table.bytes is not None)
    chosen: list[Table] = []
    together = 0
    for size, _, _, table in sized[:TABLES]:
        together += size
        if size > limit_bytes or together > TOGETHER * limit_bytes:
            break
        chosen.append(table)
    return chosen


def _chosen_by_size(_: BaseDatabaseWrapper, tables: Sequence[Table], limit_bytes: int) -> _Choice:
    return _Choice(tables=_smallest(tables, limit_bytes))


def _chosen_blindly(_connection: BaseDatabaseWrapper, _tables: Sequence[Table], _limit_bytes: int) -> _Choice:
    """Neither sizes nor estimates: a count could read for hours."""
    return _Choice()


def _chosen_on_mysql(connection: BaseDatabaseWrapper, tables: Sequence[Table], limit_bytes: int) -> _Choice:
    found = {name: (rows, size) for name, rows, size in _rows(connection, MYSQL_ESTIMATES) if rows is not None}
    known = [replace(table, bytes=found[table.name][1]) for table in tables if table.name in found]
    return _Choice(
        tables=_smallest(known, limit_bytes),
        estimates={_name(table): int(found[table.name][0]) for table in known},
    )


def _chosen_on_sqlite(connection: BaseDatabaseWrapper, tables: Sequence[Table], limit_bytes: int) -> _Choice:
    """By size where it was read; else the highest rowid, found without a scan, says how many rows there can be.

    Where there is no rowid, as many rows are counted as the limit allows. A larger table has the estimate of ANALYZE,
    else its highest rowid.
    """
    limit_rows = limit_bytes // ROW_BYTES
    unnumbered = set()
    if connection.Database.sqlite_version_info >= sqlite.NEEDS_VERSION:  # type: ignore[attr-defined]
        unnumbered = {name for (name,) in _rows(connection, WITHOUT_ROWID)}
    rowids = {table.name: "" if table.name in unnumbered else _rowid(table) for table in tables}

    def bound(table: Table) -> str:
        quoted, rowid = _quoted(connection, table), rowids[table.name]
        if rowid:
            return f"SELECT max({rowid}) FROM {quoted}"
        return f"SELECT count(*) FROM (SELECT 1 FROM {quoted} LIMIT {limit_rows + 1})"

    unsized = [table for table in tables if table.bytes is None or table.bytes > limit_bytes]
    bounds, _ = _ask(connection, unsized, bound)
    large = {_name(table) for table in unsized if bounds.get(_name(table), 0) > limit_rows}
    estimates = {}
    for table in unsized:
        analyzed = table.statistics.live_rows if table.statistics else None
        if analyzed is not None:
            estimates[_name(table)] = analyzed
        elif rowids[table.name]:
            estimates[_name(table)] = bounds.get(_name(table), 0)
    return _Choice(tables=[table for table in tables if _name(table) not in large], estimates=estimates)


def _rowid(table: Table) -> str:
    """A word for the rowid that no column has taken."""
    taken = {fold(column.name) for column in table.columns}
    return next((word for word in ("rowid", "_rowid_", "oid") if word not in taken), "")


CHOICES: Final[Mapping[str, Callable[[BaseDatabaseWrapper, Sequence[Table], int], _Choice]]] = {
    "mysql": _chosen_on_mysql,
    "postgresql": _chosen_by_size,
    "sqlite": _chosen_on_sqlite,
}


# -- asking tables for a number -------------------------------------------------------------------------------------


def _ask(
    connection: BaseDatabaseWrapper, tables: Sequence[Table], query: Callable[[Table], str]
) -> tuple[dict[Name, int], list[Skipped]]:
    """What each table answers to its query, 0 for NULL; and the tables that did not answer, with the reason."""
    questions = [Question(_name(table), (table,), query(table)) for table in tables]
    answers, unanswered = ask(connection, questions)
    failures = [Skipped(table.label, one.reason, "table") for one in unanswered for table in one.question.tables]
    return {_name(table): answers[_name(table)] or 0 for table in tables if _name(table) in answers}, failures


def _rows(connection: BaseDatabaseWrapper, sql: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return list(cursor.fetchall())


def _quoted(connection: BaseDatabaseWrapper, table: Table) -> str:
    return Dialect.of(connection).quote(table.schema, table.name)


def _name(table: Table) -> Name:
    return table.schema, table.name


def _some(names: list[str]) -> str:
    return ", ".join(names[:NAMED]) + (f" and {len(names) - NAMED} more" if len(names) > NAMED else "")
