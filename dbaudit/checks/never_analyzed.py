from __future__ import annotations

from collections.abc import Iterator

from dbaudit.analysis.autovacuum import enabled
from dbaudit.facts import Skipped, Snapshot, Table
from dbaudit.findings import Evidence, Finding, Remedy, RunSql
from dbaudit.registry import check

#: With fewer rows the planner's guesses cost nothing.
FEWEST_ROWS = 1_000
GROUP = "Tables without planner statistics"
PARTITIONED = "Autovacuum analyzes partitions, never the partitioned table above them"


@check(severity="warning", needs=["statistics"], vendors=["postgresql"], category="operations")
def never_analyzed(snapshot: Snapshot) -> Iterator[Finding | Skipped]:
    """The planner has no statistics of a table.

    Why: Without them it takes its columns to have 200 values each and guesses rows from the file's size: joins in
    the wrong order, nested loops over millions of rows. It is so after a restore (``pg_restore`` brings no
    statistics), with autovacuum off, and of every partitioned table, which autovacuum leaves out.

    Fix: Run ``ANALYZE``; it reads a sample and blocks nobody. For a partitioned table let a job do it regularly.

    Silent when: The table was analyzed once, however the counters stand since; it has fewer than 1,000 rows, or an
    unknown number of them that take less than a mebibyte. A table that was filled a minute ago is found, too:
    autovacuum comes round every minute.
    """
    unseen = []
    for table in snapshot.stored_tables():
        if table.statistics is None or table.statistics.analyzed is None:
            unseen.append(table.label)
        elif not table.statistics.analyzed and _large(table):
            yield _finding(snapshot, table)
    if unseen:
        yield Skipped.some("never_analyzed", unseen, "Whether it was analyzed was not seen.")


def _large(table: Table) -> bool:
    rows = table.rows if table.rows is not None else (table.statistics and table.statistics.live_rows)
    return rows >= FEWEST_ROWS if rows else (table.bytes or 0) >= 2**20


def _finding(snapshot: Snapshot, table: Table) -> Finding:
    whole = table.kind == "partitioned table"
    off = not enabled(snapshot, table)
    evidence = [Evidence("autovacuum", "off" if off else "on", source="settings and storage parameters")]
    if table.rows is not None:
        evidence.append(Evidence("rows", table.rows, "rows", table.rows_are))
    return Finding.about(
        table,
        subject=f"Table {table.label} was never analyzed",
        detail="Autovacuum never does that to a partitioned table." if whole else "The planner guesses its columns.",
        identity=(),
        group=PARTITIONED if whole else GROUP,
        evidence=evidence,
        remedy=Remedy(
            action=RunSql(purpose="Gather statistics."),
            orm="Models do not change."
            if not off
            else "Models do not change; switch autovacuum on, or analyze after each load.",
            sql=f"ANALYZE {snapshot.dialect.quote(table.schema, table.name)};",
        ),
    )
