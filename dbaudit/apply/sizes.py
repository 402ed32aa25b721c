"""How big an index will be and how long its build takes, from what the planner believes of the table.

The model of a b-tree counts what PostgreSQL's own build writes: leaf pages filled to 90 %, equal keys kept once with
their row pointers in posting lists (since version 13), keys aligned to 8 bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from dbaudit.facts import Column, Index, Table

PAGE: Final = 8192
#: Bytes of a page that hold entries, at the fill of a fresh b-tree: header 24, special space 16, fill 90 %.
USABLE: Final = int((PAGE - 40) * 0.9)
ENTRY: Final = 8 + 4  # the entry's header and its line pointer
POINTER: Final = 6  # of one row in a posting list
POSTING_LIMIT: Final = 812  # bytes of the longest posting list that a build writes
INNER: Final = 1.01  # pages above the leaves

#: What a core reads and sorts in a second, on the careful side. For an order of magnitude in a plan.
HEAP_BYTES_PER_SECOND: Final = 200 * 1024 * 1024
ENTRIES_PER_SECOND: Final = 600_000
#: A concurrent build reads the table twice.
PASSES: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """Bytes of the index, bytes that the build needs for a while (its sort and its log besides), and seconds."""

    bytes: int | None = None
    disk_bytes: int | None = None
    seconds: float | None = None


def estimate(table: Table, index: Index, known: int | None = None) -> Estimate:
    """What building the index takes; ``known`` is a size that somebody else has worked out."""
    size = known if known is not None else _bytes(table, index)
    seconds = None
    if table.rows is not None and table.heap_bytes is not None:
        seconds = PASSES * table.heap_bytes / HEAP_BYTES_PER_SECOND + table.rows / ENTRIES_PER_SECOND
    return Estimate(bytes=size, disk_bytes=None if size is None else size * 3, seconds=seconds)


def _bytes(table: Table, index: Index) -> int | None:
    """The size of a b-tree over plain columns; None for others and where the planner knows nothing."""
    columns = [table.column(name) for name in (*index.columns, *index.included)]
    if index.method not in ("btree", "") or table.rows is None:
        return None
    told = [column for column in columns if column is not None and column.statistics is not None]
    if len(told) < len(columns) or not told:
        return None
    rows = table.rows * _share(table, index.predicate)
    width = _aligned(sum(_width(column) for column in told))
    distinct = 1.0
    for column in told:
        distinct *= max(1.0, (column.statistics.distinct if column.statistics else None) or 1.0)
    groups = max(1.0, min(rows, distinct))
    each = rows / groups
    if index.included or each < 2:  # posting lists begin with a second row
        total = rows * (width + ENTRY)
    else:
        most = max(2.0, (POSTING_LIMIT - width) // POINTER)
        lists = groups * max(1.0, each / most)
        total = lists * (width + ENTRY) + rows * POINTER
    return int(max(1.0, total / USABLE) * INNER + 1) * PAGE


def _width(column: Column) -> float:
    """Bytes of a value in an entry; a NULL takes none."""
    found = column.statistics
    if found is None or found.width is None:
        return 8.0
    return found.width * (1 - (found.null_fraction or 0.0))


def _aligned(width: float) -> int:
    return int(-(-width // 8) * 8)


def _share(table: Table, predicate: str) -> float:
    """The part of the rows that a condition on NULL leaves, all of them where it is another one."""
    for column in table.columns:
        found = column.statistics
        if found is None or found.null_fraction is None:
            continue
        words = predicate.strip("()").replace('"', "").lower()
        if words == f"{column.name.lower()} is null":
            return found.null_fraction
        if words == f"{column.name.lower()} is not null":
            return 1 - found.null_fraction
    return 1.0
