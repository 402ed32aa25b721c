from __future__ import annotations

import re
from collections.abc import Iterator

from dbaudit.analysis import measured
from dbaudit.analysis.advice import asks_number
from dbaudit.analysis.loops import Loop, first_of_each, lookups
from dbaudit.facts import QueryRun, Skipped, Snapshot, Statement
from dbaudit.findings import ChangeQuery, Confidence, Evidence, Finding, Remedy
from dbaudit.registry import check

_COLUMN = re.compile(r'["`]?(\w+)["`]? = \?')
_PRESENCE = re.compile(r"^SELECT (?:\?|1) AS ", re.IGNORECASE)


@check(severity="info", needs=["queries"])
def query_in_loop(snapshot: Snapshot) -> Iterator[Finding | Skipped]:
    """A loop looks rows up one by one.

    Why: Each lookup makes its own way to the server and back; one query can look all of them up.

    Fix: Ask for all values before the loop: ``in_bulk()``, ``filter(field__in=values)``, or ``values().annotate()``
    for numbers.

    Silent when: Fewer than three different values (two by ``get()``) were looked up by one chain of calls in one
    request, job or block of code; the loop pages by key or by number, asks for lists or ranges of values, or locks
    rows; the table was written to in between; the last answer alone differs from the others, as of a search for a free
    name; the rows of another query were gone over, which n_plus_one tells; a package asked, as formsets do; a test's
    own line did, or code that a test called itself outside of requests, where the loop may be the test's.
    """
    yield from measured.unmeasured(snapshot, "query_in_loop")
    for run, loop in first_of_each(snapshot, lookups):
        yield _finding(run, loop)


def _finding(run: QueryRun, loop: Loop) -> Finding:
    statement = loop.statement
    what = statement.model or ", ".join(statement.tables[:1]) or "a table"
    return Finding(
        subject=f"A loop asks {what} for one value after another",
        detail=f"{len(loop.statements)} lookups by {loop.values} values in {run.label!r}, which one query can answer.",
        identity=(run.id, statement.fingerprint),
        confidence=Confidence.MEDIUM,
        owner=measured.owner(run, statement),
        app=run.app,
        model=run.model,
        location=measured.written(run, statement),
        evidence=(
            Evidence("executions", len(loop.statements), "queries", run.label),
            Evidence("different values", loop.values, "values", run.label),
            Evidence("time", round(sum(one.duration_ms for one in loop.statements), 2), "ms", "recorded"),
            Evidence("statement", measured.short(statement.template), source="recorded"),
        ),
        remedy=Remedy(action=ChangeQuery(before=statement.template, after=""), orm=_advice(statement)),
    )


def _advice(statement: Statement) -> str:
    found = _COLUMN.search(statement.template.partition(" WHERE ")[2])
    column = found[1] if found else "field"
    if asks_number(statement):
        return (
            f'filter({column}__in=values).values("{column}").annotate(count=Count("pk")) before the loop gives the '
            "number of each value."
        )
    if _PRESENCE.search(statement.template):
        return (
            f'set(….filter({column}__in=values).values_list("{column}", flat=True)) before the loop tells which '
            "values exist."
        )
    if column in ("id", "pk"):
        return "in_bulk(values) before the loop gives the rows by their keys."
    return f"filter({column}__in=values) before the loop, by {column} in a dictionary; in_bulk() where it is unique."
