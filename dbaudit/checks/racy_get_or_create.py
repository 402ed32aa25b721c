from __future__ import annotations

import re
from collections.abc import Iterator

from dbaudit.analysis import measured
from dbaudit.facts import QueryRun, Skipped, Snapshot, Statement, Table
from dbaudit.findings import ChangeQuery, Confidence, Evidence, Finding, Remedy
from dbaudit.registry import check

_EQUAL = re.compile(r'["`]?(\w+)["`]?\.["`]?(\w+)["`]? (?:= \?|IS NULL)')
_END = re.compile(r" (?:ORDER BY|LIMIT|FOR UPDATE|FETCH FIRST)\b.*")


@check(severity="info", needs=["queries", "schema"])
def racy_get_or_create(snapshot: Snapshot) -> Iterator[Finding | Skipped]:
    """get_or_create() looks for columns that nothing keeps unique.

    Why: Two requests at the same time both find nothing, and both create the row. From then on each call raises
    ``MultipleObjectsReturned``.

    Fix: Declare a ``UniqueConstraint`` on the columns that are looked for. Remove the duplicates that exist first.

    Silent when: A unique index or key lies within the columns that are looked for, a partial one or one of expressions
    included; the lookup compares anything else than columns of the table with values; the table's indexes are unknown;
    a package calls it, or a factory, a fixture or a migration.
    """
    yield from measured.unmeasured(snapshot, "racy_get_or_create")
    told = set()
    for run in measured.runs(snapshot):
        for statement in run.statements:
            looked_for = _looked_for(snapshot, statement)
            if looked_for is not None and (looked_for[0].label, looked_for[1]) not in told:
                told.add((looked_for[0].label, looked_for[1]))
                yield _finding(run, statement, *looked_for)


def _looked_for(snapshot: Snapshot, statement: Statement) -> tuple[Table, tuple[str, ...]] | None:
    """The table and the columns by which a row is looked for, where nothing keeps them unique."""
    creates = statement.method in ("get_or_create", "update_or_create") and statement.kind == "select"
    if not creates or not statement.direct or statement.apart or len(statement.tables) != 1:
        return None
    schema, _, name = statement.tables[0].rpartition(".")
    table = snapshot.table(name, schema)
    where = _END.sub("", statement.template.partition(" WHERE ")[2]).strip().removeprefix("(").removesuffix(")")
    found = [_EQUAL.fullmatch(condition.strip("() ")) for condition in where.split(" AND ")] if where else []
    if table is None or not table.stores_rows or not found or not all(found):
        return None
    columns = tuple(dict.fromkeys(one[2] for one in found if one is not None))
    if table.primary_key and {*table.primary_key} <= {*columns}:
        return None
    for index in table.indexes:
        if index.unique and index.usable and ({*index.columns} <= {*columns} or not index.plain):
            return None
    return table, columns


def _finding(run: QueryRun, statement: Statement, table: Table, columns: tuple[str, ...]) -> Finding:
    names = ", ".join(columns)
    return Finding(
        subject=f"{statement.method}() on {table.label} looks for {names}, which nothing keeps unique",
        detail="Two requests at the same time create the row twice, and the next call finds two.",
        identity=(table.label, *columns),
        confidence=Confidence.MEDIUM,
        owner=measured.owner(run, statement),
        app=run.app,
        model=statement.model or run.model,
        location=measured.written(run, statement),
        evidence=(
            Evidence("looked for", names, source=run.label),
            Evidence("unique index within these columns", "none", source="catalog"),
        ),
        remedy=Remedy(
            action=ChangeQuery(before=statement.template, after=""),
            orm=f"Declare a UniqueConstraint on the fields of {names}, after the duplicates are removed.",
        ),
    )
