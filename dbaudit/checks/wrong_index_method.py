from __future__ import annotations

import re
from collections.abc import Iterator

from dbaudit.analysis.removal import declaration, removal
from dbaudit.facts import Column, Index, IndexKey, ModelField, Snapshot, Table
from dbaudit.findings import Confidence, CreateIndex, Evidence, Finding, Remedy, Severity
from dbaudit.registry import check
from dbaudit.sql import ddl, names
from dbaudit.sql.equivalence import enforces

ARRAY = re.compile(r".+\[\]")
#: Types by what the database calls them -> the method whose operators they are looked up by, and Django's class.
FITTING = (
    (ARRAY, "gin", "GinIndex"),
    (re.compile(r"jsonb"), "gin", "GinIndex"),
    (re.compile(r"hstore"), "gin", "GinIndex"),
    (re.compile(r"tsvector"), "gin", "GinIndex"),
    (re.compile(r"\w+(multi)?range"), "gist", "GistIndex"),
    (re.compile(r"(geometry|geography)(\(.*\))?"), "gist", "GistIndex"),
)


@check(severity="warning", needs=["schema", "models"])
def wrong_index_method(snapshot: Snapshot) -> Iterator[Finding]:
    """A b-tree on values that are searched by what they contain.

    Why: A b-tree finds whole values and their order. What is asked of arrays, JSON documents, search vectors, ranges
    and geometries is containment, overlap, a key or a word: no such lookup can use it, and it is written all the
    same. A value of more than a third of a page cannot be stored at all: the insert fails.

    Fix: GIN for arrays, ``jsonb``, ``hstore`` and ``tsvector``, GiST for ranges and geometries. In JSON a lookup by
    key (``data__status="x"``) uses neither: index the expression ``KeyTextTransform("status", "data")``. On SQLite,
    which has no such methods, take ``db_index=True`` off the ``JSONField``.

    Silent when: The index is unique or enforces something else (whole values are compared), is no b-tree, is partial,
    is over an expression, or the column is not its first one, unless it is an array: nothing looks that up as a whole
    behind another key. Where scans of it were counted, some query does compare whole values, and it is a remark.
    """
    for table in snapshot.stored_tables():
        for index in table.indexes:
            column = _searched(snapshot, table, index) if index.method == "btree" and index.keys else None
            if column is None or enforces(index) or not (index.plain and index.usable and index.complete):
                continue
            field = snapshot.columns_field(table, column.name)
            fitting = _fitting(snapshot, column, field)
            if fitting is not None:
                yield _finding(snapshot, table, index, column, field, *fitting)


def _searched(snapshot: Snapshot, table: Table, index: Index) -> Column | None:
    """The column that the index is judged by: its first one, or an array behind that."""
    first, *others = [table.column(name) for name in index.columns]
    if snapshot.vendor != "postgresql":
        return first
    return next((one for one in others if one and ARRAY.fullmatch(one.type)), first)


def _fitting(snapshot: Snapshot, column: Column, field: ModelField | None) -> tuple[str, str] | None:
    if snapshot.vendor == "postgresql":
        found = (one for one in FITTING if one[0].fullmatch(column.type))
        return next(((method, name) for _, method, name in found), None)
    return ("", "") if field and field.kind == "JSONField" else None


def _finding(
    snapshot: Snapshot, table: Table, index: Index, column: Column, field: ModelField | None, method: str, name: str
) -> Finding:
    declared = declaration(snapshot, table, index)
    kind = f"{field.kind} {field.name}" if field else f"{column.type} column {column.name}"
    evidence = [Evidence("type", column.type, source="catalog"), Evidence("method", index.method, source="catalog")]
    if index.scans is not None:
        evidence.append(Evidence("scans", index.scans, "scans", "pg_stat_user_indexes"))
    mild = bool(index.scans) or table.ownership.owner != "project"
    return Finding.about(
        table,
        subject=f"B-tree index {index.name} on the {kind} of {table.label}",
        detail="It finds whole values only, not what they contain.",
        identity=(index.describe(),),
        severity=Severity.INFO if mild else Severity.DEFAULT,
        confidence=Confidence.MEDIUM if index.scans else Confidence.HIGH,
        written=declared,
        evidence=evidence,
        remedy=_remedy(snapshot, table, index, column, method, name),
    )


def _remedy(snapshot: Snapshot, table: Table, index: Index, column: Column, method: str, name: str) -> Remedy:
    gone = removal(snapshot, table, index)
    if not method:
        return gone
    dialect = snapshot.dialect
    field = snapshot.columns_field(table, column.name)
    fitting = CreateIndex(
        table=table.label,
        keys=(IndexKey(column=column.name),),
        method=method,
        name=names.index_name(table.name, [column.name], method),
    )
    first = index.columns[0] == column.name
    kept = [] if first else [key for key in index.keys if key.column != column.name]
    make, back = _without(snapshot, table, kept)
    asked = field.name if field else column.name
    shorter = f"; an index of {', '.join(map(str, kept))} alone in its place" if kept else ""
    return Remedy(
        action=fitting,
        orm=f"{name}(fields=[{asked!r}], name={fitting.name!r}) in Meta.indexes{shorter}; {gone.orm}",
        sql=f"{ddl.create_index(dialect, table, fitting)}\n{make}{gone.sql}",
        undo_sql=f"{gone.undo_sql}\n{back}{ddl.drop_index(dialect, table, fitting.name)}",
    )


def _without(snapshot: Snapshot, table: Table, kept: list[IndexKey]) -> tuple[str, str]:
    """The index of the other keys, and what takes it back; nothing where an index begins with them already."""
    if not kept or any(one.usable and one.plain and one.keys == tuple(kept) for one in table.indexes):
        return "", ""
    name = names.index_name(table.name, [key.column for key in kept])
    action = CreateIndex(table=table.label, keys=tuple(kept), name=name)
    make = ddl.create_index(snapshot.dialect, table, action)
    return f"{make}\n", f"{ddl.drop_index(snapshot.dialect, table, name)}\n"
