"""Foreign keys as the models declare them and as the database has them, merged into one list."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from dbaudit.analysis import inventory
from dbaudit.facts import ForeignKey, Model, ModelField, Snapshot, Table

_Link = tuple[str, str, tuple[str, ...], str]  # schema, table, columns, target table


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """One foreign key. ``model`` and ``field`` are None where only the database has it, ``constraint`` where only the
    model has; ``holder`` is the table whose columns refer, None where the database lacks it."""

    schema: str
    table: str
    columns: tuple[str, ...]
    target_schema: str
    target_table: str
    target_columns: tuple[str, ...]
    holder: Table | None
    model: Model | None = None
    field: ModelField | None = None
    constraint: ForeignKey | None = None


def merged(snapshot: Snapshot) -> tuple[Reference, ...]:
    """Every foreign key of the snapshot's models and tables, in order of table, columns, target and name.

    A relation field goes with the first constraint (by name) of its column and target table; constraints that repeat
    it, or that no field declares, stand alone. Through models that Django makes count too: their tables have some.
    """
    constraints: defaultdict[_Link, list[ForeignKey]] = defaultdict(list)
    for table in snapshot.tables:
        for constraint in sorted(table.foreign_keys, key=lambda one: one.name):
            constraints[table.schema, table.name, constraint.columns, constraint.target_table].append(constraint)
    found = []
    declared = set()
    models = [one for one in snapshot.models if not one.proxy and not one.swapped]
    for model, field in inventory.relation_fields(models):
        link: _Link = (model.schema, model.table, (field.column,), field.related_table)
        declared.add(link)
        found.append(_declared(snapshot, model, field, next(iter(constraints.get(link, ())), None)))
    for where, several in constraints.items():
        alone = several[1:] if where in declared else several
        found.extend(_undeclared(snapshot, where[0], constraint) for constraint in alone)
    return tuple(sorted(found, key=_order))


def enforced(snapshot: Snapshot) -> int:
    """How many relation fields of the counted models the database guards with a constraint."""
    return sum(
        reference.constraint is not None and reference.model is not None and not reference.model.auto_created
        for reference in merged(snapshot)
    )


def _declared(snapshot: Snapshot, model: Model, field: ModelField, constraint: ForeignKey | None) -> Reference:
    return Reference(
        schema=model.schema,
        table=model.table,
        columns=(field.column,),
        target_schema=constraint.target_schema if constraint else "",
        target_table=field.related_table,
        target_columns=constraint.target_columns if constraint else field.related_columns,
        holder=snapshot.table(model.table, model.schema),
        model=model,
        field=field,
        constraint=constraint,
    )


def _undeclared(snapshot: Snapshot, schema: str, constraint: ForeignKey) -> Reference:
    return Reference(
        schema=schema,
        table=constraint.table,
        columns=constraint.columns,
        target_schema=constraint.target_schema,
        target_table=constraint.target_table,
        target_columns=constraint.target_columns,
        holder=snapshot.table(constraint.table, schema),
        constraint=constraint,
    )


def _order(reference: Reference) -> tuple[str, str, tuple[str, ...], str, str, str]:
    name = reference.constraint.name if reference.constraint else ""
    model = reference.model.label if reference.model else ""
    return (reference.schema, reference.table, reference.columns, reference.target_table, name, model)
