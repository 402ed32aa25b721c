from __future__ import annotations

import re
from collections.abc import Iterator

from dbaudit.analysis import measured
from dbaudit.analysis.removal import declaring_field, is_pattern_companion, removal
from dbaudit.checks.unused_index import MIN_AGE_TRANSACTIONS, WINDOW_DAYS
from dbaudit.facts import Index, Skipped, Snapshot, Table
from dbaudit.findings import Confidence, Evidence, Finding
from dbaudit.registry import check

GROUP = "No query asks for the beginning of these texts, for which Django adds a second index to each"
#: ``startswith`` compiles to the first, ``regex`` to the others; all of them may be served by such an index.
_PATTERN = re.compile(r'"(\w+)"\."(\w+)"(?:::\w+)?\s+(?:LIKE|~~|~)\s', re.IGNORECASE)


@check(severity="info", needs=["schema", "models", "statistics", "queries"], vendors=["postgresql"])
def unused_pattern_index(snapshot: Snapshot) -> Iterator[Finding | Skipped]:
    """Nothing asks for the beginning of a text that has an index for that.

    Why: Beside the index of a text field with ``db_index`` or ``unique`` Django makes a second one with a pattern
    operator class, for ``startswith`` and ``like``. Where nothing asks so, every write pays for it and no read gains.

    Fix: Declare the field without ``unique=True`` or ``db_index=True``, and the constraint or the index in the Meta:
    there Django makes one index alone. It can be built again at any time.

    Silent when: The server has counted for less than 30 days, or the index is as young as that may be (fewer than
    10,000 writing transactions old); it was read; a measured statement matches the column with ``LIKE`` or a regular
    expression; nothing has read its table; no other index has the column; the field is the primary key, for which
    Django always makes it; the application is not the project's.
    """
    if reason := snapshot.counted_too_briefly(WINDOW_DAYS):
        yield Skipped("unused_pattern_index", reason)
        return
    yield from measured.unmeasured(snapshot, "unused_pattern_index")
    if not snapshot.runs:
        return
    asked = {
        place for run in measured.runs(snapshot) for one in run.statements for place in _PATTERN.findall(one.template)
    }
    for table in snapshot.stored_tables():
        for index in table.indexes:
            if _is_unread_twin(snapshot, table, index) and (table.name, index.columns[0]) not in asked:
                yield _finding(snapshot, table, index)


def _is_unread_twin(snapshot: Snapshot, table: Table, index: Index) -> bool:
    counted = table.statistics
    read = counted is not None and bool(counted.sequential_scans or counted.index_scans)
    unread = index.scans == 0 and index.usable and (index.age or 0) >= MIN_AGE_TRANSACTIONS
    if table.ownership.owner != "project" or not (read and unread and is_pattern_companion(snapshot, table, index)):
        return False
    field = declaring_field(snapshot, table, index)
    twins = (one for one in table.indexes if one is not index and one.usable and one.columns[:1] == index.columns)
    return field is not None and not field.primary_key and any(not one.keys[0].opclass for one in twins)


def _finding(snapshot: Snapshot, table: Table, index: Index) -> Finding:
    since = (snapshot.statistics_since or "").partition("T")[0]
    field = declaring_field(snapshot, table, index)
    return Finding.about(
        table,
        subject=f"Nothing asks {table.label} for the beginning of {index.columns[0]}",
        detail=f"{index.name} was not read since {since}, and no measured query matches {index.columns[0]} by LIKE.",
        identity=(index.describe(),),
        confidence=Confidence.MEDIUM,
        written=field,
        group=GROUP,
        evidence=[
            Evidence("scans", 0, "scans", "pg_stat_user_indexes"),
            Evidence("not read since", since, source="pg_stat_database"),
            Evidence("measured", len(snapshot.runs), "queries and pages", "workload"),
            Evidence("size", index.bytes or 0, "bytes", "catalog"),
        ],
        remedy=removal(snapshot, table, index),
    )
