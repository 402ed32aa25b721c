from __future__ import annotations

from collections.abc import Iterator

from dbaudit.facts import QueryRun, Skipped, Snapshot, Table, TableStatistics
from dbaudit.findings import Confidence, Evidence, Finding, Remedy, RunSql, Severity
from dbaudit.registry import check

#: Holds a whole week, so that every day of it counts.
WINDOW_DAYS = 7
#: Below this, reading all of a table is what a good plan does.
MIN_ROWS = 10_000
#: An hourly job makes 720 in a month; backups, counts and migrations are far fewer.
MIN_SCANS = 1_000
#: A scan that stops early (LIMIT, EXISTS) reads fewer.
ROWS_PER_SCAN = 1_000
#: Where nine in ten reads go by an index, the others may be meant so.
SHARE = 0.1
SHOWN = 3


@check(severity="warning", needs=["schema", "statistics"], vendors=["postgresql"])
def sequential_scan_heavy_table(snapshot: Snapshot) -> Iterator[Finding | Skipped]:
    """A large table is read from end to end again and again.

    Why: A query that no index serves reads every row to find a few. It gets slower with each row that is added, and
    pushes everything else out of memory.

    Fix: Find the query and give its conditions an index; ``dbaudit report`` measures the project's own queries and
    proposes indexes that the planner has tried.

    Silent when: The server has counted for less than 7 days; the table has fewer than 10,000 rows; fewer than 1,000
    scans were counted, or they read fewer than 1,000 rows each, or nine of ten reads go by an index.
    """
    if reason := snapshot.counted_too_briefly(WINDOW_DAYS):
        yield Skipped("sequential_scan_heavy_table", reason)
        return
    for table in snapshot.stored_tables():
        counted = table.statistics
        if counted is None or table.rows is None or table.rows < MIN_ROWS:
            continue
        scans, rows = counted.sequential_scans or 0, counted.sequential_rows or 0
        all_scans = scans + (counted.index_scans or 0)
        if scans >= MIN_SCANS and rows >= ROWS_PER_SCAN * scans and scans >= SHARE * all_scans:
            yield _finding(snapshot, table, counted, scans, rows)


def _finding(snapshot: Snapshot, table: Table, counted: TableStatistics, scans: int, rows: int) -> Finding:
    evidence = [
        Evidence("sequential scans", scans, "scans", "pg_stat_user_tables"),
        Evidence("rows read by each", rows // scans, "rows", "pg_stat_user_tables"),
        Evidence("index scans", counted.index_scans or 0, "scans", "pg_stat_user_tables"),
        Evidence("counted for", snapshot.statistics_days or 0, "days", "pg_stat_database"),
        Evidence("rows", table.rows or 0, "rows", table.rows_are),
    ]
    seen = [run for run in snapshot.runs if _reads_whole(run, table)]
    evidence += [Evidence("query that reads it whole", run.label, source=run.id) for run in seen[:SHOWN]]
    like = f"%{table.name}%".replace("'", "''")
    return Finding.about(
        table,
        subject=f"{table.label} is read from end to end {scans:,} times",
        detail=f"Each of these scans read {rows // scans:,} rows.",
        identity=(),
        severity=Severity.DEFAULT if table.ownership.owner == "project" else Severity.INFO,
        confidence=Confidence.HIGH if seen else Confidence.MEDIUM,
        location=seen[0].location if seen else None,
        evidence=evidence,
        remedy=Remedy(
            action=RunSql(purpose="Find the statements that read the table whole (needs pg_stat_statements)."),
            orm="Give the conditions of the query an index in the Meta of the model.",
            sql=(
                "SELECT calls, mean_exec_time, rows, query FROM pg_stat_statements"
                f" WHERE query LIKE '{like}' ORDER BY total_exec_time DESC LIMIT 10;"
            ),
        ),
    )


def _reads_whole(run: QueryRun, table: Table) -> bool:
    return any(
        node.table == table.name and node.schema in ("", table.schema) and node.access == "scan"
        for plan in run.plans
        for node in plan.nodes
    )
