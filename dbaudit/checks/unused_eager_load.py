from __future__ import annotations

from collections.abc import Iterator

from dbaudit.analysis import measured, waste
from dbaudit.facts import Load, QueryRun, Skipped, Snapshot
from dbaudit.findings import Confidence, Evidence, Finding
from dbaudit.registry import check


@check(severity="info", needs=["queries"])
def unused_eager_load(snapshot: Snapshot) -> Iterator[Finding | Skipped]:
    """A relation is fetched with the rows, and nobody reads it.

    Why: Each ``select_related()`` is a join and its columns on the way for every row; each ``prefetch_related()`` a
    statement with all of its rows. Where nothing reads them, they are paid for nothing.

    Fix: Take the relation out of the call.

    Silent when: Any reader of the whole run read it of any row, or an instance as a whole (copied, pickled, saved,
    refreshed); it came with fewer than ten instances; instances were handed on to somebody who was not seen, as those
    of a queryset that a function returns; the code was not run by the audit (captured, automatic). Where another run
    reads the same relation, the code may be the same: then it is told only if the measured function names the relation
    itself, so that the change could be run.
    """
    yield from measured.unmeasured(snapshot, "unused_eager_load")
    runs = list(measured.runs(snapshot))
    told = set()
    for run in runs:
        for load in waste.unused(run):
            cause = load.fingerprint, load.how, load.path, load.location
            if cause not in told and (_worked(run, load) or not waste.read_elsewhere(load, runs)):
                told.add(cause)
                yield _finding(run, load)


def _worked(run: QueryRun, load: Load) -> bool:
    tried = run.trial(waste.key(load))
    return tried is not None and tried.worked


def _finding(run: QueryRun, load: Load) -> Finding:
    source = "every access of one run"
    evidence = [Evidence("instances that nobody read", load.instances, "rows", source)]
    if load.bytes:
        evidence.append(Evidence("size of their values", load.bytes, "bytes", source))
    return Finding(
        subject=f"{load.path} is fetched by {load.how}() and never read",
        detail=f"{run.label!r} loads {load.instances:,} {load.model} with its rows, and reads none of them.",
        identity=(run.id, load.how, load.path),
        confidence=Confidence.HIGH if _worked(run, load) else Confidence.MEDIUM,
        owner=run.owner if load.location is None else "project",
        app=run.app,
        model=run.model,
        location=load.location or run.location,
        evidence=tuple(evidence),
        remedy=measured.remedy(run.trial(waste.key(load)), f'Take "{load.path}" out of {load.how}().'),
    )
