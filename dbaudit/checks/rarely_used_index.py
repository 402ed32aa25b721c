from __future__ import annotations

from collections.abc import Iterator

from dbaudit.analysis.removal import declaration, removal
from dbaudit.facts import Index, Skipped, Snapshot, Table
from dbaudit.findings import Confidence, Evidence, Finding, Severity
from dbaudit.registry import check
from dbaudit.sql.equivalence import enforces, serves_foreign_key

#: Holds a whole week, so that every day of it counts.
WINDOW_DAYS = 7
#: Where a rarely read index begins to be a burden on memory and backups.
MIN_BYTES = 10 * 1024 * 1024
#: The peers say "no more scans than writes", which any index of a busy table may reach; this is clear of doubt.
WRITES_PER_SCAN = 100
MIN_WRITES = 10_000


@check(severity="info", needs=["schema", "models", "statistics"], vendors=["postgresql"])
def rarely_used_index(snapshot: Snapshot) -> Iterator[Finding | Skipped]:
    """A large index is written a hundred times for each time that it is read.

    Why: Each entry costs a search through the tree, a write to the log and, where the page is not in memory, a read.
    The few queries that use the index may not be worth all of these.

    Fix: Find the queries that use it. If they may take longer, take the index out; if they ask for few rows only, let
    a partial index hold just those.

    Silent when: The server has counted for less than 7 days; the index is smaller than 10 MiB, enforces something, is
    invalid or is the only one that serves a foreign key; fewer than 10,000 entries were written; it was never read
    (that is `unused_index`); its few scans read as many rows as the table has: a report that lives on it. The
    scans of earlier audits' measured queries count like anybody's, those of this audit come later.
    """
    if reason := snapshot.counted_too_briefly(WINDOW_DAYS):
        yield Skipped("rarely_used_index", reason)
        return
    for table in snapshot.stored_tables():
        written = (table.statistics and table.statistics.entries_written) or 0
        for index in table.indexes:
            if (
                written >= MIN_WRITES
                and index.scans
                and index.scans * WRITES_PER_SCAN <= written
                and (index.tuples_read or 0) < (table.rows or 0)
                and (index.bytes or 0) >= MIN_BYTES
                and index.usable
                and not enforces(index)
                and not serves_foreign_key(table, index)
            ):
                yield _finding(snapshot, table, index, written)


def _finding(snapshot: Snapshot, table: Table, index: Index, written: int) -> Finding:
    scans = index.scans or 0
    declared = declaration(snapshot, table, index)
    return Finding.about(
        table,
        subject=f"Index {index.name} of {table.label} is written often and read rarely",
        detail=f"{index.describe()} received {written:,} entries and was read {scans:,} times.",
        identity=(index.describe(),),
        severity=Severity.DEFAULT,
        confidence=Confidence.LOW,
        written=declared,
        evidence=[
            Evidence("scans", scans, "scans", "pg_stat_user_indexes"),
            Evidence("entries read", index.tuples_read or 0, "entries", "pg_stat_user_indexes"),
            Evidence("entries written", written, "entries", "pg_stat_user_tables"),
            Evidence("counted for", snapshot.statistics_days or 0, "days", "pg_stat_database"),
            Evidence("size", index.bytes or 0, "bytes", "catalog"),
        ],
        remedy=removal(snapshot, table, index),
    )
