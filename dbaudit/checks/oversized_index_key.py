from __future__ import annotations

from collections.abc import Iterator

from dbaudit.analysis.removal import declaration
from dbaudit.facts import Column, Index, LongestKey, Skipped, Snapshot, Table
from dbaudit.findings import EditModel, Evidence, Finding, Remedy, Severity
from dbaudit.registry import check
from dbaudit.sql.types import BTREE_ENTRY

#: From this share of what an entry takes on, the next longer value may be too long.
NEAR = 0.5


@check(severity="warning", needs=["schema", "models", "data"], vendors=["postgresql"])
def oversized_index_key(snapshot: Snapshot) -> Iterator[Finding | Skipped]:
    """A b-tree stands on text of any length, and some of it is nearly too long for an entry.

    Why: An entry of a b-tree has room for 2,704 bytes. Text that is longer, after compression, cannot be inserted at
    all: ``index row size exceeds btree maximum``, for one user with a long text, and never in a test.

    Fix: Where only equality is asked, a ``HashIndex`` of django.contrib.postgres takes its place. For uniqueness use a
    ``UniqueConstraint`` on ``MD5`` of the column, for prefixes an index on ``Left("body", 200)``. Or say how long the
    text may be, by ``max_length`` or a check constraint.

    Silent when: The longest value has less than half of that; the type itself keeps values short enough
    (``varchar(500)``); the index is no b-tree, is over an expression or is partial; the table was too large to be read
    (`--read-data`), which is named as not examined. On tables of Django and of other packages it is a remark.
    """
    if snapshot.data is None:
        yield Skipped("oversized_index_key", "No rows were read.")
        return
    for longest in snapshot.data.longest:
        table = snapshot.table(longest.table, longest.schema)
        column = table.column(longest.column) if table else None
        if table is None or column is None or longest.bytes < NEAR * BTREE_ENTRY:
            continue
        for index in table.indexes:
            if index.method == "btree" and index.plain and column.name in (*index.columns, *index.included):
                yield _finding(snapshot, table, index, column, longest)


def _finding(snapshot: Snapshot, table: Table, index: Index, column: Column, longest: LongestKey) -> Finding:
    field = snapshot.columns_field(table, column.name)
    model = table.ownership.model or table.label
    name = field.name if field else column.name
    return Finding.about(
        table,
        subject=f"B-tree index {index.name} stands on text of any length",
        detail=f"The longest value of {column.name} has {longest.bytes:,} bytes, and an entry has room for "
        f"{BTREE_ENTRY:,}. A longer one cannot be inserted.",
        identity=(index.describe(), column.name),
        severity=Severity.DEFAULT if table.ownership.owner == "project" else Severity.INFO,
        written=declaration(snapshot, table, index) or field,
        evidence=[
            Evidence("type", column.type, source="catalog"),
            Evidence(
                "longest value",
                longest.bytes,
                "bytes",
                "max(octet_length())",
                sql=f"SELECT max(octet_length({snapshot.dialect.quote(column.name)})) FROM "
                f"{snapshot.dialect.quote(table.schema, table.name)}",
            ),
        ],
        remedy=Remedy(
            action=EditModel(
                model=model, field=field.name if field else "", change="index it in a way that takes any length"
            ),
            orm=_instead(index, name),
        ),
    )


def _instead(index: Index, name: str) -> str:
    if index.unique:
        return f"models.UniqueConstraint(MD5({name!r}), name=...) in Meta.constraints, or a max_length."
    if len(index.keys) == 1 and not index.included:
        return f"HashIndex(fields=[{name!r}], name=...) in Meta.indexes where only equality is asked, or a max_length."
    return f"Leave {name} out of the index, or give the field a max_length."
