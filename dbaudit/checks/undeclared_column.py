from __future__ import annotations

from collections.abc import Iterator

from dbaudit import drift
from dbaudit.facts import Column, Skipped, Snapshot, Table
from dbaudit.findings import Confidence, EditModel, Evidence, Finding, Remedy, Severity
from dbaudit.findings.commands import manage
from dbaudit.registry import check


@check(severity="info", needs=["schema", "models"])
def undeclared_column(snapshot: Snapshot) -> Iterator[Finding | Skipped]:
    """A table has a column that no model declares.

    Why: Django neither reads nor writes it. If it refuses NULL and has no default, every insert by Django fails; else
    it is a leftover that takes space in every row, or another program's, and then somebody should know.

    Fix: Find out who writes it. Declare it as a field, give it a default, or save it and drop it.

    Silent when: A field of any model on the table has the column, an unmanaged one's too; the model is unmanaged; no
    model has the table (`table_without_model`). It is a remark, except where inserts fail.
    """
    yield from drift.unseen(snapshot, "undeclared_column")
    for compared in drift.compared(snapshot):
        for column in compared.columns.undeclared:
            yield _finding(snapshot, compared.table, column)


def _finding(snapshot: Snapshot, table: Table, column: Column) -> Finding:
    cause = drift.cause(snapshot, table, (column.name,), table.name, column.name)
    refuses = not (column.nullable or column.default or column.generated or column.identity)
    inserts = " It refuses NULL and has no default, so inserts by Django fail unless a trigger fills it."
    return Finding.about(
        table,
        subject=f"Column {table.label}.{column.name} is declared by no model",
        detail=f"No field of {table.ownership.model} has it.{inserts if refuses else ''}{cause.explanation}",
        identity=(column.name,),
        severity=Severity.ERROR if refuses else Severity.DEFAULT,
        confidence=Confidence.MEDIUM if refuses else Confidence.HIGH,
        group=cause.group,
        evidence=[Evidence("type", column.type, source="catalog"), *cause.evidence()],
        remedy=Remedy(
            action=EditModel(
                model=table.ownership.model,
                change=cause.edit or f"declare {column.name}, or save and drop the column",
            ),
            orm=cause.commands
            if cause.edit
            else f"{manage('inspectdb', '--database', snapshot.alias, table.name)}  # writes the field",
        ),
    )
