from __future__ import annotations

import re
from collections.abc import Iterator

from dbaudit.facts import PlanNode, QueryRun, Skipped, Snapshot, Statement, Table
from dbaudit.findings import ChangeQuery, Evidence, Finding, Remedy
from dbaudit.registry import check
from dbaudit.rules import measured

#: Rows of a table from which a scan of it is worth telling.
BIG = 5_000
#: A column before LIKE, or before = where both sides are made upper case (`iexact` on PostgreSQL).
_COLUMN = r'(?:UPPER\()?(?:"[^"]+"\.)?"(?P<column>[^"]+)"(?:::\w+)?\)?'
_LIKE = re.compile(rf"{_COLUMN} LIKE ", re.IGNORECASE)
_IEXACT = re.compile(r'UPPER\((?:"[^"]+"\.)?"(?P<column>[^"]+)"(?:::\w+)?\) = UPPER\(', re.IGNORECASE)


@check(severity="info", needs=["queries", "schema"])
def lookup_without_possible_index(snapshot: Snapshot) -> Iterator[Finding | Skipped]:
    """A lookup compares in a way that no index of the column can serve, and reads the whole table.

    Why: A b-tree finds by the beginning of a value as it is stored. ``icontains`` looks inside it, ``iexact`` compares
    it in upper case: each execution reads every row.

    Fix: On PostgreSQL a trigram index (``GinIndex`` with ``gin_trgm_ops`` on ``Upper(column)``) for ``icontains``,
    an index on ``Upper(column)`` for ``iexact``; otherwise full-text search, or a column with the value as it is
    compared.

    Silent when: The plan uses an index, the table has fewer than 5,000 rows, the pattern begins with a fixed text, or
    the values are not known (workload files, the server's statistics).
    """
    yield from measured.unmeasured(snapshot, "lookup_without_possible_index")
    told = set()
    for run in measured.runs(snapshot):
        for one in {one.fingerprint: one for one in run.statements}.values():
            found = _lookup(one)
            plan = run.plan(one.fingerprint)
            if found is None or plan is None:
                continue
            what, column = found
            for node in plan.nodes:
                table = _large(snapshot, node, one)
                if table is not None and (what, table.label, column) not in told:
                    told.add((what, table.label, column))
                    yield _finding(snapshot, run, one, table, what, column)


def _lookup(one: Statement) -> tuple[str, str] | None:
    """What is compared how: ``("search inside", column)``."""
    values = one.parameters.values if one.parameters is not None else None
    if one.kind != "select" or not values:
        return None
    like = _LIKE.search(one.template)
    given = values.values() if isinstance(values, dict) else values
    if like is not None and any(isinstance(value, str) and value.startswith("%") for value in given):
        return "search inside", like["column"]
    exact = _IEXACT.search(one.template)
    return ("comparison in upper case", exact["column"]) if exact is not None else None


def _large(snapshot: Snapshot, node: PlanNode, one: Statement) -> Table | None:
    if node.access != "scan":
        return None
    named = next((name for name in one.tables if name.rpartition(".")[2] == node.table), node.table)
    schema, _, name = named.rpartition(".")
    table = snapshot.table(name, schema)
    return table if table is not None and (table.rows or 0) >= BIG else None


def _finding(snapshot: Snapshot, run: QueryRun, one: Statement, table: Table, what: str, column: str) -> Finding:
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
