from __future__ import annotations

from collections.abc import Iterator
from math import ceil

from dbaudit.facts import Skipped, Snapshot, Table
from dbaudit.findings import Confidence, Evidence, Finding, Remedy, RunSql
from dbaudit.registry import check

#: A table is told of where at least half of it, and so many bytes, hold nothing.
WASTED_SHARE, WASTED_BYTES = 0.5, 64 * 2**20
# PostgreSQL's page layout: header of a page, pointer to a row, header of a row, alignment (bytes).
PAGE_HEADER, POINTER, ROW_HEADER, ALIGNMENT = 24, 4, 23, 8


@check(severity="info", needs=["statistics"], vendors=["postgresql"], category="operations")
def bloated_table(snapshot: Snapshot) -> Iterator[Finding | Skipped]:
    """Most of a table's file holds no rows.

    Why: After mass deletes or updates the space stays with the table: vacuum frees it for the table's own new rows,
    not for anybody else. Sequential scans read it, backups of the files and the cache carry it.

    Fix: If the table will not grow into it again, rebuild it: ``pg_repack`` while it is in use, ``VACUUM FULL``
    under a lock that keeps readers out.

    Silent when: The estimate is that less than half of the file, or less than 64 MiB, is free; dead rows fill it,
    as that is `dead_rows`. The estimate takes the rows' width from the planner's statistics and knows nothing of
    columns that were dropped; large values that lie beside the table (TOAST) are not in it. A table of that size
    whose columns were not all analyzed, or whose statistics the role may not see, is named as not examined.
    """
    page = int(dict(snapshot.settings).get("block_size", 8192))
    unseen = []
    for table in snapshot.stored_tables():
        if not table.heap_bytes or table.heap_bytes < WASTED_BYTES:
            continue
        needed = _needed(table, page)
        if needed is None:
            unseen.append(table.label)
        elif table.heap_bytes - needed >= max(WASTED_BYTES, WASTED_SHARE * table.heap_bytes):
            yield _finding(snapshot, table, table.heap_bytes, needed)
    if unseen:
        yield Skipped.some("bloated_table", unseen, "The width of its rows is not known.")


def _needed(table: Table, page: int) -> int | None:
    """How many bytes the table's rows take when they are packed, None where that cannot be estimated."""
    if table.rows is None or table.statistics is None:
        return None
    width, nullable = 0.0, False
    for column in table.columns:
        seen = column.statistics
        if seen is None or seen.width is None or seen.null_fraction is None:
            return None
        width += seen.width * (1 - seen.null_fraction)
        nullable = nullable or seen.null_fraction > 0
    header = ROW_HEADER + (ceil(len(table.columns) / 8) if nullable else 0)
    row = _aligned(header) + _aligned(width) + POINTER
    fill = int(dict(table.options or ()).get("fillfactor", 100)) / 100
    per_page = max(1, int((page - PAGE_HEADER) * fill / row))
    return ceil((table.rows + (table.statistics.dead_rows or 0)) / per_page) * page


def _aligned(size: float) -> int:
    return ceil(size / ALIGNMENT) * ALIGNMENT


def _finding(snapshot: Snapshot, table: Table, heap: int, needed: int) -> Finding:
    quoted = snapshot.dialect.quote(table.schema, table.name)
    return Finding.about(
        table,
        subject=f"Most of the file of {table.label} is empty",
        detail="Its rows would fit into less than half of it.",
        identity=(),
        confidence=Confidence.MEDIUM,
        evidence=[
            Evidence("size without TOAST", heap, "bytes", "pg_relation_size"),
            Evidence("estimated size of its rows", needed, "bytes", "pg_stats and the number of rows"),
            Evidence("rows", table.rows or 0, "rows", table.rows_are),
        ],
        remedy=Remedy(
            action=RunSql(purpose="Rebuild the table, if it will not fill again."),
            orm=f"pg_repack --table={table.label} does it while the table is in use; VACUUM FULL locks readers out.",
            sql=f"VACUUM (FULL, ANALYZE) {quoted};",
        ),
    )
