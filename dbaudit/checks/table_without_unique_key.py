from __future__ import annotations

from collections.abc import Iterator

from dbaudit.facts import Index, Snapshot, Table
from dbaudit.findings import AddConstraint, Evidence, Finding, Remedy, Severity
from dbaudit.registry import check
from dbaudit.sql import ddl, names
from dbaudit.sql.equivalence import only_seems_unique


@check(severity="warning", needs=["schema"])
def table_without_unique_key(snapshot: Snapshot) -> Iterator[Finding]:
    """A table has unique indexes, and yet nothing that tells its rows apart.

    Why: A unique index lets any number of rows in that have NULL in one of its columns, a partial one all rows outside
    of its condition, and one over an expression rows that differ only before it. Without a primary key beside them two
    rows may be equal in every column: none of them can be updated, deleted or replicated alone.

    Fix: Say NOT NULL of the columns and make them the primary key, or add an identity column.

    Silent when: There is a primary key; a unique index covers all rows by columns that are never NULL, or counts NULLs
    as equal (``NULLS NOT DISTINCT``); there is no unique index at all, as that is `table_without_primary_key`; the
    object is a view or a foreign table. A table that no model describes is a remark.
    """
    for table in snapshot.stored_tables():
        if only_seems_unique(table):
            yield _finding(snapshot, table)


def _finding(snapshot: Snapshot, table: Table) -> Finding:
    unique = [index for index in table.indexes if index.unique and index.usable]
    column = names.free_column(table, "id")
    return Finding.about(
        table,
        subject=f"Table {table.label} has no unique key",
        detail=f"{'It has' if len(unique) == 1 else 'Each of its unique indexes has'} a gap: {_gap(table, unique[0])}.",
        identity=(),
        severity=Severity.DEFAULT if table.ownership.model else Severity.INFO,
        evidence=[
            Evidence(f"unique index {index.name}", f"{index.describe()}: {_gap(table, index)}", source="catalog")
            for index in unique
        ],
        remedy=Remedy(
            action=AddConstraint(table=table.label, columns=(column,), constraint="primary key"),
            orm=f"{column} = models.BigAutoField(primary_key=True)",
            sql=ddl.add_identity(snapshot.dialect, table, column),
        ),
    )


def _gap(table: Table, index: Index) -> str:
    if index.predicate:
        return f"{index.name} covers only rows WHERE {index.predicate}"
    if "" in index.columns:
        return f"{index.name} compares an expression"
    nullable = [name for name in index.columns if (column := table.column(name)) and column.nullable]
    return f"{', '.join(nullable)} may be NULL"
