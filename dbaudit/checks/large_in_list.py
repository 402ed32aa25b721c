from __future__ import annotations

import re
from collections.abc import Iterator

from dbaudit.analysis import measured
from dbaudit.facts import QueryRun, Skipped, Snapshot, Statement
from dbaudit.findings import ChangeQuery, Evidence, Finding, Remedy
from dbaudit.registry import check

#: Values from which a list is worth telling.
LARGE = 1_000
_LIST = re.compile(r"\bIN \(((?:%s|\?|\$\d+|:\w+)(?:, (?:%s|\?|\$\d+|:\w+))+)\)")


@check(severity="info", needs=["queries"])
def large_in_list(snapshot: Snapshot) -> Iterator[Finding | Skipped]:
    """A query carries thousands of values in an IN list.

    Why: The values are read from the database, sent back to it and parsed one by one. Each length is another statement
    to plan, and databases limit the number of parameters.

    Fix: Give ``__in`` the queryset itself (``filter(author__in=authors)``): it becomes a subquery. Where the values
    come from elsewhere, ask in chunks.

    Silent when: The list holds fewer than 1,000 values; Django made it itself, for a prefetch, a deletion or a bulk
    operation; the statement was recorded in a file, which keeps no lists.
    """
    yield from measured.unmeasured(snapshot, "large_in_list")
    told = set()
    for run in measured.runs(snapshot):
        for statement in run.statements:
            values = _values(statement)
            if values >= LARGE and (statement.identity, statement.location) not in told:
                told.add((statement.identity, statement.location))
                yield _finding(run, statement, values)


def _values(statement: Statement) -> int:
    """The length of the longest list that the project's own code gave."""
    if statement.asker in ("prefetch", "peers") or statement.method or statement.apart:
        return 0
    return max((found[1].count(",") + 1 for found in _LIST.finditer(statement.sql)), default=0)


def _finding(run: QueryRun, statement: Statement, values: int) -> Finding:
    return Finding(
        subject=f"{run.label!r} asks {', '.join(statement.tables[:1]) or 'a table'} with thousands of values in a list",
        detail="The values could stay in the database, as a subquery.",
        identity=(run.id, statement.fingerprint),
        owner=measured.owner(run, statement),
        app=run.app,
        model=run.model,
        location=measured.written(run, statement),
        evidence=(
            Evidence("values in the list", values, "values", run.label),
            Evidence("rows returned", statement.rows or 0, "rows", run.label),
            Evidence("time", round(statement.duration_ms, 2), "ms", "recorded"),
        ),
        remedy=Remedy(
            action=ChangeQuery(before=statement.template, after=""),
            orm="Give __in the queryset in place of a list of its values; it becomes a subquery.",
        ),
    )
