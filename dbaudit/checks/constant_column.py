from __future__ import annotations

from collections.abc import Iterator
from itertools import takewhile

from dbaudit.facts import Column, Snapshot, Table
from dbaudit.findings import Confidence, EditModel, Evidence, Finding, Remedy, RunSql
from dbaudit.registry import check

#: With fewer rows one value says nothing.
FEWEST_ROWS = 1_000


@check(severity="info", needs=["schema", "statistics", "models"], vendors=["postgresql"])
def constant_column(snapshot: Snapshot) -> Iterator[Finding]:
    """A column has the same value in every row, or none.

    Why: A field that nobody fills is still read, shown in forms, validated and migrated. Often it is a feature that was
    never finished, or a column whose writer was removed.

    Fix: Look who reads and writes it; if nobody does, remove the field.

    Silent when: The statistics saw several values, or were never gathered; the table has fewer than 1,000 rows; the
    column is a boolean, part of a key or a foreign key (one tenant, one site), generated, or named in the condition of
    an index (soft deletes); it stands at the end of the table, where columns that were just added stand; the table is
    not the project's. The statistics are a sample, so this is only a hint; nothing is read for it.
    """
    for table in snapshot.stored_tables():
        if table.ownership.owner == "project" and (table.rows or 0) >= FEWEST_ROWS:
            constant = [column for column in table.columns if _constant(column)]
            new = [*takewhile(lambda column: column in constant, reversed(table.columns))]  # noqa: B023  used at once
            for column in constant:
                if column not in new and not _expected(snapshot, table, column):
                    yield _finding(snapshot, table, column)


def _constant(column: Column) -> bool:
    seen = column.statistics
    return seen is not None and (seen.null_fraction == 1 or (seen.null_fraction == 0 and seen.distinct == 1))


def _expected(snapshot: Snapshot, table: Table, column: Column) -> bool:
    field = snapshot.columns_field(table, column.name)
    if field and field.relation:
        return True  # also where the database has lost its constraint
    keys = {name for key in table.foreign_keys for name in key.columns} | {*table.primary_key}
    keys |= {name for index in table.indexes if index.unique for name in index.columns}
    conditions = " ".join(index.predicate for index in table.indexes)
    return column.type == "boolean" or bool(column.generated) or column.name in keys or column.name in conditions


def _finding(snapshot: Snapshot, table: Table, column: Column) -> Finding:
    field = snapshot.columns_field(table, column.name)
    empty = column.statistics is not None and column.statistics.null_fraction == 1
    return Finding.about(
        table,
        subject=f"{table.label}.{column.name} {'is always NULL' if empty else 'has one value only'}",
        detail="The planner's sample of the table saw nothing else.",
        identity=(column.name,),
        confidence=Confidence.LOW,
        written=field,
        group=f"Columns of {table.label} that say the same in every row",
        evidence=[
            Evidence("values", 0 if empty else 1, "values", "pg_stats"),
            Evidence("rows", table.rows or 0, "rows", table.rows_are),
        ],
        remedy=Remedy(
            action=EditModel(model=table.ownership.model, field=field.name, change="remove the field if nobody uses it")
            if field
            else RunSql(purpose=f"Drop {column.name} if nobody uses it."),
            orm="First remove what reads it; then remove the field, and let the migration drop the column.",
        ),
    )
