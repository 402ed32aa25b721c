from __future__ import annotations

from collections.abc import Iterator

from dbaudit import drift
from dbaudit.analysis.relations import Relation, relations
from dbaudit.drift import sql
from dbaudit.facts import ForeignKey, ModelField, Snapshot
from dbaudit.findings import EditModel, Evidence, Finding, Remedy, Severity
from dbaudit.registry import check

ACTS = ("CASCADE", "SET NULL", "SET DEFAULT")


@check(severity="info", needs=["schema", "models"])
def undeclared_foreign_key(snapshot: Snapshot) -> Iterator[Finding]:
    """The database has a foreign key that no model declares.

    Why: Django does not know that the rows belong together. It deletes the parent first, and the database refuses
    that with an IntegrityError, or with ``ON DELETE CASCADE`` deletes rows that no code and no signal hears of. The
    admin lists none of them before a delete.

    Fix: Declare the column as a ``ForeignKey`` with its ``db_column``, and put the AlterField that makemigrations then
    writes into the state_operations of a SeparateDatabaseAndState, because this database has the key already. Or drop
    the constraint, if nothing needs it.

    Silent when: A field of any model on the table declares it, an unmanaged one's too; a composite key covers a
    declared one to the same table; another constraint of the field leads elsewhere
    (`missing_foreign_key_constraint`); the model is unmanaged, or no model has the table (`table_without_model`). It is
    a warning where the database itself deletes or changes rows.
    """
    for relation in relations(snapshot):
        key = relation.constraint
        if key is None or not relation.table.ownership.model or _declared(snapshot, relation):
            continue
        if any(model.stored for model in snapshot.models_of(relation.table)):
            yield _finding(snapshot, relation, key)


def _declared(snapshot: Snapshot, relation: Relation) -> bool:
    fields = [snapshot.columns_field(relation.table, column) for column in relation.columns]
    own = [field for field in fields if field and field.relation and field.constrained]
    # A single field that leads elsewhere is told by the constraint that it lacks.
    return bool(own) and (len(fields) == 1 or any(one.related_table == relation.target.name for one in own))


def _finding(snapshot: Snapshot, relation: Relation, key: ForeignKey) -> Finding:
    table, model = relation.table, relation.table.ownership.model
    field = snapshot.columns_field(table, relation.columns[0]) if len(relation.columns) == 1 else None
    cause = drift.cause(snapshot, table, (field.name,) if field else (), *([key.name] if key.name else []))
    acts = key.on_delete in ACTS
    said = _says(field) if field else "No field declares all of its columns."
    own = table.ownership.owner == "project"
    drop, back = sql.drop_foreign_key(snapshot.dialect, table, key)
    return Finding.about(
        table,
        subject=f"Foreign key {relation} is declared by no model",
        detail=f"{said} On delete of the parent the database does: {(key.on_delete or 'unknown').lower()}."
        f"{cause.explanation}",
        identity=(*key.columns, "→", key.target_table),
        severity=Severity.WARNING if acts and own else Severity.DEFAULT,
        written=field,
        group=cause.group,
        evidence=[
            Evidence(f"constraint {key.name}", f"on delete {key.on_delete or 'unknown'}", source="catalog"),
            *cause.evidence(),
        ],
        remedy=Remedy(
            action=EditModel(
                model=model, field=field.name if field else "", change=cause.edit or "declare the foreign key"
            ),
            orm=cause.commands if cause.edit else _declaration(relation, field),
            sql="" if cause.edit else f"-- only if the key is wrong:\n{drop}" if drop else "",
            undo_sql="" if cause.edit else back,
        ),
    )


def _says(field: ModelField) -> str:
    if field.relation:
        return f"The field {field.name} says db_constraint=False."
    return f"The field {field.name} is declared as {field.kind}."


def _declaration(relation: Relation, field: ModelField | None) -> str:
    parent = relation.target.ownership.model or relation.target.label
    if field is None:
        return f"No single field can declare it: it leads to {parent} by {', '.join(relation.columns)}."
    if field.relation:
        return f"{field.name} = models.{field.kind}(...)  # without db_constraint=False"
    name = field.name.removesuffix("_id") or field.name
    to = "" if relation.target_columns == relation.target.primary_key else f", to_field={relation.target_columns[0]!r}"
    null = ", null=True" if field.null else ""
    return (
        f"{name} = models.ForeignKey({parent!r}, models.PROTECT{to}{null}, "
        f"db_column={field.column!r}, db_index={_indexed(relation)})"
    )


def _indexed(relation: Relation) -> bool:
    return any(index.columns[:1] == relation.columns for index in relation.table.indexes)
