from __future__ import annotations

from collections.abc import Iterator

from dbaudit.analysis.autovacuum import enabled, trigger
from dbaudit.facts import Skipped, Snapshot, Table
from dbaudit.findings import Evidence, Finding, Remedy, RunSql
from dbaudit.registry import check

#: At the trigger autovacuum is due; at so many times it, it does not come or cannot remove anything.
TIMES = 2
FEWEST_DEAD = 10_000


@check(severity="warning", needs=["statistics"], vendors=["postgresql"], category="operations")
def dead_rows(snapshot: Snapshot) -> Iterator[Finding | Skipped]:
    """A table is full of rows that were updated or deleted and never removed.

    Why: Every scan and many index lookups step over them. Autovacuum removes them when a fifth of the rows are
    dead; if twice as many are, it is off or starved, or something keeps the rows alive: a transaction open for
    hours, a forgotten replication slot, a prepared transaction.

    Fix: Vacuum the table. If the dead rows stay, find what holds them.

    Silent when: Fewer rows are dead than twice what triggers autovacuum, by the table's own storage parameters
    where it has some, or fewer than 10,000. Where the server counts nothing, that is named as not examined.
    """
    unseen = []
    for table in snapshot.stored_tables():
        due = trigger(snapshot, table, "vacuum")
        if table.statistics is None or table.statistics.dead_rows is None or due is None:
            unseen.append(table.label)
        elif table.statistics.dead_rows >= max(TIMES * due, FEWEST_DEAD):
            yield _finding(snapshot, table, table.statistics.dead_rows, due)
    if unseen:
        yield Skipped.some("dead_rows", unseen, "Dead rows were not counted.")


def _finding(snapshot: Snapshot, table: Table, dead: int, due: float) -> Finding:
    evidence = [
        Evidence("dead rows", dead, "rows", "pg_stat_all_tables"),
        Evidence("rows", table.rows or 0, "rows", table.rows_are),
        Evidence("autovacuum vacuums at", round(due), "rows", "settings and storage parameters"),
        Evidence("autovacuum", "on" if enabled(snapshot, table) else "off", source="settings and storage parameters"),
    ]
    if table.statistics and table.statistics.last_vacuum:
        evidence.append(Evidence("last vacuumed", table.statistics.last_vacuum, source="pg_stat_all_tables"))
    return Finding.about(
        table,
        subject=f"Table {table.label} holds dead rows that nothing removes",
        detail="Autovacuum should have removed them long before.",
        identity=(),
        evidence=evidence,
        remedy=Remedy(
            action=RunSql(purpose="Remove dead rows; if they stay, end the oldest transaction or drop its slot."),
            orm="Models do not change.",
            sql=f"VACUUM (VERBOSE, ANALYZE) {snapshot.dialect.quote(table.schema, table.name)};\n"
            "SELECT pid, state, xact_start, backend_xmin FROM pg_stat_activity\n"
            "WHERE backend_xmin IS NOT NULL ORDER BY age(backend_xmin) DESC LIMIT 5;",
        ),
    )
