from __future__ import annotations

from collections.abc import Iterator

from dbaudit.analysis import measured
from dbaudit.facts import COUNTED_ONCE_ROWS, TARGET_MS, QueryRun, Skipped, Snapshot, Statement, Table
from dbaudit.findings import ChangeQuery, Evidence, Finding, Remedy, Severity
from dbaudit.registry import check


@check(severity="warning", needs=["queries"])
def admin_count(snapshot: Snapshot) -> Iterator[Finding | Skipped]:
    """An admin list counts a large table each time that it is shown.

    Why: ``count(*)`` reads the whole table, or a whole index of it, for a list that shows one page. The admin counts
    twice where the list is filtered or searched: what it found, and all rows.

    Fix: ``show_full_result_count = False`` spares the second count. On PostgreSQL a ``paginator`` that asks the
    statistics for the number of all rows spares the first.

    Silent when: The table has fewer than 250,000 rows, the count took less than 50 ms, or the list counts nothing,
    because its paginator or its queryset see to that. A list that is not the project's is a remark.
    """
    yield from measured.unmeasured(snapshot, "admin_count")
    tables = {model.label: snapshot.table(model.table, model.schema) for model in snapshot.models}
    for run in measured.runs(snapshot):
        table = tables.get(run.model) if run.id == f"admin:{run.model}" else None
        if table is None or (table.rows or 0) < COUNTED_ONCE_ROWS:
            continue
        counts = [one for one in run.statements if _counts(one, table)]
        if counts and max(one.duration_ms for one in counts) >= TARGET_MS:
            yield _finding(run, max(counts, key=lambda one: one.duration_ms), table)


def _counts(statement: Statement, table: Table) -> bool:
    named = [name.rpartition(".")[2] for name in statement.tables]
    return statement.template.upper().startswith("SELECT COUNT(*) AS ") and table.name in named


def _finding(run: QueryRun, count: Statement, table: Table) -> Finding:
    tried = run.trial(count.fingerprint)
    remedy = Remedy(action=ChangeQuery(before="", after=""), orm="show_full_result_count = False")
    if tried is not None and tried.worked:
        remedy = Remedy(
            action=ChangeQuery(before=tried.before, after=tried.after),
            orm=tried.change,
            verification=(
                "The list was rendered with the change and rolled back: "
                f"{tried.queries_before} queries and {tried.ms_before or 0:.0f} ms before, "
                f"{tried.queries_after} queries and {tried.ms_after or 0:.0f} ms after."
            ),
        )
    return Finding(
        subject=f"{run.label!r} counts all rows of {table.label} each time",
        detail="The list shows one page; the number of all rows costs more than the page.",
        identity=(run.id,),
        severity=Severity.DEFAULT if run.owner == "project" else Severity.INFO,
        owner=run.owner,
        app=run.app,
        model=run.model,
        table=table.label,
        location=run.location,
        evidence=(
            Evidence("time of one count", round(count.duration_ms, 1), "ms", "recorded, once"),
            Evidence("rows", table.rows or 0, "rows", "catalog"),
        ),
        remedy=remedy,
    )
