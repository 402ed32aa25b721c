from __future__ import annotations

from collections.abc import Iterator

from dbaudit.analysis.removal import declaration
from dbaudit.facts import Index, Skipped, Snapshot, Table
from dbaudit.findings import Confidence, Evidence, Finding, Remedy, RunSql, Severity
from dbaudit.registry import check

#: Below this a wrong guess costs nothing.
MIN_ROWS = 1_000


@check(severity="warning", needs=["schema", "statistics"], vendors=["postgresql"])
def unanalyzed_expression_index(snapshot: Snapshot) -> Iterator[Finding | Skipped]:
    """An index over an expression was made after its table was last analyzed.

    Why: ``ANALYZE`` also counts the values of indexed expressions, and only from then on does the planner know them.
    Until then it takes one in two hundred rows to match, and may pass the new index over or choose a wrong join.
    Autovacuum comes only once a tenth of the table has changed, and on a table at rest it never does.

    Fix: ``ANALYZE`` the table. A migration that adds such an index should do so as well.

    Silent when: The index has no expression, or there are statistics of it; the table has fewer than 1,000 rows or
    was never analyzed at all (that is about more than this index); the index is unique over the expression alone, so
    that the planner knows one row to match; it belongs to a partitioned table, where servers keep none.
    """
    unseen = []
    for table in snapshot.stored_tables():
        if not table.sampled or (table.rows or 0) < MIN_ROWS:
            continue
        for index in table.indexes:
            if not index.expressions or index.partitioned or not index.usable or _is_key(index):
                continue
            if index.expression_statistics is None:
                unseen.append(index.name)
            elif not index.expression_statistics:
                yield _finding(snapshot, table, index)
    if unseen:
        reason = "statistics of expressions are shown to the owner of the table alone."
        yield Skipped.some("unanalyzed_expression_index", unseen, reason)


def _is_key(index: Index) -> bool:
    return index.unique and len(index.keys) == 1 and index.plain


def _finding(snapshot: Snapshot, table: Table, index: Index) -> Finding:
    quoted = snapshot.dialect.quote(table.schema, table.name)
    declared = declaration(snapshot, table, index)
    evidence = [Evidence("statistics of the expression", "none", source="pg_stats")]
    if table.statistics and table.statistics.last_analyze:
        evidence.append(Evidence("table last analyzed", table.statistics.last_analyze, source="pg_stat_user_tables"))
    if table.rows is not None:
        evidence.append(Evidence("rows", table.rows, "rows", table.rows_are))
    return Finding.about(
        table,
        subject=f"The planner knows nothing of the expression of index {index.name}",
        detail=f"{index.describe()} on {table.label} was made after the table was last analyzed.",
        identity=(index.describe(),),
        severity=Severity.DEFAULT if table.ownership.owner == "project" else Severity.INFO,
        confidence=Confidence.HIGH,
        written=declared,
        evidence=evidence,
        remedy=Remedy(
            action=RunSql(purpose="Let the planner count the values of the expression."),
            orm=f"migrations.RunSQL('ANALYZE {quoted}', migrations.RunSQL.noop), after the index is added.",
            sql=f"ANALYZE {quoted};",
        ),
    )
