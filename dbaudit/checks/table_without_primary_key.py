from __future__ import annotations

from collections.abc import Iterator

from dbaudit.facts import Index, Snapshot, Table
from dbaudit.findings import AddConstraint, Confidence, Evidence, Finding, Remedy, Severity
from dbaudit.registry import check
from dbaudit.sql import ddl, names
from dbaudit.sql.equivalence import only_seems_unique


@check(severity="warning", needs=["schema"])
def table_without_primary_key(snapshot: Snapshot) -> Iterator[Finding]:
    """A table has no primary key.

    Why: Rows cannot be named one by one: duplicates creep in, logical replication refuses updates and deletes, and a
    Django model on top of the table reads a column that nothing keeps unique.

    Fix: Make a unique column that is never NULL the primary key, or add an identity column.

    Silent when: The key is there in any form, also as an SQLite rowid key or inherited from a partitioned parent; the
    object is a view or a foreign table; it has unique indexes of which none could be the key, as that is
    `table_without_unique_key`. A table that no model describes is a remark.
    """
    for table in snapshot.stored_tables():
        if not table.primary_key and table.columns and not only_seems_unique(table):
            yield _finding(snapshot, table)


def _finding(snapshot: Snapshot, table: Table) -> Finding:
    quoted = snapshot.dialect.quote(table.schema, table.name)
    candidate = next((index for index in table.indexes if _could_be_key(table, index)), None)
    if candidate:
        columns = candidate.columns
        detail = (
            f"The unique index {candidate.name} ({', '.join(columns)}) could become one: its columns are never NULL."
        )
        key = ", ".join(map(snapshot.dialect.quote, columns))
        # SQLite adds a primary key only by rebuilding the table, which is a migration's work.
        sql = "" if snapshot.vendor == "sqlite" else f"ALTER TABLE {quoted} ADD PRIMARY KEY ({key});"
        orm = (
            f"primary_key=True on {columns[0]}" if len(columns) == 1 else f"pk = models.CompositePrimaryKey{columns!r}"
        )
    else:
        columns = (names.free_column(table, "id"),)
        detail = "No unique index over columns that are never NULL could take its place."
        sql = ddl.add_identity(snapshot.dialect, table, columns[0])
        orm = f"{columns[0]} = models.BigAutoField(primary_key=True)"
    return Finding.about(
        table,
        subject=f"Table {table.label} has no primary key",
        detail=detail,
        identity=(),
        severity=Severity.DEFAULT if table.ownership.model else Severity.INFO,
        confidence=Confidence.HIGH,
        evidence=[Evidence("primary key", "none", source="catalog")],
        remedy=Remedy(
            action=AddConstraint(table=table.label, columns=columns, constraint="primary key"),
            orm=orm,
            sql=sql,
        ),
    )


def _could_be_key(table: Table, index: Index) -> bool:
    columns = [table.column(name) for name in index.columns]
    return index.unique and index.plain and index.usable and all(column and not column.nullable for column in columns)
