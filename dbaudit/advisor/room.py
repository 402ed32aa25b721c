"""How many bytes new indexes may take."""

from __future__ import annotations

from dbaudit.advisor.candidate import Candidate
from dbaudit.amounts import Budget
from dbaudit.facts import Index, Snapshot

#: A share of small tables is no measure: so much there always is.
LEAST_ROOM = 16 * 2**20
#: The budget where what the rows take could not be seen.
BOUNDLESS = 10**15


def room(budget: Budget, snapshot: Snapshot) -> int:
    """The bytes that are left of a budget. What stands there because an earlier advice was followed has taken its part:
    otherwise each advice that is followed would be followed by another."""
    tables = [*snapshot.stored_tables()]
    heap = sum(table.heap_bytes or table.bytes or 0 for table in tables)
    if budget.bytes is not None:
        most = budget.bytes
    elif not heap:
        return BOUNDLESS
    else:
        most = max(budget.of(heap), LEAST_ROOM) if budget.share else 0
    taken = sum(index.bytes or 0 for table in tables for index in table.indexes if is_ours(index, table.schema))
    return max(0, most - taken)


def is_ours(index: Index, schema: str) -> bool:
    """Whether the index has the name that this advisor gives to such an index."""
    if index.unique or not index.name.endswith("_idx") or not all(key.column for key in index.keys):
        return False
    known = Candidate(
        table=index.table,
        schema=schema,
        keys=index.keys,
        include=index.included,
        condition=index.predicate,
        method=index.method,
    )
    return known.name == index.name
