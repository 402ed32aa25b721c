from __future__ import annotations

from collections.abc import Iterator

from dbaudit.facts import Index, Skipped, Snapshot, Table
from dbaudit.findings import Confidence, Evidence, Finding, Remedy, RunSql, Severity
from dbaudit.registry import check
from dbaudit.sql.equivalence import enforces, serves_foreign_key

#: Holds a whole week, so that every day of it counts.
WINDOW_DAYS = 7
#: A small table may carry any number of indexes.
MIN_BYTES = 10 * 1024 * 1024
#: Keys and foreign keys alone make the indexes of a narrow link table larger than its rows. These are not counted.
MIN_INDEXES = 4
MIN_WRITES = 10_000


@check(severity="info", needs=["schema", "statistics"], vendors=["postgresql"])
def over_indexed_table(snapshot: Snapshot) -> Iterator[Finding | Skipped]:
    """A table that is written more than read carries more indexes than rows, in bytes.

    Why: Every insert, and every update that is not heap-only, writes all of them. Where there are more such entries
    than scans, the table pays more for its indexes than they give back.

    Fix: Begin with the index that is read least. Composite indexes may serve several lookups at once.

    Silent when: The server has counted for less than 7 days; the indexes that nothing requires (no constraint, no
    foreign key) are fewer than four, or smaller than the table with its TOAST, or all indexes together smaller than
    10 MiB; fewer than 10,000 rows were written, or there were as many scans as rows written.
    """
    if reason := snapshot.counted_too_briefly(WINDOW_DAYS):
        yield Skipped("over_indexed_table", reason)
        return
    for table in snapshot.stored_tables():
        counted = table.statistics
        if counted is None or counted.entries_written is None or table.bytes is None:
            continue
        spare = [
            one for one in table.indexes if one.usable and not enforces(one) and not serves_foreign_key(table, one)
        ]
        read = (counted.index_scans or 0) + (counted.sequential_scans or 0)
        if (
            len(spare) >= MIN_INDEXES
            and (table.index_bytes or 0) >= MIN_BYTES
            and sum(index.bytes or 0 for index in spare) >= table.bytes
            and counted.entries_written >= MIN_WRITES
            and counted.entries_written > read
        ):
            yield _finding(snapshot, table, spare, counted.entries_written, read)


def _finding(snapshot: Snapshot, table: Table, spare: list[Index], written: int, read: int) -> Finding:
    least = min(spare, key=lambda index: (index.scans or 0, -(index.bytes or 0), index.name))
    relation = snapshot.dialect.quote(table.schema, table.name).replace("'", "''")
    return Finding.about(
        table,
        subject=f"{table.label} carries {len(spare)} indexes that nothing requires, larger than its rows",
        detail=f"{written:,} rows were written into each index while all of them were scanned {read:,} times.",
        identity=(),
        severity=Severity.DEFAULT,
        confidence=Confidence.MEDIUM,
        evidence=[
            Evidence("size of the table", table.bytes or 0, "bytes", "catalog"),
            Evidence("size of its indexes", table.index_bytes or 0, "bytes", "catalog"),
            Evidence("indexes that nothing requires", len(spare), "indexes", "catalog"),
            Evidence("rows written", written, "rows", "pg_stat_user_tables"),
            Evidence("scans of the table and its indexes", read, "scans", "pg_stat_user_tables"),
            Evidence("least read", f"{least.name} {least.describe()}", source="pg_stat_user_indexes"),
            Evidence("scans of that index", least.scans or 0, "scans", "pg_stat_user_indexes"),
        ],
        remedy=Remedy(
            action=RunSql(purpose="List the indexes of the table, the least read first."),
            orm=f"Go through the indexes of {table.ownership.model or table.label}, beginning with {least.name!r}.",
            sql=(
                "SELECT indexrelname, idx_scan, pg_size_pretty(pg_relation_size(indexrelid)) FROM pg_stat_user_indexes"
                f" WHERE relid = '{relation}'::regclass ORDER BY idx_scan, indexrelname;"
            ),
        ),
    )
