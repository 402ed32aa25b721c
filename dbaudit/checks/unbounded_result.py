from __future__ import annotations

import re
from collections.abc import Iterator

from dbaudit.analysis import measured, waste
from dbaudit.facts import Load, Location, Paging, PagingSetting, QueryRun, Skipped, Snapshot, Statement, Table
from dbaudit.findings import ChangeQuery, Evidence, Finding, Remedy
from dbaudit.registry import check

#: Rows below which a whole table is a list, not a load.
FEW_ROWS = 500
#: The part of a table that must come back.
WHOLE = 0.9
_BOUNDED = re.compile(
    r"\bLIMIT\b|\bFETCH FIRST\b|\bIN \(\?|\bGROUP BY\b|\bSELECT DISTINCT\b|\b(?:COUNT|SUM|AVG|MIN|MAX)\("
)

#: What would bound a list, by the setting that does not.
_BOUNDS: dict[PagingSetting, str] = {
    "pagination_class": "pagination_class = Pages  # class Pages(PageNumberPagination): page_size = 50",
    "PAGE_SIZE": 'REST_FRAMEWORK = {..., "PAGE_SIZE": 50}',
    "page_size": "page_size = 50",
    "default_limit": "default_limit = 50",
    "max_page_size": "max_page_size = 100",
    "max_limit": "max_limit = 100",
    "paginate_by": "paginate_by = 50",
    "list_per_page": "list_per_page = 100",
    "list_max_show_all": "list_max_show_all = 200",
}


@check(severity="info", needs=["queries", "schema"])
def unbounded_result(snapshot: Snapshot) -> Iterator[Finding | Skipped]:
    """A query returns a whole table that grows, or as many of its rows as a request asks for.

    Why: Time, memory and the size of the page grow with every row that is added, until the page no longer answers.

    Fix: Paginate (``Paginator``, ``paginate_by``, a pagination class), or read an export with ``iterator()``; where a
    form fills a select with all rows, ``autocomplete_fields`` or ``raw_id_fields``. Where a
    crawled view or an admin list says itself why it has no end (``pagination_class``, ``PAGE_SIZE``, ``paginate_by``,
    ``list_per_page``), or was seen to give a page of any size (no ``max_page_size``, no ``max_limit``, a large
    ``list_max_show_all``), the finding names the setting and its line.

    Silent when: The statement has a ``LIMIT``, asks for a list of values, groups or aggregates, or belongs to a
    prefetch; it returned fewer than 500 rows or less than nine tenths of its table; the table's rows are unknown; its
    rows were only wanted to be counted (`wasted_statement`). Of pages whose size a request chooses: a larger page was
    asked for and fewer than 500 rows came, or no more than without asking.
    """
    yield from measured.unmeasured(snapshot, "unbounded_result")
    told = set()
    for run in measured.runs(snapshot):
        counted = {load.fingerprint for load in waste.untouched(run) if _spared(run, load)}
        for one in run.statements:
            table = _table(snapshot, one) if _unbounded(one) and run.origin != "statements" else None
            if table is None or not table.rows or (one.rows or 0) < WHOLE * table.rows or one.fingerprint in counted:
                continue
            cause = one.fingerprint, _place(run, one)
            if cause not in told:
                told.add(cause)
                yield _finding(run, one, table)
        if run.paging is not None:
            yield from _any_size(snapshot, run, run.paging)


def _spared(run: QueryRun, load: Load) -> bool:
    tried = run.trial(waste.key(load))
    return tried is not None and tried.worked


def _unbounded(one: Statement) -> bool:
    many = one.kind == "select" and (one.rows or 0) >= FEW_ROWS and one.asker not in ("prefetch", "peers")
    return many and not _BOUNDED.search(one.template)


def _table(snapshot: Snapshot, one: Statement) -> Table | None:
    schema, _, name = one.tables[0].rpartition(".") if one.tables else ("", "", "")
    return snapshot.table(name, schema)


def _without_pages(run: QueryRun, one: Statement) -> Paging | None:
    """The setting for which the statement of a list has no limit, None where another statement has none."""
    paging = run.paging
    if paging is None or paging.asked or one.tables[0].rpartition(".")[2] != paging.table:
        return None
    return paging if paging.value is None or paging.value >= (one.rows or 0) else None


def _place(run: QueryRun, one: Statement) -> Location | None:
    paging = _without_pages(run, one)
    return (paging.location if paging is not None else None) or measured.written(run, one)


def _any_size(snapshot: Snapshot, run: QueryRun, paging: Paging) -> Iterator[Finding]:
    """A list that gave as many rows as it was asked for."""
    table = snapshot.table(paging.table)
    if not paging.asked or table is None or not table.rows or paging.rows < max(FEW_ROWS, (paging.page_rows or 0) + 1):
        return
    if paging.rows < WHOLE * min(paging.asked_rows, table.rows):
        return
    yield Finding.about(
        table,
        subject=f"{run.label!r} gives as many rows of {table.label} as a request asks for",
        detail=_cause(paging),
        identity=(run.id, paging.of, paging.setting),
        location=paging.location or run.location,
        owner=run.owner,
        evidence=(
            Evidence("rows of a page", paging.page_rows or 0, "rows", paging.of),
            Evidence("rows returned", paging.rows, "rows", f"{run.label} with ?{paging.asked}"),
            Evidence("rows of the table", table.rows, "rows", table.rows_are),
        ),
        remedy=_bound(paging),
    )


def _cause(paging: Paging) -> str:
    if paging.value is None:
        return f"{paging.setting} of {paging.of} is not set, so that it grows with the table."
    return f"{paging.setting} of {paging.of} is {paging.value:,}: up to there it grows with the table."


def _bound(paging: Paging) -> Remedy:
    return Remedy(action=ChangeQuery(before="", after=""), orm=_BOUNDS[paging.setting])


def _finding(run: QueryRun, one: Statement, table: Table) -> Finding:
    paging = _without_pages(run, one)
    return Finding.about(
        table,
        subject=f"{run.label!r} returns all of {table.label}",
        detail=_cause(paging) if paging else "The statement has no limit, so that it grows with the table.",
        identity=(run.id, one.fingerprint),
        location=_place(run, one),
        owner=measured.owner(run, one),
        evidence=(
            Evidence("rows returned", one.rows or 0, "rows", run.label),
            Evidence("rows of the table", table.rows or 0, "rows", table.rows_are),
            Evidence("time", round(one.duration_ms, 2), "ms", "recorded statement"),
        ),
        remedy=_bound(paging)
        if paging
        else Remedy(
            action=ChangeQuery(before=one.template, after=""),
            orm=measured.FEWER_CHOICES
            if measured.fills_a_select(one)
            else "Paginator(queryset, 100), or queryset.iterator() where every row is needed",
        ),
    )
