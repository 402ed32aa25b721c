from __future__ import annotations

import re
from collections.abc import Iterator

from dbaudit.facts import QueryRun, Skipped, Snapshot, Statement, Table
from dbaudit.findings import ChangeQuery, Evidence, Finding, Remedy
from dbaudit.registry import check
from dbaudit.rules import measured

#: Rows below which a whole table is a list, not a load.
FEW_ROWS = 500
#: The part of a table that must come back.
WHOLE = 0.9
_BOUNDED = re.compile(
    r"\bLIMIT\b|\bFETCH FIRST\b|\bIN \(\?|\bGROUP BY\b|\bSELECT DISTINCT\b|\b(?:COUNT|SUM|AVG|MIN|MAX)\("
)


@check(severity="info", needs=["queries", "schema"])
def unbounded_result(snapshot: Snapshot) -> Iterator[Finding | Skipped]:
    """A query returns a whole table that grows.

    Why: Time, memory and the size of the page grow with every row that is added, until the page no longer answers.

    Fix: Paginate (``Paginator``, ``paginate_by``, a pagination class), or read an export with ``iterator()``.

    Silent when: The statement has a ``LIMIT``, asks for a list of values, groups or aggregates, or belongs to a
    prefetch; it returned fewer than 500 rows or less than nine tenths of its table; the table's rows are unknown.
    """
    yield from measured.unmeasured(snapshot, "unbounded_result")
    told = set()
    for run in measured.runs(snapshot):
        for one in run.statements:
            table = _table(snapshot, one) if _unbounded(one) and run.origin != "statements" else None
            if table is None or not table.rows or (one.rows or 0) < WHOLE * table.rows:
                continue
            cause = one.fingerprint, measured.written(run, one)
            if cause not in told:
                told.add(cause)
                yield _finding(run, one, table)


def _unbounded(one: Statement) -> bool:
    many = one.kind == "select" and (one.rows or 0) >= FEW_ROWS and one.asker not in ("prefetch", "peers")
    return many and not _BOUNDED.search(one.template)


def _table(snapshot: Snapshot, one: Statement) -> Table | None:
    schema, _, name = one.tables[0].rpartition(".") if one.tables else ("", "", "")
    return snapshot.table(name, schema)


def _finding(run: QueryRun, one: Statement, table: Table) -> Finding:
    return Finding.about(
        table,
        subject=f"{run.label!r} returns all of {table.label}",
        detail="The statement has no limit, so that it grows with the table.",
        identity=(run.id, one.fingerprint),
        location=measured.written(run, one),
        owner=measured.owner(run, one),
        evidence=(
            Evidence("rows returned", one.rows or 0, "rows", run.label),
            Evidence("rows of the table", table.rows or 0, "rows", table.rows_are),
            Evidence("time", round(one.duration_ms, 2), "ms", "recorded statement"),
        ),
        remedy=Remedy(
            action=ChangeQuery(before=one.template, after=""),
            orm="Paginator(queryset, 100), or queryset.iterator() where every row is needed",
        ),
    )
