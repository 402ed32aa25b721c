"""What each query may take, recorded: a ratchet that a later run must not go over. Pure but for its one file."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from dbaudit.facts.budgets import QueryBudget
from dbaudit.findings import Report
from dbaudit.policy import ledger
from dbaudit.policy.ledger import Entry, Kind

KIND = Kind("query budgets", "--write-budgets")
#: The check that holds queries against them.
CHECK = "grown_query"
#: The queries that have budgets, by the beginning of their ids: the project's own, its views, and its admin lists.
KEPT = ("canned:", "crawl:", "admin:")
_FIGURE = re.compile(r"(queries|rows)=(\d+)")


def read(path: str | Path) -> tuple[QueryBudget, ...]:
    """The budgets of a file.

    Raises `AuditError`, in one sentence, for a file that cannot be read, is none, is of another version, was cut
    short, or has a line that gives no budget.
    """
    return tuple(_budget(entry, path) for entry in ledger.read(path, KIND))


def text(report: Report, kept: Iterable[QueryBudget] = ()) -> str:
    """What the queries of this report took, as a file.

    Of ``kept``, the budgets that held until now, the lower figure stays, and so do those of queries that this audit did
    not measure: a ratchet goes one way.
    """
    labels = {(run.alias, run.id): run.label for database in report.databases for run in database.snapshot.runs}
    found = {(one.alias, one.id): one for one in measured(report)}
    for old in kept:
        now = found.get((old.alias, old.id), old)
        found[old.alias, old.id] = QueryBudget(
            alias=old.alias, id=old.id, queries=_lower(old.queries, now.queries), rows=_lower(old.rows, now.rows)
        )
    return ledger.text(KIND, (_entry(one, labels.get(place, "")) for place, one in found.items()))


def measured(report: Report) -> Iterator[QueryBudget]:
    """What each query that has a budget, or may be given one, took in this report."""
    for database in report.databases:
        for run in database.snapshot.runs:
            if run.audited and run.queries is not None and run.id.startswith(KEPT):
                yield QueryBudget(alias=database.snapshot.alias, id=run.id, queries=run.queries, rows=run.rows)


def _lower(one: int | None, other: int | None) -> int | None:
    return min((figure for figure in (one, other) if figure is not None), default=None)


def _entry(budget: QueryBudget, label: str) -> Entry:
    figures = [
        f"{name}={value}" for name, value in (("queries", budget.queries), ("rows", budget.rows)) if value is not None
    ]
    return Entry((budget.alias, budget.id, *figures), label)


def _budget(entry: Entry, path: str | Path) -> QueryBudget:
    figures = [_FIGURE.fullmatch(one) for one in entry.fields[2:]]
    if len(entry.fields) < 3 or not all(figures) or not entry.fields[1].startswith(KEPT):
        raise ledger.unreadable(path, entry, KIND)
    values = {one[1]: int(one[2]) for one in figures if one}
    return QueryBudget(
        alias=entry.fields[0], id=entry.fields[1], queries=values.get("queries"), rows=values.get("rows")
    )
