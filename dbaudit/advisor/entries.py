"""Which b-trees of PostgreSQL can hold their entries, and what takes the place of one that cannot.

An entry is a third of a page at most. A longer one makes the build fail, or, where it comes later, the insert of its
row; averages tell nothing of it. So a column is no key where a value of half that length was seen, and is never
carried along where its type sets no bound.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from dbaudit.advisor.candidate import Candidate
from dbaudit.facts import Column, IndexKey, Table
from dbaudit.sql.normal_form import mentioned
from dbaudit.sql.types import BTREE_ENTRY, is_ordered, is_unbounded

#: The longest value in bytes that may be seen in a key, so that one twice as long still has room.
LONGEST_KEY: Final = BTREE_ENTRY // 2


def fitting(candidate: Candidate, table: Table, vendor: str) -> Candidate | None:
    """The candidate where its entries have room, a hash index where that can do the same, else None."""
    if vendor != "postgresql" or candidate.method != "btree":
        return candidate
    carried = (table.column(name) for name in candidate.include)
    if any(column is not None and is_unbounded(column.type) for column in carried):
        return None
    if all(_has_room(key, table) for key in candidate.keys):
        return candidate
    [first, *others] = candidate.keys
    if others or not (first.column and first.plain):
        return None
    return replace(candidate, method="hash", include=())


def _has_room(key: IndexKey, table: Table) -> bool:
    if key.column:
        column = table.column(key.column)
        return column is None or (is_ordered(column.type) and not is_long(column))
    named = mentioned(key.expression)
    return not any(column.name.lower() in named and is_long(column) for column in table.columns)


def is_long(column: Column) -> bool:
    """Whether a value was seen that is too long for a key."""
    return column.longest is not None and column.longest > LONGEST_KEY
