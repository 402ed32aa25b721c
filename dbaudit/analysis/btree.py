"""How large a PostgreSQL b-tree would be if it were built anew.

The layout of ``nbtree`` in numbers: rows with equal keys share a posting list (since server 13), leaf pages are filled
to the fillfactor, inner pages hold one entry for each page below.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil, prod

from dbaudit.facts import ColumnStatistics, Index, Table

ALIGNMENT = 8
PAGE_OVERHEAD = 24 + 16  # the page's header and what nbtree keeps at its end
ITEM_POINTER = 4
TUPLE_HEADER = 8
ROW_POINTER = 6
#: A build ends a posting list at a tenth of the page, item pointer and alignment taken off.
POSTING_LIST_SHARE = 0.1
FILLFACTOR = 90
#: nbtree fills inner pages to this share, in per cent.
INNER_FILLFACTOR = 70


def key_statistics(table: Table, index: Index) -> tuple[ColumnStatistics, ...] | None:
    """What the planner believes of the keys and then of the included columns; None where it does not know of one."""
    expressions = iter(index.expression_statistics or ())
    found = []
    for name in (*index.columns, *index.included):
        column = table.column(name)
        statistics = next(expressions, None) if column is None else column.statistics
        if statistics is None or statistics.width is None or statistics.null_fraction is None:
            return None
        found.append(statistics)
    return tuple(found)


def built_bytes(index: Index, keys: tuple[ColumnStatistics, ...], rows: int, page: int) -> int:
    """The bytes of the index, built over so many rows, on pages of so many bytes. ``keys`` are `key_statistics`."""
    width = sum((one.width or 0) * (1 - (one.null_fraction or 0)) for one in keys)
    entry = _aligned(TUPLE_HEADER + width) + ITEM_POINTER
    posting_limit = int(page * POSTING_LIST_SHARE) // ALIGNMENT * ALIGNMENT - ITEM_POINTER
    capacity = max(1, (posting_limit - entry) // ROW_POINTER)
    groups = list(_groups(keys, rows)) if index.deduplicates and not index.unique else [(float(rows), 1.0)]
    leaves = sum(count * _group_bytes(size, entry, capacity) for count, size in groups)
    free = page * (100 - (index.fillfactor or FILLFACTOR)) // 100
    pages = max(1, ceil(leaves / max(entry, page - PAGE_OVERHEAD - entry - free)))
    total, level = pages + 1, pages  # and the page that says where the root is
    while level > 1:
        level = ceil(level * (entry + ALIGNMENT) / ((page - PAGE_OVERHEAD) * INNER_FILLFACTOR / 100))
        total += level
    return total * page


def _groups(keys: tuple[ColumnStatistics, ...], rows: int) -> Iterator[tuple[float, float]]:
    """How many keys there are with how many equal rows each. Of several columns every combination is thought to occur,
    which is the most that the index can take."""
    if any(one.distinct is None for one in keys):
        yield rows, 1
        return
    if len(keys) > 1:
        several = max(1.0, min(float(rows), prod(max(1.0, one.distinct or 1) for one in keys)))
        yield several, rows / several
        return
    [only] = keys
    nulls = rows * (only.null_fraction or 0)
    if nulls:
        yield 1, nulls
    for frequency in only.frequencies:
        yield 1, rows * frequency
    rest = rows - nulls - rows * sum(only.frequencies)
    values = (only.distinct or 0) - len(only.frequencies)
    if rest >= 1:
        values = min(rest, max(1.0, values))
        yield values, rest / values


def _group_bytes(size: float, entry: float, capacity: int) -> float:
    """What one key takes with so many equal rows: single entries, or posting lists where those are shorter."""
    return min(size * entry, ceil(size / capacity) * entry + size * ROW_POINTER)


def _aligned(size: float) -> int:
    return ceil(size / ALIGNMENT) * ALIGNMENT
