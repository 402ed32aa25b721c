from __future__ import annotations

import re
from collections.abc import Iterator

from dbaudit.analysis import measured, sorts
from dbaudit.facts import QueryRun, Skipped, Snapshot, Statement
from dbaudit.findings import ChangeQuery, Evidence, Finding, Remedy
from dbaudit.registry import check

#: Rows that a page skips before it is worth telling.
DEEP = 5_000
_OFFSET = re.compile(r"\bOFFSET\s+(\d+)", re.IGNORECASE)


@check(severity="info", needs=["queries"])
def deep_offset(snapshot: Snapshot) -> Iterator[Finding | Skipped]:
    """A page is reached by skipping thousands of rows.

    Why: The database reads and throws away every row before the page: the hundredth page costs a hundred times the
    first.

    Fix: Page by the keys of the order: ``filter(pk__gt=last)[:size]`` where it is that of the primary key,
    ``filter(created__lt=last)`` under ``order_by("-created")``, or a cursor pagination; limit how deep a user may page.

    Silent when: Fewer than 5,000 rows are skipped, pages are reached by key, or the statement returned nothing.
    """
    yield from measured.unmeasured(snapshot, "deep_offset")
    told = set()
    for run in measured.runs(snapshot):
        for one in run.statements:
            skipped = max((int(number) for number in _OFFSET.findall(one.sql)), default=0)
            if one.kind == "select" and skipped >= DEEP and one.rows and one.fingerprint not in told:
                told.add(one.fingerprint)
                yield _finding(run, one, skipped)


def _finding(run: QueryRun, one: Statement, skipped: int) -> Finding:
    return Finding(
        subject=f"{run.label!r} skips thousands of rows to reach a page",
        detail="Every skipped row is read and thrown away.",
        identity=(run.id, one.fingerprint),
        owner=measured.owner(run, one),
        app=run.app,
        model=run.model,
        location=measured.written(run, one),
        evidence=(
            Evidence("rows skipped", skipped, "rows", "the statement's OFFSET"),
            Evidence("rows returned", one.rows or 0, "rows", run.label),
            Evidence("time", round(one.duration_ms, 2), "ms", "recorded"),
        ),
        remedy=Remedy(action=ChangeQuery(before=one.template, after=""), orm=_advice(one)),
    )


def _advice(one: Statement) -> str:
    """Paging by what the statement is ordered by."""
    keys = sorts.order(one)
    named = [(sorts.column(key)[1], " DESC" in key.upper()) for key in keys]
    if not keys:
        return 'Give it an order, and page by it: order_by("pk").filter(pk__gt=last)[:size].'
    if sorts.is_volatile(" ".join(keys)) or not all(name for name, _ in named):
        return "Limit how deep a user may page: this order has no column to go on from."
    name, descending = named[0]
    order = ", ".join(f'"{"-" if down else ""}{key}"' for key, down in named)
    after = f"{name}__{'lt' if descending else 'gt'}=last"
    if len(named) == 1 and name in ("id", "pk"):
        return f"filter({after}).order_by({order})[:size]"
    last = named[-1][0]
    tie = "" if last in ("id", "pk") else f', "{"-" if descending else ""}pk"'
    return (
        f"filter({after}).order_by({order}{tie})[:size]; where several rows have the same {name}, the filter compares "
        f"the key as well: Q({after}) | Q({name}=last, pk__{'lt' if named[-1][1] else 'gt'}=last_pk)."
    )
