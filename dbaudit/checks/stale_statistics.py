from __future__ import annotations

from collections.abc import Iterator

from dbaudit.analysis.autovacuum import enabled, trigger
from dbaudit.facts import Skipped, Snapshot, Table
from dbaudit.findings import Evidence, Finding, Remedy, RunSql
from dbaudit.registry import check

#: At the trigger autovacuum is due; at so many times it, it does not come.
TIMES = 2
#: Fewer changes do not turn a plan.
FEWEST_CHANGES = 10_000


@check(severity="warning", needs=["statistics"], vendors=["postgresql"], category="operations")
def stale_statistics(snapshot: Snapshot) -> Iterator[Finding | Skipped]:
    """The planner's statistics of a table are from long before its present rows.

    Why: Plans are made for rows that are gone: too few are expected, and of new values (today's orders) none.
    Autovacuum analyzes when a tenth of the rows have changed; if twice as many have, it is off, starved, or keeps
    being cancelled by locks.

    Fix: Run ``ANALYZE``, then find out why autovacuum does not come: its storage parameters on this table, its
    workers, or a transaction that holds it up.

    Silent when: Fewer rows have changed than twice what triggers autovacuum, by the table's own storage parameters
    where it has some, or fewer than 10,000; the table was never analyzed, as that is `never_analyzed`; it is
    partitioned. Where the server counts nothing, that is named as not examined.
    """
    unseen = []
    for table in snapshot.stored_tables():
        seen = table.statistics
        if table.kind == "partitioned table" or (seen and seen.analyzed is False):
            continue
        due = trigger(snapshot, table, "analyze")
        if seen is None or seen.modified_since_analyze is None or due is None:
            unseen.append(table.label)
        elif seen.modified_since_analyze >= max(TIMES * due, FEWEST_CHANGES):
            yield _finding(snapshot, table, seen.modified_since_analyze, due)
    if unseen:
        yield Skipped.some("stale_statistics", unseen, "Changes of rows were not counted.")


def _finding(snapshot: Snapshot, table: Table, modified: int, due: float) -> Finding:
    evidence = [
        Evidence("rows changed since ANALYZE", modified, "rows", "pg_stat_all_tables"),
        Evidence("autovacuum analyzes at", round(due), "rows", "settings and storage parameters"),
        Evidence("autovacuum", "on" if enabled(snapshot, table) else "off", source="settings and storage parameters"),
    ]
    if table.statistics and table.statistics.last_analyze:
        evidence.append(Evidence("last analyzed", table.statistics.last_analyze, source="pg_stat_all_tables"))
    quoted = snapshot.dialect.quote(table.schema, table.name)
    own = "autovacuum_enabled" in dict(table.options or ())
    reset = f"\nALTER TABLE {quoted} RESET (autovacuum_enabled);" if own and not enabled(snapshot, table) else ""
    return Finding.about(
        table,
        subject=f"The planner's statistics of {table.label} are stale",
        detail="More rows have changed since than autovacuum should let pass.",
        identity=(),
        evidence=evidence,
        remedy=Remedy(
            action=RunSql(purpose="Gather statistics anew."),
            orm="Models do not change.",
            sql=f"ANALYZE {quoted};{reset}",
        ),
    )
