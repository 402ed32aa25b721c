"""Updates that are heap-only (HOT) until an index comes: which of them it would take that from, and how sure that is.

An update that changes no column of any index writes the row and nothing else. The server counts such updates; which
columns they change it does not say. An ``auto_now`` field changes with every save, and measured updates name theirs. An
integer that begins at 0 looks like a counter. Of a column in none of the indexes it is not known: where nearly all
updates are heap-only, those that are indexed already are not the ones that change.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dbaudit.advisor.candidate import Candidate
from dbaudit.facts import Snapshot, Table
from dbaudit.sql import normal_form

#: From this server on block range indexes do not keep an update from being heap-only.
BRIN_EXEMPT_SINCE = 16
#: Fewer heap-only updates than these, or than this part of all, tell nothing of the columns that are not known.
MANY, MOST = 1_000, 0.5
#: From so many updates on the audit asks for an index on what each save changes to go (`hot_update_blocker`).
BLOCKED = 10_000

Changes = Mapping[tuple[str, str], Mapping[str, float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Threat:
    """Of ``updated`` rows ``heap_only`` were heap-only; ``lost`` of these would not be any more, because of ``column``.

    ``sure`` is False where that the column changes is a guess.
    """

    column: str
    updated: float
    heap_only: float
    lost: float
    sure: bool

    def told(self) -> str:
        """In words, with the figures."""
        counted = f"Of {self.updated:,.0f} updates {self.heap_only:,.0f} were heap-only (HOT)"
        if self.sure:
            return (
                f"{counted}: {self.lost:,.0f} of them change {self.column}, and would write every index of the table."
            )
        return (
            f"{counted}. Those that change {self.column} would write every index of the table: see how many they are."
        )


def threat(candidate: Candidate, snapshot: Snapshot, changed: Changes) -> Threat | None:
    """What the index would take from the table's updates, None where that is nothing. ``changed`` is that of
    `dbaudit.advisor.writes.changes`."""
    table = snapshot.table(candidate.table, candidate.schema)
    counted = table.statistics if table else None
    updated, heap_only = (float(counted.updated or 0), float(counted.hot_updated or 0)) if counted else (0.0, 0.0)
    if table is None or not heap_only or _summarizes(candidate, snapshot):
        return None
    named = sorted(_named(candidate))
    fields = [field for model in snapshot.models_of(table) for field in model.fields]
    shares = changed.get((table.schema, table.name), {})

    def found(column: str, share: float, *, sure: bool) -> Threat:
        lost = min(heap_only, updated * share)
        return Threat(column=column, updated=updated, heap_only=heap_only, lost=lost, sure=sure)

    for field in fields:
        if field.auto_now and field.column.lower() in named:
            return found(field.column, 1.0, sure=True)
    best = max(named, key=lambda column: shares.get(column, 0.0), default="")
    if shares.get(best, 0.0) > 0:
        return found(best, shares[best], sure=True)
    for field in fields:
        if field.counter and field.column.lower() in named:
            return found(field.column, 1.0, sure=False)
    if shares or heap_only < max(MANY, MOST * updated):
        return None
    unknown = [column for column in named if column not in _settled(table)]
    return found(unknown[0], 1.0, sure=False) if unknown else None


def is_blocker(found: Threat | None) -> bool:
    """Whether an index like that is one that the audit asks to drop once it is there."""
    return found is not None and found.sure and found.lost >= max(BLOCKED, MOST * found.updated)


def _named(candidate: Candidate) -> set[str]:
    """All columns that the index depends on, in lower case."""
    named = {key.column.lower() for key in candidate.keys if key.column} | {name.lower() for name in candidate.include}
    texts = [key.expression for key in candidate.keys if key.expression]
    return named | normal_form.mentioned(*texts, candidate.condition)


def _settled(table: Table) -> set[str]:
    """The columns that hardly change: keys, references, and those that are indexed while updates are heap-only."""
    columns = {*table.primary_key, *(name for key in table.foreign_keys for name in key.columns)}
    columns |= {name for index in table.indexes if index.ready for name in (*index.columns, *index.included)}
    return {name.lower() for name in columns}


def _summarizes(candidate: Candidate, snapshot: Snapshot) -> bool:
    version = int(snapshot.server_version.partition(".")[0] or 0)
    return candidate.method == "brin" and version >= BRIN_EXEMPT_SINCE
