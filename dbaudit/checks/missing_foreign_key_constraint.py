from __future__ import annotations

from collections.abc import Iterator

from dbaudit.analysis.relations import Relation, relations
from dbaudit.facts import ModelField, Snapshot
from dbaudit.findings import AddConstraint, EditModel, Evidence, Finding, LeaveAsIs, Remedy, Severity
from dbaudit.registry import check
from dbaudit.sql import ddl, names

CHOSEN = "Declared with db_constraint=False: nothing in the database keeps these references true"
ON_PURPOSE = "DO_NOTHING and db_constraint=False together keep rows whose target is gone, as a history does."
HISTORY = "History keeps references to rows that may be gone, so they have no constraint on purpose"


@check(severity="warning", needs=["schema", "models"])
def missing_foreign_key_constraint(snapshot: Snapshot) -> Iterator[Finding]:
    """A model's foreign key has no constraint in the database.

    Why: Whatever goes past Django (SQL by hand, bulk loads, ``_raw_delete``, two transactions at the same time) leaves
    rows that refer to nothing, and Django then fails with ``DoesNotExist`` where nobody expects it.

    Fix: Where the model wants a constraint, add the one that is gone; PostgreSQL does it in two steps of which none
    blocks writers. Where the model says ``db_constraint=False``, ask whether the reason still holds.

    Silent when: The database has the constraint, perhaps within a composite key or towards the same table under any
    name; the model is unmanaged, routed to another database, or refers to one that is; a table or column does not
    exist, or the target is a view. ``db_constraint=False`` is a choice: a remark, in one group, and where it also says
    ``DO_NOTHING``, as histories do, in a group of its own and without a remedy.
    """
    for relation in relations(snapshot):
        if relation.constraint is None and relation.field:
            yield _finding(snapshot, relation, relation.field)


def _finding(snapshot: Snapshot, relation: Relation, field: ModelField) -> Finding:
    table = relation.table
    [column] = relation.columns
    name = names.foreign_key_name(table.name, relation.columns)
    elsewhere = [key for key in table.foreign_keys if key.columns == relation.columns]
    if not field.constrained:
        group = HISTORY if relation.outlived else CHOSEN
        detail = "The model says db_constraint=False."
    else:
        group = ""
        detail = (
            f"The database's constraint on the column leads to {elsewhere[0].target_table}."
            if elsewhere
            else "The model wants one; the database has none on this column."
        )
    add = ddl.add_foreign_key(snapshot.dialect, table, name, relation.columns, relation.target, relation.target_columns)
    drop = ddl.drop_constraint(snapshot.dialect, table, name) if add else ""
    if add:
        add = "\n".join([*(ddl.drop_constraint(snapshot.dialect, table, key.name) for key in elsewhere), add])
    return Finding.about(
        table,
        subject=f"Foreign key {relation} has no constraint",
        detail=detail,
        identity=(column,),
        severity=Severity.INFO if not field.constrained else Severity.DEFAULT,
        written=field,
        group=group,
        evidence=[
            Evidence("db_constraint", str(field.constrained), source=f"{table.ownership.model}.{field.name}"),
            Evidence("on_delete", field.on_delete, source=f"{table.ownership.model}.{field.name}"),
            *(Evidence("constraint on the column", f"{key.name} → {key.target_table}") for key in elsewhere),
        ],
        remedy=Remedy(action=LeaveAsIs(why=ON_PURPOSE))
        if relation.outlived
        else Remedy(
            action=AddConstraint(table=table.label, columns=relation.columns, constraint="foreign key"),
            orm="No migration sees it: put the SQL into a RunSQL operation, or alter the field to "
            "db_constraint=False and back in two migrations.",
            sql=add,
            undo_sql=drop,
        )
        if field.constrained
        else Remedy(
            action=EditModel(model=table.ownership.model, field=field.name, change="db_constraint=True"),
            orm=f"{field.name} = {field.written}(...)  # without db_constraint=False",
            sql=add,
            undo_sql=drop,
        ),
    )
