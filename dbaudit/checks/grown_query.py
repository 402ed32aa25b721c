from __future__ import annotations

from collections.abc import Iterator

from dbaudit.facts import QueryRun, Skipped, Snapshot
from dbaudit.facts.budgets import QueryBudget
from dbaudit.findings import ChangeQuery, Evidence, Finding, Remedy
from dbaudit.registry import check


@check(severity="error", needs=["queries"])
def grown_query(snapshot: Snapshot) -> Iterator[Finding | Skipped]:
    """A query asks more statements, or returns more rows, than its recorded budget.

    Why: Pages get slow by one statement a month. What each query took was recorded (``--write-budgets``) so that the
    change which makes it take more is seen in the change itself.

    Fix: See which statement is new, or which limit is gone; other findings of the same query often tell. Where the
    growth is meant, record the budgets anew with ``--write-budgets``.

    Silent when: The audit was given no budgets; the query has none, because it is newer than they are; it takes as much
    or less. A query that did not come to its end, or was not asked for this time, is named as not examined.
    """
    if snapshot.query_budgets is None:
        yield Skipped("grown_query", "No budgets were given; --budgets names the file.")
        return
    budgets = {one.id: one for one in snapshot.query_budgets}
    runs = {run.id: run for run in snapshot.runs if run.audited}
    missing = sorted(budgets.keys() - runs.keys())
    if missing:
        yield Skipped.some("grown_query", missing, "not measured by this audit, so not held against their budgets.")
    for name in sorted(budgets.keys() & runs.keys()):
        grown = tuple(_grown(runs[name], budgets[name]))
        if grown:
            yield _finding(runs[name], grown)


def _grown(run: QueryRun, budget: QueryBudget) -> Iterator[tuple[str, int, int]]:
    """What there is more of: its name, how much there was, and how much there is."""
    for what, least, now in (("queries", budget.queries, run.queries), ("rows", budget.rows, run.rows)):
        if least is not None and now is not None and now > least:
            yield what, least, now


def _finding(run: QueryRun, grown: tuple[tuple[str, int, int], ...]) -> Finding:
    told = " and ".join(f"{now:,} {what} where it had {before:,}" for what, before, now in grown)
    evidence = []
    for what, before, now in grown:
        evidence.append(Evidence(what, now, what, "measured"))
        evidence.append(Evidence(f"{what} in its budget", before, what, "the recorded budgets"))
    return Finding(
        subject=f"{run.label!r} has grown: {' and '.join(what for what, _, _ in grown)}",
        detail=f"It has {told}.",
        identity=(run.id,),
        owner=run.owner,
        app=run.app,
        model=run.model,
        location=run.location,
        evidence=tuple(evidence),
        remedy=Remedy(
            action=ChangeQuery(before=run.source, after=""),
            orm="Look at what the query asks now; where the growth is meant, record it with --write-budgets.",
        ),
    )
