from __future__ import annotations

from collections.abc import Iterator

from dbaudit import drift
from dbaudit.drift.sql import rename
from dbaudit.facts import Index, Skipped, Snapshot, Table
from dbaudit.findings import EditModel, Evidence, Finding, LeaveAsIs, Remedy
from dbaudit.registry import check
from dbaudit.sql import names

BY_MIGRATION = "Migrations of {} make indexes by SQL that no model declares"


@check(severity="info", needs=["schema", "models"])
def undeclared_index(snapshot: Snapshot) -> Iterator[Finding | Skipped]:
    """An index is in the database that no model declares.

    Why: A test database and a new installation are built by the migrations. Where no migration makes the index they
    have none: there the same queries are slow, or a plan is tested that production never uses. Somebody made it by
    hand, or a migration was taken back halfway.

    Fix: Declare it in the model under its name (one that Django allows: 30 characters at most), so that every database
    has it; put the AddIndex that makemigrations then writes into the state_operations of a SeparateDatabaseAndState,
    because this database has the index already.
    If it is meant to be known to the database alone, suppress this finding with the reason. If nothing reads it, drop
    it. What the SQL of a migration makes every database has, and nothing needs to change.

    Silent when: A model declares an index of the same meaning under any name; it is the copy of another
    (`duplicate_index`), invalid (`invalid_index`) or being built; it is unique or serves a constraint
    (`undeclared_constraint`); it stands on a column that no model declares (`undeclared_column`); the model is
    unmanaged, or no model has the table (`table_without_model`).
    """
    yield from drift.unseen(snapshot, "undeclared_index")
    for compared in drift.compared(snapshot):
        for index in compared.indexes.undeclared:
            yield _finding(snapshot, compared.table, index)


def _finding(snapshot: Snapshot, table: Table, index: Index) -> Finding:
    named = drift.names_in_model(snapshot, table, index.name, index.columns)
    cause = drift.cause(snapshot, table, named, index.name)
    evidence = [Evidence("definition", index.definition or index.describe(), source="catalog"), *cause.evidence()]
    if index.scans is not None:
        evidence.append(Evidence("scans", index.scans, "scans", "pg_stat_user_indexes"))
    return Finding.about(
        table,
        subject=f"Index {index.name} on {table.label} is declared by no model",
        detail=f"{table.label} {index.describe()} is in the database alone.{cause.explanation}",
        identity=(index.describe(),),
        group=cause.group or (BY_MIGRATION.format(table.ownership.app) if cause.made_by else ""),
        evidence=evidence,
        remedy=_remedy(snapshot, table, index, cause),
    )


def _remedy(snapshot: Snapshot, table: Table, index: Index, cause: drift.Cause) -> Remedy:
    """Declare it; under a name that Django allows, which it must then have in the database, too."""
    if cause.edit:
        return Remedy(action=EditModel(model=table.ownership.model, change=cause.edit), orm=cause.commands)
    if cause.made_by:
        return Remedy(action=LeaveAsIs(why=f"the migration {cause.made_by} makes it by SQL in every database."))
    name = index.name if names.is_django_name(index.name) else names.index_name(table.name, index.columns, index.name)
    sql, undo_sql = rename(snapshot.dialect, table, index, name) if name != index.name else ("", "")
    return Remedy(
        action=EditModel(model=table.ownership.model, change=f"declare {name} in Meta.indexes"),
        orm=_declaration(snapshot, table, index, name),
        sql=sql,
        undo_sql=undo_sql,
    )


def _declaration(snapshot: Snapshot, table: Table, index: Index, name: str) -> str:
    """The entry for ``Meta.indexes`` where its columns say all, else in words."""
    fields = [snapshot.columns_field(table, column) for column in index.columns]
    if index.method != "btree" or index.predicate or index.included or not all(fields):
        return f"Declare it in Meta.indexes of {table.ownership.model}: {index.describe()}, name={name!r}."
    names = [
        f"{'-' if key.descending else ''}{field.name}" for key, field in zip(index.keys, fields, strict=True) if field
    ]
    opclasses = f", opclasses={[key.opclass for key in index.keys]!r}" if any(key.opclass for key in index.keys) else ""
    return f"models.Index(fields={names!r}, name={name!r}{opclasses})"
