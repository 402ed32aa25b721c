"""What an index costs the writes of its table: bytes of write-ahead log, a unit that no machine changes.

Measured for each new entry of a b-tree: 65 to 80 bytes; an update that was heap-only (HOT) until the index came writes
an entry into every index of its table.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dbaudit.advisor.candidate import Candidate
from dbaudit.advisor.hot import Threat, threat
from dbaudit.advisor.selectivity import condition_share
from dbaudit.advisor.sizes import entry_bytes
from dbaudit.advisor.statements import changed_columns
from dbaudit.facts import Snapshot, Table

#: Bytes of a log record besides the index entry itself.
RECORD = 48
#: Of an entry of a trigram index: one for each of the text's trigrams, most of them in the list of pending ones.
TRIGRAM_RECORD = 182
#: What one byte of log costs in the planner's units, so that an entry costs about as much as finding a row by its key.
UNITS_PER_BYTE = 0.005
#: The counted rows filled a table if they are at least this share of those that lie there.
FILLED = 0.95


@dataclass(frozen=True, slots=True)
class Written:
    """What writing costs because of an index, in the observed time: entries and bytes of log. ``threat`` is
    what it would take from updates that are heap-only."""

    entries: float
    wal_bytes: float
    threat: Threat | None = None

    @property
    def units(self) -> float:
        """In the planner's units of cost."""
        return self.wal_bytes * UNITS_PER_BYTE


def written(
    candidate: Candidate, snapshot: Snapshot, changed: Mapping[tuple[str, str], Mapping[str, float]]
) -> Written:
    """What keeping the index costs the writes that the server has counted. ``changed`` is that of ``changes``."""
    table = snapshot.table(candidate.table, candidate.schema)
    counted = table.statistics if table else None
    if table is None or counted is None:
        return Written(0.0, 0.0)
    share = condition_share(table, candidate.condition)
    updated = float(counted.updated or 0)
    hot = float(counted.hot_updated or 0)
    threatened = threat(candidate, snapshot, changed)
    lost = threatened.lost if threatened is not None and threatened.sure else 0.0
    entries = (inserted(table) + updated - hot + lost) * share
    each = TRIGRAM_RECORD if candidate.method == "gin" else RECORD + entry_bytes(candidate, snapshot)
    others = len([index for index in table.indexes if index.ready])
    return Written(entries, entries * each + lost * others * (RECORD + 20), threatened)


def inserted(table: Table) -> float:
    """The rows that were inserted as part of the work. When the counted ones filled the table, those that still lie
    there were its first filling, once and for all."""
    counted = table.statistics
    if counted is None or counted.inserted is None:
        return 0.0
    there = table.rows or counted.live_rows or 0
    filled = counted.inserted >= there * FILLED  # how many lie there may be an estimate
    return float(max(0, counted.inserted - there) if filled else counted.inserted)


def reads(table: Table) -> float:
    """How often the table was read: scans of it or of its indexes."""
    counted = table.statistics
    return float((counted and (counted.sequential_scans or 0) + (counted.index_scans or 0)) or 0)


def changes(snapshot: Snapshot) -> dict[tuple[str, str], dict[str, float]]:
    """Which part of the updates of each table changes which of its columns, as far as the measured runs show it.

    A ``save()`` sets every column and changes hardly any: it tells nothing.
    """
    seen: dict[str, list[tuple[frozenset[str], float]]] = {}
    for run in snapshot.runs:
        for statement in run.statements:
            if statement.kind == "update" and statement.tables:
                name = statement.tables[0].rpartition(".")[2]
                seen.setdefault(name, []).append((changed_columns(statement.sql), float(run.calls or 1)))
    found: dict[tuple[str, str], dict[str, float]] = {}
    for table in snapshot.tables:
        updates = [
            (columns if len(columns) <= max(1, len(table.columns) // 2) else frozenset(), calls)
            for columns, calls in seen.get(table.name, [])
        ]
        total = sum(calls for _, calls in updates)
        columns = {column for names, _ in updates for column in names}
        found[table.schema, table.name] = {
            column: sum(calls for names, calls in updates if column in names) / total for column in sorted(columns)
        }
    return found
