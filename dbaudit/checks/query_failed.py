from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from dbaudit.analysis import measured
from dbaudit.facts import QueryRun, Skipped, Snapshot
from dbaudit.findings import ChangeQuery, Evidence, Finding, Remedy
from dbaudit.registry import check

_PLACE = re.compile(r" \([^()]*:\d+\)\.?$")
_VALUES = re.compile(r"'[^']*'|\"[^\"]*\"|\b\d+\b")


@check(severity="warning", needs=["queries"])
def query_failed(snapshot: Snapshot) -> Iterator[Finding | Skipped]:
    """A measured query or page did not come to its end.

    Why: It fails for its users as well, or the audit could not learn anything about it.

    Fix: Correct what the reason names, or give the query the rows that it needs.

    Silent when: It was not audited through no fault of its own (a redirect, a manager without its scope), or the
    cause is a wrong name, which invalid_lookup_name tells. A page that fails in several variants counts once, and those
    that fail for one reason are one group.
    """
    yield from measured.unmeasured(snapshot, "query_failed")
    failed: dict[tuple[str, str], QueryRun] = {}
    for run in snapshot.runs:
        if run.status == "failed" and run.wrong_name is None:
            failed.setdefault((run.id.partition("?")[0], run.reason), run)
    alike = Counter(_kind(run.reason) for run in failed.values())
    for run in failed.values():
        several = alike[_kind(run.reason)] > 1
        yield _finding(run, f"Several fail for one reason: {_kind(run.reason)}" if several else "")


def _kind(reason: str) -> str:
    """The reason without what differs from case to case: names in quotes, numbers, the line where it was raised."""
    return _VALUES.sub("…", _PLACE.sub("", reason))


def _finding(run: QueryRun, group: str) -> Finding:
    return Finding(
        group=group,
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
