from __future__ import annotations

from collections.abc import Iterator

from dbaudit.analysis import measured
from dbaudit.analysis.lookups import NoIndex, impossible
from dbaudit.facts import Skipped, Snapshot
from dbaudit.findings import ChangeQuery, Evidence, Finding, Remedy
from dbaudit.registry import check


@check(severity="info", needs=["queries", "schema"])
def lookup_without_possible_index(snapshot: Snapshot) -> Iterator[Finding | Skipped]:
    """A lookup compares in a way that no index of the column can serve, and reads the whole table.

    Why: A b-tree finds by the beginning of a value as it is stored. ``icontains`` looks inside it, ``iexact`` compares
    it in upper case: each execution reads every row.

    Fix: On PostgreSQL a trigram index (``GinIndex`` with ``gin_trgm_ops`` on ``Upper(column)``) for ``icontains``,
    an index on ``Upper(column)`` for ``iexact``; otherwise full-text search, or a column with the value as it is
    compared.

    Silent when: The plan uses an index, the table has fewer than 5,000 rows, the pattern begins with a fixed text, the
    values are not known (workload files, the server's statistics), or an index has the column in lower case or its
    trigrams, so that it only needs another spelling (`lookup_index_mismatch`).
    """
    yield from measured.unmeasured(snapshot, "lookup_without_possible_index")
    told = set()
    for one in impossible(snapshot):
        cause = one.what, one.table.label, one.column
        if cause not in told:
            told.add(cause)
            yield _finding(snapshot, one)


def _finding(snapshot: Snapshot, found: NoIndex) -> Finding:
    run, one, table, what, column = found
    field = snapshot.columns_field(table, column)
    name = field.name if field else column
    if snapshot.vendor != "postgresql":
        advice = "A full-text table (FTS5), or a column with the value as it is compared"
    elif what == "search inside":
        advice = f'GinIndex(OpClass(Upper("{name}"), name="gin_trgm_ops"), name=...)  # and TrigramExtension()'
    else:
        advice = f'models.Index(Upper("{name}"), name=...)'
    return Finding.about(
        table,
        subject=f"No index can serve the {what} of {table.label}.{column}",
        detail=f"{run.label!r} reads the whole table for it.",
        identity=(what, column),
        owner=measured.owner(run, one),
        location=measured.written(run, one),
        evidence=(
            Evidence("statement", measured.short(one.template), source="recorded"),
            Evidence("rows of the table", table.rows or 0, "rows", table.rows_are),
            Evidence("rows returned", one.rows or 0, "rows", run.label),
            Evidence("time", round(one.duration_ms, 2), "ms", "recorded"),
        ),
        remedy=Remedy(action=ChangeQuery(before=one.template, after=""), orm=advice),
    )
