"""PostgreSQL 14 to 18 -> `Snapshot`, in eleven statements however many tables there are."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from django.db import DatabaseError
from django.db.backends.base.base import BaseDatabaseWrapper

from dbaudit.catalog.database.postgresql import index_rows, index_statements, schemas, statements, table_rows
from dbaudit.connection.errors import sqlstate
from dbaudit.connection.rollback import rolled_back
from dbaudit.facts import Column, ColumnStatistics, Index, Schemas, Sequence, Skipped, Snapshot, Table
from dbaudit.facts.dialect import Dialect
from dbaudit.memory import uncollected

SETTINGS: Final = (
    "archive_mode",
    "autovacuum",
    "autovacuum_analyze_scale_factor",
    "autovacuum_analyze_threshold",
    "autovacuum_vacuum_scale_factor",
    "autovacuum_vacuum_threshold",
    "block_size",
    "data_checksums",
    "default_statistics_target",
    "default_transaction_isolation",
    "default_transaction_read_only",
    "effective_cache_size",
    "fsync",
    "full_page_writes",
    "idle_in_transaction_session_timeout",
    "lock_timeout",
    "maintenance_work_mem",
    "max_connections",
    "max_locks_per_transaction",
    "max_prepared_transactions",
    "password_encryption",
    "random_page_cost",
    "server_version_num",
    "shared_buffers",
    "shared_preload_libraries",
    "ssl",
    "statement_timeout",
    "synchronous_commit",
    "track_counts",
    "track_io_timing",
    "transaction_timeout",
    "wal_level",
    "work_mem",
)

# How a statement over the whole catalog fails where another session has a table locked against reading, or drops one
# at that moment: lock_not_available, deadlock_detected, undefined_table, undefined_object, internal_error (which a
# lookup of something that is gone is).
MOVED: Final = frozenset({"55P03", "40P01", "42P01", "42704", "XX000"})
ATTEMPTS: Final = 5
NAMED: Final = 5
NO_SCHEMA: Final = "The search path names no schema that exists and that the role may use: set it, or grant USAGE."


@dataclass(frozen=True, slots=True)
class _Scope:
    """What the statements are about: the server, and the schemas of the search path (by OID, as facts spell them)."""

    settings: Mapping[str, str]
    schemas: Mapping[int, str]
    schema_oids: Mapping[str, int]
    locked: frozenset[int]

    @property
    def version(self) -> int:
        """As the server numbers itself: 150018."""
        return int(self.settings["server_version_num"])

    @property
    def counted(self) -> bool:
        """Whether the server counts scans and changed rows."""
        return self.settings.get("track_counts") != "off"


def read(connection: BaseDatabaseWrapper, named: Collection[str] = ()) -> Snapshot:
    """Everything the catalog says of the schemas on the search path, and of others that are ``named``, without models,
    exact counts and ownership.

    A table that another session keeps locked against reading for longer than the lock timeout is there by name, with
    nothing in it; a table that is dropped meanwhile is left out. Both are among ``skipped``.

    Raises:
        django.db.DatabaseError: the catalog could not be read.
    """
    locked: frozenset[int] = frozenset()
    for _ in range(ATTEMPTS - 1):
        try:
            with rolled_back(connection), uncollected():
                return _read(connection, locked, named)
        except DatabaseError as error:
            if sqlstate(error) not in MOVED:
                raise
            locked |= {row.oid for row in _fetch(connection, statements.LOCKED)}
    with rolled_back(connection), uncollected():
        return _read(connection, locked, named)


def _read(connection: BaseDatabaseWrapper, locked: frozenset[int], named: Collection[str]) -> Snapshot:
    _fetch(connection, statements.WITHOUT_JIT)
    settings = {row.name: row.value for row in _fetch(connection, statements.SETTINGS, names=list(SETTINGS))}
    seen = _fetch(connection, schemas.SEEN, named=list(named))
    scope = _Scope(
        settings=settings,
        schemas=schemas.spelled(seen),
        schema_oids={row.name: row.oid for row in seen},
        locked=locked,
    )
    within = {"schemas": list(scope.schemas), "locked": list(locked)}
    relations = {row.oid: row for row in _fetch(connection, statements.RELATIONS, **within)}
    tables = _tables(connection, scope, relations)
    there = {row.oid for row in _fetch(connection, statements.STILL_THERE, relations=list(relations))}
    found = {oid: table for oid, table in tables.items() if oid in there}
    sequences = _fetch(connection, statements.SEQUENCES, **within)
    return Snapshot(
        alias=connection.alias,
        vendor=connection.vendor,
        server_version=f"{scope.version // 10000}.{scope.version % 10000}",
        dialect=Dialect.of(connection),
        tables=tuple(sorted(found.values(), key=_by_name)),
        sequences=tuple(
            sorted((table_rows.sequence(row, scope.schemas[row.schema]) for row in sequences), key=_by_name)
        ),
        settings=tuple(sorted(settings.items())),
        schemas=schemas.facts(seen),
        statistics_since=max(settings["stats_reset"], settings["stats_begin"]) if scope.counted else None,
        skipped=(
            *_not_seen(scope, [table for oid, table in found.items() if not relations[oid].locked]),
            *_skipped(
                (table for oid, table in found.items() if relations[oid].locked),
                "Another session keeps it locked against reading (ACCESS EXCLUSIVE).",
            ),
            *_skipped(
                (table for oid, table in tables.items() if oid not in there),
                "It was dropped while the catalog was being read.",
            ),
        ),
    )


def hidden(connection: BaseDatabaseWrapper, seen: Schemas, of_models: Collection[str]) -> Schemas:
    """The schemas with those that were not looked at, in two statements. ``of_models`` are names of models' tables.

    Raises:
        django.db.DatabaseError: the catalog could not be read.
    """
    asked = {"seen": [seen.own, *seen.path, *seen.named], "tables": list(of_models)}
    return schemas.with_hidden(
        seen, _fetch(connection, schemas.HIDDEN, **asked), _fetch(connection, schemas.ELSEWHERE, **asked)
    )


def _tables(connection: BaseDatabaseWrapper, scope: _Scope, relations: Mapping[int, Any]) -> dict[int, Table]:
    """The tables by OID, with all that hangs on those that are not locked."""
    about = {"relations": [oid for oid, row in relations.items() if not row.locked]}
    names = {oid: row.name for oid, row in relations.items()}
    positions = _fetch(connection, index_statements.INDEX_KEYS, **about)
    intricate = sorted({row.index for row in positions if row.intricate})
    statistics, of_expressions = _statistics(connection, scope, relations, positions)
    columns, column_names = _columns(connection, about, statistics)
    indexes = index_rows.indexes(
        _fetch(connection, index_statements.indexes(scope.version), intricate=intricate, **about),
        positions,
        relations,
        of_expressions,
        counted=scope.counted,
    )
    rows = _fetch(connection, index_statements.constraints(scope.version), **about)
    foreign_keys = index_rows.foreign_keys(rows, names, scope.schemas, column_names)
    constraints = index_rows.constraints(rows, column_names)
    found = {}
    for oid, row in relations.items():
        own = constraints.get(oid, ())
        found[oid] = replace(
            table_rows.table(row, scope.schemas[row.schema], counted=scope.counted),
            columns=columns.get(oid, ()),
            primary_key=next((one.columns for one in own if one.kind == "primary key"), ()),
            indexes=indexes.get(oid, ()),
            index_bytes=_index_bytes(row, indexes.get(oid, ())),
            foreign_keys=foreign_keys.get(oid, ()),
            constraints=own,
        ).typed()
    return found


def _statistics(
    connection: BaseDatabaseWrapper, scope: _Scope, relations: Mapping[int, Any], positions: list[Any]
) -> tuple[dict[tuple[int, str], ColumnStatistics], dict[int, index_rows.Statistics | None]]:
    """What the planner believes of columns, by relation and name, and of the expressions of indexes."""
    named = {row.name for row in relations.values()} | {row.index_name for row in positions if row.expression}
    asked = {"schemas": list(scope.schema_oids), "tables": sorted(named)}
    rows = _fetch(connection, statements.COLUMN_STATISTICS, **asked)
    return (
        table_rows.column_statistics(rows, relations.values(), scope.schema_oids),
        index_rows.expression_statistics(positions, rows, relations, scope.schema_oids),
    )


def _columns(
    connection: BaseDatabaseWrapper, about: dict[str, list[int]], statistics: dict[tuple[int, str], ColumnStatistics]
) -> tuple[dict[int, tuple[Column, ...]], dict[tuple[int, int], str]]:
    """The columns of each relation, and their names by relation and position."""
    rows = _fetch(connection, statements.COLUMNS, **about)
    return table_rows.columns(rows, statistics), {(row.relation, row.position): row.name for row in rows}


def _index_bytes(row: Any, indexes: tuple[Index, ...]) -> int | None:
    """Of a partitioned table the partitions' indexes were measured, which may be more than those it has itself."""
    if row.locked:
        return None
    return row.index_bytes if row.kind == "p" else sum(index.bytes or 0 for index in indexes)


def _not_seen(scope: _Scope, tables: list[Table]) -> Iterator[Skipped]:
    """What the role and the settings kept from being read."""
    if not scope.schemas:
        yield Skipped("tables", NO_SCHEMA, "schema")
    hidden = sorted(table.label for table in tables if table.stores_rows and not table.readable)
    if hidden:
        names = ", ".join(hidden[:NAMED]) + (f" and {len(hidden) - NAMED} more" if len(hidden) > NAMED else "")
        yield Skipped("column statistics", f"The role may not read all rows of {names}, so the server hides them.")
    if not scope.counted:
        yield Skipped("usage statistics", "The server setting track_counts is off: scans and changes are not counted.")


def _skipped(tables: Iterator[Table], reason: str) -> list[Skipped]:
    return [Skipped(table.label, reason, "table") for table in sorted(tables, key=_by_name)]


def _by_name(one: Table | Sequence) -> tuple[str, str]:
    return one.schema, one.name


def _fetch(connection: BaseDatabaseWrapper, sql: str, **params: Any) -> list[Any]:
    """The rows of a statement, their columns as attributes."""
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        row = namedtuple("row", [column[0] for column in cursor.description])  # type: ignore[misc]  # noqa: PYI024
        return [row(*values) for values in cursor.fetchall()]
