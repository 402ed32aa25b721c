from __future__ import annotations

from collections.abc import Iterator

from dbaudit.analysis.retention import DAYS, Keeper, keeper
from dbaudit.facts import Model, Skipped, Snapshot, Table
from dbaudit.findings import Confidence, Evidence, Finding, Remedy, RunSql, Severity
from dbaudit.registry import check

#: Expired rows from which on somebody should clear them, and rows of a log from which on somebody should ask.
EXPIRED_ROWS, LOGGED_ROWS = 1_000, 100_000


@check(severity="info", needs=["schema", "models", "data"], category="operations")
def uncleared_table(snapshot: Snapshot) -> Iterator[Finding | Skipped]:
    """A table collects rows that nobody clears.

    Why: Sessions, tokens, task results, mails and audit logs are written for ever and read for days. Django deletes
    a session when its user logs out, never because it has expired. The tables end among the largest of the
    database, with the addresses and habits of people in them that should be gone.

    Fix: Run the command that belongs to the application every day.

    Silent when: Fewer than 1,000 rows have been over for more than a week, so that a weekly job leaves nothing to
    tell; a log that says nothing of when its rows are over has fewer than 100,000 rows; the model is unknown to
    dbaudit. With 100,000 expired rows it is a warning; of a log it is a guess, because somebody may want to keep
    it.
    """
    if snapshot.data is None:
        yield Skipped("uncleared_table", "No rows were read.")
        return
    expired = {(one.schema, one.table): one for one in snapshot.data.old_rows}
    for model in snapshot.models:
        known, table = keeper(model), snapshot.table(model.table, model.schema)
        if known is None or table is None or model.proxy or model.swapped:
            continue
        old = expired.get((table.schema, table.name))
        if old and old.rows >= EXPIRED_ROWS:
            many = old.rows >= old.limit
            evidence = Evidence(
                f"rows over for more than {DAYS} days{', at least' if many else ''}", old.rows, "rows", "counted"
            )
            yield _finding(model, table, known, evidence, Severity.WARNING if many else Severity.INFO)
        elif not known.expires and (table.rows or 0) >= LOGGED_ROWS:
            evidence = Evidence("rows", table.rows or 0, "rows", table.rows_are)
            yield _finding(model, table, known, evidence, Severity.INFO)


def _finding(model: Model, table: Table, known: Keeper, evidence: Evidence, severity: Severity) -> Finding:
    sizes = [Evidence("size", table.bytes, "bytes", "catalog")] if table.bytes is not None else []
    return Finding.about(
        table,
        subject=f"Table {table.label} is not cleared",
        detail=f"Rows of {model.label} that have expired are still there."
        if known.expires
        else f"Nothing deletes rows of {model.label} by itself.",
        identity=(),
        severity=severity,
        confidence=Confidence.HIGH if known.expires else Confidence.LOW,
        evidence=[evidence, *sizes],
        remedy=Remedy(
            action=RunSql(purpose="Clear it every day, by cron or the project's task queue."),
            orm=f"python {known.clears}" if known.clears.startswith("manage.py") else known.clears,
        ),
    )
