from __future__ import annotations

from collections.abc import Iterator

from dbaudit.analysis import measured
from dbaudit.analysis.blocks import asked_by_test, blocks, called_by_test
from dbaudit.analysis.repetition import repetitions
from dbaudit.facts import QueryRun, Skipped, Snapshot, Statement
from dbaudit.findings import ChangeQuery, Evidence, Finding, Remedy, Severity
from dbaudit.registry import check

#: Executions from which it is worth telling.
TIMES = 3


@check(severity="info", needs=["queries"])
def duplicate_statement(snapshot: Snapshot) -> Iterator[Finding | Skipped]:
    """The same statement with the same values runs several times in one piece of work.

    Why: Each execution costs its way to the server and back for an answer that is already known.

    Fix: Ask once and keep the answer: in a variable, with ``cached_property``, by evaluating the queryset before it is
    passed on.

    Silent when: It ran fewer than three times in one request, job or block of code; something was written in between
    (a read after a write is meant); rows were locked or read again on purpose; another database was asked; attributes
    of different rows asked, which n_plus_one tells. What factories, fixtures, migrations and caches ask; what a test
    asks, or code that it calls itself, outside of requests and jobs: the repetition may be the test's.
    """
    yield from measured.unmeasured(snapshot, "duplicate_statement")
    told = set()
    for run in measured.runs(snapshot):
        for same in _repeated(run):
            cause = same[0].identity, measured.written(run, same[0])
            if cause not in told:
                told.add(cause)
                yield _finding(run, same)


def _repeated(run: QueryRun) -> Iterator[list[Statement]]:
    """Executions of one statement with one set of values, for one row, between two writes."""
    once_a_row = {statement.number for found in repetitions(run) for statement in found.statements}
    for block in blocks(run):
        found: dict[tuple[int | None, ...], list[Statement]] = {}
        writes = 0
        for statement in block:
            if statement.kind != "select":
                writes += 1
            elif not (statement.error or statement.number in once_a_row or _meant(run, statement)):
                row = statement.row.number if statement.row else None
                found.setdefault((writes, statement.arguments, row), []).append(statement)
        yield from (same for same in found.values() if len(same) >= TIMES)


def _meant(run: QueryRun, statement: Statement) -> bool:
    """Whether a repetition of a statement is on purpose."""
    locks = " FOR UPDATE" in statement.template or statement.method == "refresh_from_db"
    return locks or asked_by_test(run, statement) or called_by_test(run, statement)


def _finding(run: QueryRun, same: list[Statement]) -> Finding:
    first, *others = same
    places = dict.fromkeys(f"{one.location.file}:{one.location.line}" for one in same if one.location)
    who = measured.owner(run, first)
    return Finding(
        subject=f"{run.label!r} asks the same of {', '.join(first.tables[:2]) or 'the database'} several times",
        detail="Statement and values are equal, and nothing was written in between.",
        identity=(run.id, first.fingerprint),
        severity=Severity.DEFAULT,
        owner=who,
        app=run.app,
        model=run.model,
        location=measured.written(run, first),
        evidence=(
            Evidence("executions", len(same), "queries", run.label),
            Evidence("time of the repetitions", round(sum(one.duration_ms for one in others), 2), "ms", "recorded"),
            Evidence("asked at", ", ".join(list(places)[: measured.NAMED]) or "no line of the project", source="stack"),
            Evidence("statement", measured.short(first.template), source="recorded"),
        ),
        remedy=Remedy(
            action=ChangeQuery(before=first.template, after=""),
            orm=measured.FEWER_CHOICES
            if all(map(measured.fills_a_select, same))
            else "Ask once and keep the answer in a variable or a cached_property.",
        ),
    )
