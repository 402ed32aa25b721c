from __future__ import annotations

from collections.abc import Iterator

from dbaudit.analysis import measured
from dbaudit.facts import TARGET_MS, QueryRun, Skipped, Snapshot
from dbaudit.findings import ChangeQuery, Evidence, Finding, Remedy, Severity
from dbaudit.registry import check


@check(severity="warning", needs=["queries"])
def slow_query(snapshot: Snapshot) -> Iterator[Finding | Skipped]:
    """A query takes more than 50 ms in the database, or more than its budget.

    Why: A page waits for its queries.

    Fix: See what its plan reads and throws away (bad_plan), whether an index serves it (missing_index), whether it
    asks once a row (n_plus_one); fetch fewer rows and columns.

    Silent when: The time went into Python or into rendering: only what its statements took in the driver counts, and
    also its fastest run was slower than the limit. Runs without times of their own are not judged. A budget of
    queries counts as it is given.
    """
    yield from measured.unmeasured(snapshot, "slow_query")
    told: set[tuple[str, str]] = set()
    for run in measured.runs(snapshot):
        limit = TARGET_MS if run.budget_ms is None else run.budget_ms
        many = run.max_queries is not None and (run.queries or 0) > run.max_queries
        if not (many or _slow(run, limit)):
            continue
        slowest = max(run.statements, key=lambda one: one.duration_ms, default=None)
        # A slow statement of one table is found on every page that asks it.
        cause = (run.id, "") if run.origin == "canned" or slowest is None else ("", slowest.fingerprint)
        if cause not in told:
            told.add(cause)
            yield _finding(run, limit, many=many)


def _slow(run: QueryRun, limit: float) -> bool:
    if run.spread_ms is None:
        return False
    return run.spread_ms[0] > limit and run.database_ms > limit


def _finding(run: QueryRun, limit: float, *, many: bool) -> Finding:
    evidence = [
        Evidence("time in the database", round(run.database_ms, 2), "ms", "recorded statements"),
        Evidence("limit", limit, "ms", "the target of 50 ms" if run.budget_ms is None else "its budget"),
        Evidence("queries", run.queries or 0, "queries", "recorded statements"),
    ]
    if many and run.max_queries is not None:
        evidence.append(Evidence("queries allowed", run.max_queries, "queries", "its budget"))
    if run.calls is not None:
        evidence.append(Evidence("calls", run.calls, "calls", run.source))
    evidence += measured.counted(run)
    slowest = max(run.statements, key=lambda one: one.duration_ms, default=None)
    if slowest is not None:
        evidence.append(Evidence("slowest statement", measured.short(slowest.template), source="recorded statements"))
    return Finding(
        subject=f"{run.label!r} asks more queries than its budget allows" if many else f"{run.label!r} is slow",
        detail="It is over its own budget."
        if many or run.budget_ms is not None
        else "Its statements take longer than the target.",
        identity=(run.id,),
        severity=Severity.DEFAULT if run.owner == "project" else Severity.INFO,
        owner=run.owner,
        app=run.app,
        model=run.model,
        location=run.location,
        evidence=tuple(evidence),
        remedy=Remedy(
            action=ChangeQuery(before=slowest.template if slowest else "", after=""),
            orm="Look at the plan of the slowest statement, and at the other findings of this query.",
        ),
    )
