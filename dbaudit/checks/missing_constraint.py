from __future__ import annotations

from collections.abc import Iterator

from dbaudit import drift
from dbaudit.drift import sql
from dbaudit.facts import Constraint, Index, Skipped, Snapshot, Table
from dbaudit.findings import AddConstraint, Evidence, Finding, Severity
from dbaudit.registry import check


@check(severity="warning", needs=["schema", "models"])
def missing_constraint(snapshot: Snapshot) -> Iterator[Finding | Skipped]:
    """A model declares a constraint that the database does not enforce.

    Why: Code relies on it: ``get_or_create`` makes two rows where it should find one, ``get`` fails with
    MultipleObjectsReturned, a price becomes negative. Forms and ``full_clean`` check before a write, and two requests
    at the same time both pass.

    Fix: Apply or make the migration where one is waiting or missing. Where all are applied, look for rows that violate
    it, put them right, and add the constraint by the SQL; on PostgreSQL that takes two steps of which none blocks
    writers for long.

    Silent when: A unique constraint or index, the primary key or a check of the same meaning has any other name: the
    order of unique columns does not count, and what is unique by some of them is unique by all of them; a constraint of
    this name says something else (`changed_constraint`); one of its columns is missing (`missing_column`), or the table
    is (`missing_table`); the vendor does not know such a constraint, so that Django would not make it. Foreign keys are
    `missing_foreign_key_constraint`.
    """
    yield from drift.unseen(snapshot, "missing_constraint")
    for compared in drift.compared(snapshot):
        for constraint in compared.missing_constraints:
            yield _finding(snapshot, compared.table, constraint)


def _finding(snapshot: Snapshot, table: Table, constraint: Index | Constraint) -> Finding:
    declared = constraint.declared
    name = drift.name_of(constraint) if declared and declared.by_name else ""
    words = drift.words_of(constraint)
    cause = drift.cause(snapshot, table, drift.names_of(declared, name), *([name] if name else []))
    return Finding.about(
        table,
        subject=f"Constraint {name or words} of {table.ownership.model} is not in the database",
        detail=f"The model declares {words}, and {table.label} does not enforce it.{cause.sentence}",
        identity=(words,),
        severity=Severity.DEFAULT if table.ownership.owner == "project" else Severity.INFO,
        written=declared,
        group=cause.group,
        evidence=[Evidence("declared as", words, source="models"), *cause.evidence()],
        remedy=cause.remedy(
            snapshot,
            table,
            AddConstraint(table=table.label, columns=constraint.columns, constraint=words),
            *sql.make(snapshot.dialect, table, constraint),
        ),
    )
