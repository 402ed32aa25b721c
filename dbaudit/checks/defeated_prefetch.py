from __future__ import annotations

from collections.abc import Iterator

from dbaudit.analysis import measured
from dbaudit.analysis.repetition import Repetition, repetitions
from dbaudit.facts import QueryRun, Skipped, Snapshot
from dbaudit.findings import Evidence, Finding
from dbaudit.registry import check


@check(severity="warning", needs=["queries"])
def defeated_prefetch(snapshot: Snapshot) -> Iterator[Finding | Skipped]:
    """A prefetched relation is asked again for each row.

    Why: ``filter()``, ``order_by()``, ``first()`` and the like on a related manager always ask the database: what was
    prefetched is not used, and both are paid for.

    Fix: Prefetch what is wanted, with ``Prefetch(name, queryset=..., to_attr=...)``, or choose among the prefetched
    rows in Python. Where the choice is the same for every row, the change is run on this data before it is advised.

    Silent when: The relation's statements after the prefetch do not grow with the rows that it was prefetched for
    (see n_plus_one for the proof): one that is asked once, or that of other rows than those of the list for which it
    was prefetched.
    """
    yield from measured.unmeasured(snapshot, "defeated_prefetch")
    for run in measured.runs(snapshot):
        for one in repetitions(run):
            if one.prefetched:
                yield _finding(run, one)


def _finding(run: QueryRun, one: Repetition) -> Finding:
    statement = one.statement
    name = statement.asked.rpartition(".")[2]
    return Finding(
        subject=f"The prefetch of {statement.asked} is not used",
        detail=f"After it, {run.label!r} asks for the relation once for each row.",
        identity=(run.id, statement.asked),
        owner=measured.owner(run, statement),
        app=run.app,
        model=run.model,
        location=measured.written(run, statement),
        evidence=(
            Evidence("executions in spite of it", one.times, "queries", run.label),
            Evidence("statement", measured.short(statement.template), source="recorded"),
        ),
        remedy=measured.remedy(
            run.trial(statement.fingerprint),
            f'prefetch_related(Prefetch("{one.lookup}", queryset=..., to_attr="chosen_{name}"))'
            "  # filter in its queryset",
            model=one.root.model if one.root is not None else "",
        ),
    )
