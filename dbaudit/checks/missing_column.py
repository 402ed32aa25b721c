from __future__ import annotations

from collections.abc import Iterator

from dbaudit import drift
from dbaudit.drift import sql
from dbaudit.facts import Column, Skipped, Snapshot, Table
from dbaudit.findings import Evidence, Finding, RunSql
from dbaudit.registry import check


@check(severity="error", needs=["schema", "models"])
def missing_column(snapshot: Snapshot) -> Iterator[Finding | Skipped]:
    """A model's field has no column.

    Why: Every query that Django writes for the model names all of its columns, so every one of them fails.

    Fix: Apply or make the migration where one is waiting or missing. Where all are applied, add the column again, by
    the SQL where it may be empty; its old values are in a backup.

    Silent when: The field has no column of its own (many-to-many, the parent's in multi-table inheritance, a composite
    key); the model is unmanaged, a proxy or routed elsewhere; the whole table is missing (`missing_table`) or is a
    view.
    """
    yield from drift.unseen(snapshot, "missing_column")
    for compared in drift.compared(snapshot):
        for column in compared.columns.missing:
            yield _finding(snapshot, compared.table, column)


def _finding(snapshot: Snapshot, table: Table, column: Column) -> Finding:
    field = snapshot.columns_field(table, column.name)
    name = field.name if field else column.name
    cause = drift.cause(snapshot, table, (name,))
    return Finding.about(
        table,
        subject=f"Field {table.ownership.model}.{name} has no column",
        detail=f"{table.label} has no column {column.name!r} ({column.type}).{cause.sentence}",
        identity=(column.name,),
        written=field,
        group=cause.group,
        evidence=[Evidence("declared as", f"{column.name} {column.type}", source="models"), *cause.evidence()],
        remedy=cause.remedy(
            snapshot,
            table,
            RunSql(purpose=f"Add the column {column.name}."),
            *sql.add_column(snapshot.dialect, table, column),
        ),
    )
