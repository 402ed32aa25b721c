from __future__ import annotations

from collections.abc import Iterator

from dbaudit.analysis import measured
from dbaudit.analysis.loops import Loop, first_of_each, writes
from dbaudit.facts import QueryRun, Skipped, Snapshot, Statement
from dbaudit.findings import ChangeQuery, Confidence, Evidence, Finding, Remedy
from dbaudit.registry import check

_OTHERWISE = " It calls neither save() nor signals."
_VERBS = {"insert": "creates", "update": "changes", "delete": "deletes", "select": "gets or creates"}


@check(severity="info", needs=["queries"])
def write_in_loop(snapshot: Snapshot) -> Iterator[Finding | Skipped]:
    """A loop writes rows one by one.

    Why: Each row makes its own way to the server and back, and outside of ``atomic()`` its own commit.

    Fix: ``bulk_create()`` for new rows, with ``update_conflicts`` in place of ``update_or_create()``,
    ``bulk_update()`` or one ``update()`` with an expression for changes, ``filter(pk__in=…).delete()``. They call
    neither ``save()`` nor the signals of each row: where these do something, at least ``atomic()`` around the loop.

    Silent when: Fewer than three different rows were written by one chain of calls in one request, job or block of
    code; they were written by ``bulk_create()`` or ``bulk_update()``, in the batches in which a queryset is deleted,
    by a package (a formset, the session), a factory, a fixture or a migration; by a test's own line, or by code that
    it called itself outside of requests, where the loop may be the test's.
    """
    yield from measured.unmeasured(snapshot, "write_in_loop")
    for run, loop in first_of_each(snapshot, writes):
        yield _finding(run, loop)


def _finding(run: QueryRun, loop: Loop) -> Finding:
    statement = loop.statement
    verb = "gets or creates" if statement.method.endswith("or_create") else _VERBS[statement.kind]
    table = ", ".join(statement.tables[:1]) or "a table"
    return Finding(
        subject=f"A loop {verb} rows of {table} one by one",
        detail=f"{len(loop.statements)} statements in {run.label!r}, which a few can do.",
        identity=(run.id, statement.fingerprint),
        confidence=Confidence.MEDIUM,
        owner=measured.owner(run, statement),
        app=run.app,
        model=run.model,
        location=measured.written(run, statement),
        evidence=(
            Evidence("executions", len(loop.statements), "queries", run.label),
            Evidence("different rows", loop.values, "rows", run.label),
            Evidence("time", round(sum(one.duration_ms for one in loop.statements), 2), "ms", "recorded"),
            Evidence("called", f"{statement.method}()" if statement.method else "the queryset", source="call stack"),
            Evidence("statement", measured.short(statement.template), source="recorded"),
        ),
        remedy=Remedy(action=ChangeQuery(before=statement.template, after=""), orm=_advice(statement, loop)),
    )


def _advice(statement: Statement, loop: Loop) -> str:
    if statement.method.endswith("or_create"):
        conflicts = "update_conflicts=True, update_fields=…, unique_fields=…"
        how = conflicts if statement.method.startswith("update") else "ignore_conflicts=True"
        return f"bulk_create(rows, {how}) on the columns of a unique constraint.{_OTHERWISE}"
    if statement.kind == "insert":
        return f"Collect the rows in a list and bulk_create() them after the loop.{_OTHERWISE}"
    if statement.kind == "delete":
        return f"Collect the keys and filter(pk__in=keys).delete() once.{_OTHERWISE if not statement.method else ''}"
    locks = " The rows are locked one by one now: lock them with one select_for_update() before." if loop.locked else ""
    return (
        "Collect the changed rows and bulk_update(rows, fields) after the loop, or one update() with an expression."
        f"{_OTHERWISE}{locks}"
    )
