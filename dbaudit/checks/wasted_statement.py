from __future__ import annotations

from collections.abc import Iterator

from dbaudit.analysis import measured, waste
from dbaudit.facts import Load, QueryRun, Skipped, Snapshot, Trial
from dbaudit.findings import Evidence, Finding
from dbaudit.registry import check


@check(severity="info", needs=["queries"])
def wasted_statement(snapshot: Snapshot) -> Iterator[Finding | Skipped]:
    """Rows are fetched to be counted, or counted and then fetched.

    Why: ``len(queryset)`` and ``if queryset`` load every row to learn a number or a yes; ``count()`` or ``exists()``
    before the same rows are fetched asks the database twice for what the rows tell.

    Fix: Where only the number or the existence matters, ``count()`` and ``exists()``; where the rows are wanted anyway,
    fetch them first and take ``len()`` of them.

    Silent when: The changed function was not run, or saved no statement and no byte: code whose text the audit cannot
    change, as that of a page. The rows were read; they are fewer than ten; what is fetched has a limit, as a page of a
    paginator has, or other conditions or values than what was counted; something was written in between.
    """
    yield from measured.unmeasured(snapshot, "wasted_statement")
    for run in measured.runs(snapshot):
        for asked in waste.answered(run):
            tried = run.trial(asked.key)
            if tried is not None and tried.worked:
                yield _asked_twice(run, asked, tried)
        for load in waste.untouched(run):
            tried = run.trial(waste.key(load))
            if tried is not None and tried.worked:
                yield _only_counted(run, load, tried)


def _asked_twice(run: QueryRun, asked: waste.Answered, tried: Trial) -> Finding:
    question = asked.question
    what = "how many rows it has" if "COUNT(" in question.template else "whether it has rows"
    return Finding(
        subject=f"{', '.join(question.tables[:1])} is asked {what}, and then for the rows",
        detail=f"{run.label!r} fetches the rows anyway, and they tell.",
        identity=(run.id, question.fingerprint),
        owner=measured.owner(run, question),
        app=run.app,
        model=run.model,
        location=measured.written(run, question),
        evidence=(
            Evidence("asked first", measured.short(question.template), source="recorded"),
            Evidence("fetched then", measured.short(asked.fetch.template), source="recorded"),
            Evidence("rows", asked.fetch.rows or 0, "rows", run.label),
        ),
        remedy=measured.remedy(tried, ""),
    )


def _only_counted(run: QueryRun, load: Load, tried: Trial) -> Finding:
    return Finding(
        subject=f"Rows of {load.model} are fetched, and none is read",
        detail=f"{run.label!r} wants their number, or whether there are any.",
        identity=(run.id, load.model, load.fingerprint),
        owner=run.owner if load.location is None else "project",
        app=run.app,
        model=run.model,
        location=load.location or run.location,
        evidence=(
            Evidence("rows that nobody read", load.instances, "rows", "every access of one run"),
            Evidence("size of their values", load.bytes, "bytes", "every access of one run"),
        ),
        remedy=measured.remedy(tried, ""),
    )
