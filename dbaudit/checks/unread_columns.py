from __future__ import annotations

from collections.abc import Iterator

from dbaudit.analysis import measured, waste
from dbaudit.facts import QueryRun, Skipped, Snapshot
from dbaudit.findings import Confidence, Evidence, Finding
from dbaudit.registry import check


@check(severity="info", needs=["queries"])
def unread_columns(snapshot: Snapshot) -> Iterator[Finding | Skipped]:
    """Most of what a query loads are columns that nobody reads.

    Why: Long texts and documents are read from disk, sent and decoded for every row of a list that shows a name and a
    date.

    Fix: Leave the heavy columns out with ``defer()``, or name those that are read with ``only()``.

    Silent when: Any reader of the whole run read the column of any row, or an instance as a whole (copied, pickled,
    saved, refreshed); what nobody read is less than 64 KiB or less than half of what was loaded; nothing of the rows
    was read at all (see wasted_statement); the rows were prefetched; instances were handed on to somebody who was not
    seen, as those of a queryset that a function returns; the code was not run by the audit (captured, automatic); no
    line of the project loaded them, as in the admin's own forms.
    """
    yield from measured.unmeasured(snapshot, "unread_columns")
    runs = list(measured.runs(snapshot))
    found = {
        (one.load.fingerprint, one.load.location): (run, one)
        for run in reversed(runs)
        for one in waste.unread(run)
        if one.load.location or run.location
    }
    for (fingerprint, location), (run, columns) in sorted(found.items(), key=lambda one: one[1][0].id):
        read = {
            one.name
            for other in runs
            for load in other.loads or ()
            for one in load.columns
            if one.read and (load.fingerprint, load.location, load.how) == (fingerprint, location, "rows")
        }
        if read.isdisjoint(columns.names):
            yield _finding(run, columns)


def _finding(run: QueryRun, columns: waste.UnreadColumns) -> Finding:
    load = columns.load
    tried = run.trial(waste.key(load))
    change = "defer({})".format(", ".join(f'"{name}"' for name in columns.names))
    names = ", ".join(columns.names)
    return Finding(
        subject=f"{names} of {load.model} {'is' if len(columns.names) == 1 else 'are'} loaded and never read",
        detail=f"{columns.bytes:,} of the {columns.total:,} bytes that {run.label!r} loads here are read by nobody.",
        identity=(run.id, load.model, *columns.names),
        confidence=Confidence.HIGH if tried is not None and tried.worked else Confidence.MEDIUM,
        owner=run.owner if load.location is None else "project",
        app=run.app,
        model=run.model,
        location=load.location or run.location,
        evidence=(
            Evidence("size of the values that nobody read", columns.bytes, "bytes", "every access of one run"),
            Evidence("size of all values", columns.total, "bytes", "every access of one run"),
            Evidence("rows", load.instances, "rows", run.label),
        ),
        remedy=measured.remedy(tried, change),
    )
