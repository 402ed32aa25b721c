from __future__ import annotations

from collections.abc import Iterator

from dbaudit.analysis import measured
from dbaudit.facts import QueryRun, Skipped, Snapshot
from dbaudit.findings import ChangeQuery, Evidence, Finding, Remedy
from dbaudit.registry import check


@check(severity="warning", needs=["queries"])
def query_failed(snapshot: Snapshot) -> Iterator[Finding | Skipped]:
    """A measured query or page did not come to its end.

    Why: It fails for its users as well, or the audit could not learn anything about it.

    Fix: Correct what the reason names, or give the query the rows that it needs.

    Silent when: It was not audited through no fault of its own (a redirect, a manager without its scope), or the
    cause is a wrong name, which invalid_lookup_name tells. A page that fails in several variants counts once.
    """
    yield from measured.unmeasured(snapshot, "query_failed")
    told: set[tuple[str, str]] = set()
    for run in snapshot.runs:
        cause = run.id.partition("?")[0], run.reason
        if run.status == "failed" and run.wrong_name is None and cause not in told:
            told.add(cause)
            yield _finding(run)


def _finding(run: QueryRun) -> Finding:
    return Finding(
        subject=f"{run.label!r} fails",
        detail=run.reason,
        identity=(run.id,),
        owner=run.owner,
        app=run.app,
        model=run.model,
        location=run.location,
        evidence=(Evidence("reason", run.reason, source=run.origin),),
        remedy=Remedy(action=ChangeQuery(before="", after=""), orm="Correct the code at the line that is named."),
    )
