from __future__ import annotations

import re
from collections.abc import Iterator

from dbaudit.analysis import measured
from dbaudit.facts import QueryRun, Skipped, Snapshot, Statement
from dbaudit.findings import ChangeQuery, Confidence, Evidence, Finding, Remedy
from dbaudit.registry import check

_NAME = r'["`]?(\w+)["`]?'
_NOT_IN = re.compile(
    rf"NOT \([^()]*? IN \(SELECT (?:DISTINCT )?(?:{_NAME}\.)?{_NAME}(?: AS {_NAME})? "
    rf"FROM {_NAME}(?: U\d+)?(?P<rest>.*)",
    re.DOTALL,
)


@check(severity="warning", needs=["queries", "schema"])
def not_in_with_null(snapshot: Snapshot) -> Iterator[Finding | Skipped]:
    """exclude() compares with a subquery that may give NULL, and nothing came back.

    Why: ``x NOT IN (1, NULL)`` is never true: with one NULL among the rows of the subquery, ``exclude(pk__in=...)``
    returns nothing at all, whatever the table holds.

    Fix: Leave the NULLs out of the subquery with ``exclude(column=None)``, or ask with
    ``~Exists(queryset.filter(column=OuterRef("pk")))``.

    Silent when: The statement returned rows; the column of the subquery cannot be NULL, or its NULLs are left out; the
    subquery's table is unknown.
    """
    yield from measured.unmeasured(snapshot, "not_in_with_null")
    told = set()
    for run in measured.runs(snapshot):
        for statement in run.statements:
            column = _column(snapshot, statement) if statement.kind == "select" and statement.rows == 0 else ""
            if column and statement.identity not in told:
                told.add(statement.identity)
                yield _finding(run, statement, column)


def _column(snapshot: Snapshot, statement: Statement) -> str:
    """The nullable column with which a statement compares what it excludes, as ``table.column``; "" for none."""
    found = _NOT_IN.search(statement.template)
    if found is None:
        return ""
    name, table = found[2], snapshot.table(found[4])
    column = table.column(name) if table is not None else None
    left_out = re.search(rf'["`]?{name}["`]? IS NOT NULL|NOT \([^()]*["`]?{name}["`]? IS NULL\)', found["rest"])
    return f"{found[4]}.{name}" if column is not None and column.nullable and not left_out else ""


def _finding(run: QueryRun, statement: Statement, column: str) -> Finding:
    name = column.rpartition(".")[2]
    return Finding(
        subject=f"{run.label!r} excludes by {column}, which may be NULL, and gets nothing",
        detail="One NULL among the rows of the subquery makes the condition true for no row.",
        identity=(run.id, statement.fingerprint),
        confidence=Confidence.MEDIUM,
        owner=measured.owner(run, statement),
        app=run.app,
        model=run.model,
        location=measured.written(run, statement),
        evidence=(
            Evidence("rows returned", 0, "rows", run.label),
            Evidence("column of the subquery", f"{column}, which allows NULL", source="catalog"),
            Evidence("statement", measured.short(statement.template), source="recorded"),
        ),
        remedy=Remedy(
            action=ChangeQuery(before=statement.template, after=""),
            orm=f"Leave the NULLs out: .exclude({name}=None) on the inner queryset, or use ~Exists().",
        ),
    )
