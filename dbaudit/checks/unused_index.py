from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from dbaudit.analysis.removal import declaration, is_pattern_companion, removal
from dbaudit.facts import Index, Skipped, Snapshot, Table
from dbaudit.findings import Confidence, Evidence, Finding, Severity
from dbaudit.registry import check
from dbaudit.sql.equivalence import enforces, serves_foreign_key

#: Long enough to hold a month's end. A yearly job is longer, which the finding says.
WINDOW_DAYS = 30
#: Below this, dropping it saves nothing that anybody would notice (pghero, pg-extras and plain begin there too).
MIN_BYTES = 1024 * 1024
#: An index that so few writing transactions have seen may be new. The server keeps no date of its creation.
MIN_AGE_TRANSACTIONS = 10_000
#: Statistics are stale once this part of the rows has changed: twice what autovacuum waits for.
STALE_SHARE = 0.2


@check(severity="warning", needs=["schema", "models", "statistics"], vendors=["postgresql"])
def unused_index(snapshot: Snapshot) -> Iterator[Finding | Skipped]:
    """No query has read an index for a month or more.

    Why: Every insert writes it, and so does every update that is not heap-only; it takes its share of memory, backups
    and vacuuming, and gives nothing back.

    Fix: Make sure that no yearly job and no standby reads it: each server counts for itself. Then take it out of the
    model; it can be built again at any time.

    Silent when: The server has counted for less than 30 days, or the index is as young as that may be (fewer than
    10,000 writing transactions old); it enforces something (unique, primary key, exclusion, target of a foreign key,
    replica identity, clustered); it is the only one that serves a foreign key; it is smaller than 1 MiB or invalid; a
    query has read it within the 30 days (before version 16 the server dates no scan: since it counts), an earlier
    audit's measured queries included, which it counts like anybody's (this audit's own come later); it is the one that
    Django adds to a text field for patterns (that is `unused_pattern_index`); nothing has read its table either; the
    table was never analyzed, so that the planner does not know what the index is for.
    """
    if reason := snapshot.counted_too_briefly(WINDOW_DAYS):
        yield Skipped("unused_index", reason)
        return
    unknown = []
    for table in snapshot.stored_tables():
        left = table
        for index in sorted(table.indexes, key=lambda one: (-(one.bytes or 0), one.name)):
            since = _unread_since(snapshot, index)
            if not since or not _is_read(table) or not _droppable(index) or serves_foreign_key(left, index):
                continue
            if is_pattern_companion(snapshot, table, index):
                continue
            if not table.sampled:
                unknown.append(table.label)
                break
            # Of two that serve a foreign key, one has to stay.
            left = replace(left, indexes=tuple(one for one in left.indexes if one is not index))
            yield _finding(snapshot, table, index, since)
    if unknown:
        reason = "no statistics of its columns were seen, without which the planner does not know what an index is for."
        yield Skipped.some("unused_index", unknown, reason)


def _unread_since(snapshot: Snapshot, index: Index) -> str:
    """The day of the last scan as far as the server tells one (since version 16), or from which on it has counted
    none; ``""`` where that is too recent."""
    if index.scans is None:
        return ""
    since = (index.last_scan or "") if index.scans else (snapshot.statistics_since or "")
    days = snapshot.days_since(since)
    return since.partition("T")[0] if days is not None and days >= WINDOW_DAYS else ""


def _droppable(index: Index) -> bool:
    return (
        not enforces(index)
        and index.usable
        and (index.bytes or 0) >= MIN_BYTES
        and (index.age or 0) >= MIN_AGE_TRANSACTIONS
    )


def _is_read(table: Table) -> bool:
    counted = table.statistics
    return counted is not None and bool(counted.sequential_scans or counted.index_scans)


def _finding(snapshot: Snapshot, table: Table, index: Index, since: str) -> Finding:
    standbys = dict(snapshot.settings).get("standbys", "0")
    caveats = ["What standbys read is counted there alone."]
    if index.expressions:
        caveats.append("It also tells the planner how the values of its expression are distributed.")
    stale = ((table.statistics and table.statistics.changed_share) or 0) > STALE_SHARE
    if stale:
        caveats.append("The table's statistics are stale: analyze it and look again.")
    declared = declaration(snapshot, table, index)
    mild = table.ownership.owner != "project" or table.ownership.auto_created
    doubtful = stale or index.expressions or standbys != "0"
    return Finding.about(
        table,
        subject=f"Index {index.name} of {table.label} was not read since {since}",
        detail=f"{index.describe()}: no scan since {since}. {' '.join(caveats)}",
        identity=(index.describe(),),
        severity=Severity.INFO if mild else Severity.DEFAULT,
        confidence=Confidence.LOW if doubtful else Confidence.MEDIUM,
        written=declared,
        evidence=[
            Evidence("scans", index.scans or 0, "scans", "pg_stat_user_indexes"),
            Evidence("not read since", since, source="pg_stat_user_indexes" if index.scans else "pg_stat_database"),
            Evidence("size", index.bytes or 0, "bytes", "catalog"),
            Evidence("standbys connected", int(standbys), "servers", "pg_stat_replication"),
        ],
        remedy=removal(snapshot, table, index),
    )
