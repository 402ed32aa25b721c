"""Rows of PostgreSQL's pg_class, pg_attribute, pg_stats and pg_sequence -> tables, columns and sequences."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, Final

from dbaudit.facts import Column, ColumnStatistics, Sequence, Table, TableKind, TableStatistics

KINDS: Final[Mapping[str, TableKind]] = {
    "r": "table",
    "p": "partitioned table",
    "v": "view",
    "m": "materialized view",
    "f": "foreign table",
}
WITH_STATISTICS: Final = ("r", "p", "m")
IDENTITIES: Final = {"a": "always", "d": "by default", "s": "serial", "": ""}

Place = tuple[int, str]


def table(row: Any, schema: str, *, counted: bool) -> Table:
    """A relation by itself, without what hangs on it. ``counted`` is False where the server counts no scans.

    A table is readable if the role may select every row: what row-level security hides is as good as not there.
    """
    estimated = row.rows_known and row.kind != "v"
    return Table(
        name=row.name,
        schema=schema,
        kind=KINDS[row.kind],
        partitions=row.partitions,
        unlogged=row.unlogged,
        readable=row.permitted and not row.filtered,
        rows=row.rows if estimated else None,
        rows_are="estimated" if estimated else "",
        bytes=None if row.locked else row.bytes,
        heap_bytes=None if row.locked else row.heap_bytes,
        options=_options(row.options),
        comment=row.comment,
        statistics=_statistics(row, counted=counted) if row.kind in WITH_STATISTICS else None,
    )


def columns(rows: Iterable[Any], statistics: Mapping[Place, ColumnStatistics]) -> dict[int, tuple[Column, ...]]:
    """The columns of each relation in their order."""
    found: defaultdict[int, list[Column]] = defaultdict(list)
    for row in rows:
        found[row.relation].append(
            Column(
                name=row.name,
                type=row.type,
                nullable=row.nullable,
                default="" if row.generated else row.expression,
                collation=row.collation,
                generated=row.expression if row.generated else "",
                identity=IDENTITIES[row.identity],
                comment=row.comment,
                statistics=statistics.get((row.relation, row.name)),
            )
        )
    return {relation: tuple(own) for relation, own in found.items()}


def column_statistics(
    rows: Iterable[Any], relations: Iterable[Any], schemas: Mapping[str, int]
) -> dict[Place, ColumnStatistics]:
    """By relation and column. Of a partitioned table the planner uses those of the tree, of any other its own."""
    wanted = {(row.schema, row.name, row.kind == "p"): row for row in relations}
    found = {}
    for row in rows:
        if relation := wanted.get((schemas[row.schema], row.table, row.inherited)):
            found[relation.oid, row.name] = planner_statistics(row, relation.planned_rows)
    return found


def planner_statistics(row: Any, rows: float) -> ColumnStatistics:
    """A row of pg_stats about a relation of so many rows."""
    return ColumnStatistics(
        null_fraction=row.null_frac,
        distinct=_distinct(row.n_distinct, rows),
        width=row.avg_width,
        correlation=row.correlation,
        frequencies=tuple(row.most_common_freqs or ()),
    )


def sequence(row: Any, schema: str) -> Sequence:
    """A sequence with the column that owns it, without its position."""
    return Sequence(
        name=row.name,
        schema=schema,
        table=row.table or "",
        column=row.column or "",
        type=row.type,
        minimum=row.minimum,
        maximum=row.maximum,
        increment=row.increment,
        cycles=row.cycles,
        readable=row.readable,
    )


def _options(reloptions: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Storage parameters out of ``name=value``, in order of name."""
    return tuple(sorted((name, value) for name, _, value in (one.partition("=") for one in reloptions)))


def _distinct(n_distinct: float, rows: float) -> float | None:
    """pg_stats.n_distinct as a number of values: a negative one is a fraction of the rows, 0 is unknown."""
    if n_distinct < 0:
        return round(-n_distinct * rows) if rows >= 0 else None
    return n_distinct or None


def _statistics(row: Any, *, counted: bool) -> TableStatistics:
    analyzed = row.planned_rows >= 0
    if not counted:
        return TableStatistics(analyzed=analyzed)
    return TableStatistics(
        sequential_scans=row.sequential_scans or 0,
        sequential_rows=row.sequential_rows or 0,
        index_scans=row.index_scans or 0,
        inserted=row.inserted or 0,
        updated=row.updated or 0,
        hot_updated=row.hot_updated or 0,
        deleted=row.deleted or 0,
        live_rows=row.live_rows or 0,
        dead_rows=row.dead_rows or 0,
        modified_since_analyze=row.modified_since_analyze or 0,
        analyzed=analyzed,
        last_analyze=row.last_analyze,
        last_vacuum=row.last_vacuum,
    )
