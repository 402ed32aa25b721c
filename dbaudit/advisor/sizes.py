"""How many bytes an index of PostgreSQL would take, from statistics alone.

A b-tree keeps equal keys once, with the list of their rows (de-duplication, from PostgreSQL 13 on): an index on a
column of few values takes a third of one on as many different values. HypoPG's own estimate knows nothing of it. The
layout is that of ``nbtree`` and ``itup.h``.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from dbaudit.advisor.candidate import Candidate
from dbaudit.advisor.selectivity import condition_share
from dbaudit.facts import Column, IndexKey, Snapshot, Table
from dbaudit.sql.equivalence import not_null_columns
from dbaudit.sql.normal_form import mentioned

PAGE = 8192
#: What a leaf page takes when an index is built: without header and special space, nine tenths of it filled.
LEAF = int((PAGE - 24 - 16) * 0.9)
#: Inner pages are filled to seven tenths.
INNER = int((PAGE - 24 - 16) * 0.7)
HEADER, POINTER, ROW_ID, ALIGN = 8, 4, 6, 8
#: A list of rows for one key takes up to a tenth of a page when an index is built.
LONGEST_LIST = PAGE // 10 - POINTER
#: Rows that a page has space for, where the table was never measured.
UNKNOWN_WIDTH = 24
#: An entry of a hash index has the hash alone; its pages are filled to three quarters, and half of them are new.
HASH_ENTRY = 20 / 0.75 * 1.3
#: Bytes of a trigram index for each byte of text, and of a block range index for each page of its table.
GIN_SHARE, BRIN_PAGES = 1.0, 128

_WIDTHS = {
    "boolean": 1,
    "smallint": 2,
    "integer": 4,
    "bigint": 8,
    "real": 4,
    "double precision": 8,
    "date": 4,
    "timestamp": 8,
    "time": 8,
    "uuid": 16,
    "interval": 16,
    "inet": 12,
}
_ALIGNED = {"smallint": 2, "integer": 4, "real": 4, "date": 4, "bigint": 8, "double precision": 8}
#: Types whose equal values may look different, so that they are never kept once.
_NEVER_ONCE = ("numeric", "real", "double precision", "jsonb", "record")


@dataclass(frozen=True, slots=True)
class Part:
    """One column of an index tuple: bytes, alignment, how many different values, which part is NULL."""

    width: float
    align: int
    distinct: float
    null: float
    frequencies: tuple[float, ...] = ()
    once: bool = True


@dataclass(frozen=True, slots=True)
class Keys:
    """What was counted of an index's keys: how many different ones there are, and the mean width of each in bytes."""

    different: float
    widths: tuple[float, ...]


def index_bytes(
    candidate: Candidate, snapshot: Snapshot, share: float | None = None, counted: Keys | None = None
) -> int:
    """Bytes that the index would take when it has just been built; at least one page of keys.

    ``share`` is the part of the rows that its condition lets in, where the planner was asked for it; ``counted`` what
    was counted of its keys.
    """
    table = snapshot.table(candidate.table, candidate.schema)
    if table is None:
        return 0
    rows = float(table.rows or 0) * (condition_share(table, candidate.condition) if share is None else share)
    heap = float(table.heap_bytes or table.bytes or 0)
    if candidate.method == "brin":
        return int(3 * PAGE + heap / PAGE / BRIN_PAGES * 24)
    if candidate.method in ("gin", "gist"):
        return int(2 * PAGE + rows * sum(part.width for part in _parts(table, candidate.keys)) * GIN_SHARE * 1.5)
    if candidate.method == "hash":
        return int(4 * PAGE + rows * HASH_ENTRY)
    filled = not_null_columns(candidate.condition)  # the rows with NULL are out already
    keys = [
        replace(part, null=0.0) if key.column.lower() in filled else part
        for key, part in zip(candidate.keys, _parts(table, candidate.keys), strict=True)
    ]
    if counted is not None:
        keys = [
            part if key.column else replace(part, width=width, align=1)
            for key, part, width in zip(candidate.keys, keys, counted.widths, strict=True)
        ]
    more = [_part(table, name) for name in candidate.include]
    leaves = _leaf_pages(rows, keys, more, counted.different if counted else None)
    return int((1 + leaves + _inner_pages(leaves, keys)) * PAGE)


def index_height(candidate: Candidate, snapshot: Snapshot, size: int) -> int:
    """Levels above the leaves of a b-tree of so many bytes, 0 where the root is a leaf."""
    table = snapshot.table(candidate.table, candidate.schema)
    fanout = _fanout([*_parts(table, candidate.keys)] if table else [])
    pages, levels = float(size // PAGE - 1), 0
    while pages > 1:
        pages = math.ceil(pages / fanout)
        levels += 1
    return levels


def entry_bytes(candidate: Candidate, snapshot: Snapshot) -> int:
    """Bytes of one new entry of the index, its pointer on the page included."""
    table = snapshot.table(candidate.table, candidate.schema)
    if table is None:
        return 0
    return int(_tuple([*_parts(table, candidate.keys), *(_part(table, name) for name in candidate.include)]) + POINTER)


def _leaf_pages(rows: float, keys: list[Part], more: list[Part], different: float | None = None) -> float:
    single = _tuple([*keys, *more]) + POINTER
    if more or not all(part.once for part in keys):
        return _pages(rows * single)
    total = sum(_bytes_of(groups, size, _tuple(keys)) for groups, size in _groups(rows, keys, different))
    return _pages(total)


def _pages(used: float) -> float:
    return max(1.0, math.ceil(used / LEAF)) if used else 1.0


def _fanout(keys: list[Part]) -> float:
    return max(2.0, INNER / (_tuple(keys) + POINTER))


def _inner_pages(leaves: float, keys: list[Part]) -> float:
    fanout = _fanout(keys)
    pages = 0.0
    while leaves > 1:
        leaves = math.ceil(leaves / fanout)
        pages += leaves
    return pages


def _groups(rows: float, keys: list[Part], counted: float | None = None) -> Iterator[tuple[float, float]]:
    """How many different keys there are, by how many rows share one: (number of keys, rows of each)."""
    if counted is not None:
        rest, different = rows, min(rows, counted)
    elif len(keys) == 1:
        part = keys[0]
        rest = rows * (1 - part.null)
        if part.null:
            yield 1, rows * part.null
        frequent = [one * rows for one in part.frequencies]
        for size in frequent:
            yield 1, size
        rest -= sum(frequent)
        different = max(0.0, part.distinct - len(frequent))
    else:
        rest = rows
        different = 1.0
        for part in keys:
            different *= _spread(part)
        # So many of the possible combinations occur when rows are thrown at them.
        different = different * -math.expm1(-rows / different) if different < 50 * rows else rows
    if rest > 0 and different >= 1:
        size = max(1.0, rest / different)
        low = math.floor(size)
        if size == low:
            yield rest / size, size
        else:
            yield different * (1 - (size - low)), low
            yield different * (size - low), low + 1
    elif rest > 0:
        yield 1, rest


def _spread(part: Part) -> float:
    """Of how many equally frequent values a column is as mixed as of its own: the exponential of its entropy. A flag
    that hardly ever is set makes hardly more pairs with another column than that has values."""
    rest = max(0.0, 1 - part.null - sum(part.frequencies))
    others = max(1.0, part.distinct - len(part.frequencies))
    entropy = -sum(share * math.log(share) for share in (part.null, *part.frequencies) if share > 0)
    if rest > 0:
        entropy -= rest * math.log(rest / others)
    return max(1.0, math.exp(entropy))


def _bytes_of(groups: float, size: float, key: float) -> float:
    """Bytes of so many keys, each with that many rows."""
    if size <= 1:
        return groups * size * (key + POINTER)
    per_list = max(2.0, (LONGEST_LIST - key) // ROW_ID)
    full, rest = divmod(size, per_list)
    one = full * (_aligned(key + per_list * ROW_ID) + POINTER)
    if rest:
        one += (_aligned(key + rest * ROW_ID) if rest > 1 else key) + POINTER
    return groups * one


def _tuple(parts: Iterable[Part]) -> float:
    """Bytes of an index tuple with these columns."""
    offset, null = 0.0, 1.0
    for part in parts:
        offset = math.ceil(offset / part.align) * part.align + part.width
        null *= 1 - part.null
    # A tuple with a NULL carries a bitmap of eight bytes with the header's alignment.
    return HEADER + _aligned(offset) + (1 - null) * ALIGN


def _aligned(size: float) -> float:
    return math.ceil(size / ALIGN) * ALIGN


def _parts(table: Table, keys: Iterable[IndexKey]) -> Iterator[Part]:
    for key in keys:
        if key.column:
            yield _part(table, key.column)
        else:
            named = sorted(mentioned(key.expression))
            found = [_part(table, column.name) for column in table.columns if column.name.lower() in named]
            yield max(found, key=lambda one: one.width, default=Part(UNKNOWN_WIDTH, 1, float(table.rows or 1), 0.0))


def _part(table: Table, name: str) -> Part:
    column = table.column(name)
    if column is None:
        return Part(UNKNOWN_WIDTH, 1, float(table.rows or 1), 0.0)
    kind = column.type.lower()
    seen = column.statistics
    width = _WIDTHS.get(kind.partition("(")[0].split(" with")[0].strip())
    measured = float(width or (seen and seen.width) or _declared(column))
    return Part(
        width=measured,
        align=next(
            (align for prefix, align in _ALIGNED.items() if kind.startswith(prefix)),
            8 if kind[:9] == "timestamp" else 1,
        ),
        distinct=float((seen and seen.distinct) or table.rows or 1),
        null=float((seen and seen.null_fraction) or 0.0),
        frequencies=seen.frequencies if seen else (),
        once=not kind.startswith(_NEVER_ONCE) and not kind.endswith("[]"),
    )


def _declared(column: Column) -> float:
    """A guess at the width of a column without statistics, by its type."""
    digits = "".join(filter(str.isdigit, column.type))
    return min(UNKNOWN_WIDTH, int(digits) / 2 + 1) if digits else UNKNOWN_WIDTH
