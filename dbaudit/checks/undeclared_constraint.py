from __future__ import annotations

from collections.abc import Iterator

from dbaudit import drift
from dbaudit.facts import Constraint, Index, Skipped, Snapshot, Table
from dbaudit.findings import EditModel, Evidence, Finding, Remedy
from dbaudit.registry import check

BY_MIGRATION = "Migrations of {} make constraints by SQL that no model declares"


@check(severity="info", needs=["schema", "models"])
def undeclared_constraint(snapshot: Snapshot) -> Iterator[Finding | Skipped]:
    """The database enforces what no model declares.

    Why: Saving a row that the model allows fails with an IntegrityError that no form foresees, and the tests, whose
    database the migrations build, may never see it.

    Fix: Declare it in Meta.constraints under its name; put the AddConstraint that makemigrations then writes into the
    state_operations of a SeparateDatabaseAndState, because this database has it already. If it is meant to be known to
    the database alone, suppress this finding with the reason. If it is wrong, drop it.

    Silent when: A model declares one of the same meaning under any name; a unique index is the copy of another
    (`duplicate_index`), or invalid (`invalid_index`); a check says no more than that a column is not NULL; it stands
    on a column that no model declares (`undeclared_column`); the model is unmanaged, or no model has the table
    (`table_without_model`).
    """
    yield from drift.unseen(snapshot, "undeclared_constraint")
    for compared in drift.compared(snapshot):
        for constraint in compared.undeclared_constraints:
            yield _finding(snapshot, compared.table, constraint)


def _finding(snapshot: Snapshot, table: Table, constraint: Index | Constraint) -> Finding:
    name, words, model = drift.name_of(constraint), drift.words_of(constraint), table.ownership.model
    names = drift.names_in_model(snapshot, table, name, constraint.columns)
    cause = drift.cause(snapshot, table, names, *([name] if name else []))
    return Finding.about(
        table,
        subject=f"Constraint {name or words} on {table.label} is declared by no model",
        detail=f"{table.label} enforces {words}.{cause.explanation}",
        identity=(words,),
        group=cause.group or (BY_MIGRATION.format(table.ownership.app) if cause.made_by else ""),
        evidence=[Evidence("definition", words, source="catalog"), *cause.evidence()],
        remedy=Remedy(
            action=EditModel(model=model, change=cause.edit or f"declare {name or words} in Meta.constraints"),
            orm=cause.commands if cause.edit else _declaration(snapshot, table, constraint, name),
        ),
    )


def _declaration(snapshot: Snapshot, table: Table, constraint: Index | Constraint, name: str) -> str:
    """The entry for ``Meta.constraints`` where its columns say all, else in words."""
    fields = [snapshot.columns_field(table, column) for column in constraint.columns]
    if isinstance(constraint, Index) and not constraint.predicate and not constraint.included and all(fields):
        named = [field.name for field in fields if field]
        return f"models.UniqueConstraint(fields={named!r}, name={name!r})"
    return f"Declare it in Meta.constraints of {table.ownership.model}: {drift.words_of(constraint)}, name={name!r}."
