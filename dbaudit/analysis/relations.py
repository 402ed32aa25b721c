"""Which columns refer to which: by a foreign key of the database, by a field of a model, or by both."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from dbaudit.facts import ForeignKey, Model, ModelField, Snapshot, Table

_KEPT: Final = "_relations"


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """A reference. ``field`` is None where no model declares it, ``constraint`` where the database has none."""

    table: Table
    columns: tuple[str, ...]
    target: Table
    target_columns: tuple[str, ...]
    field: ModelField | None = None
    constraint: ForeignKey | None = None

    @property
    def held(self) -> bool:
        """Whether the database has made sure that every row refers to one that exists."""
        key = self.constraint
        return key is not None and key.validated is not False and key.enforced is not False

    @property
    def outlived(self) -> bool:
        """Whether the model means its rows to outlive those they refer to, as histories do."""
        return self.field is not None and not self.field.constrained and self.field.on_delete == "DO_NOTHING"

    def __str__(self) -> str:
        return f"{self.table.label}.{', '.join(self.columns)} → {self.target.label}.{', '.join(self.target_columns)}"


def relations(snapshot: Snapshot) -> tuple[Relation, ...]:
    """Every reference between stored tables of this database, both columns of which it has.

    Fields of models that the database is not meant to store (unmanaged, routed elsewhere) count only by their
    constraints. The result is kept with the snapshot, because several checks ask for it.
    """
    kept = vars(snapshot)
    if _KEPT not in kept:
        kept[_KEPT] = tuple(_relations(snapshot))
    return kept[_KEPT]  # type: ignore[no-any-return]


def _relations(snapshot: Snapshot) -> Iterator[Relation]:
    models = {model.label: model for model in snapshot.models}
    for table in snapshot.stored_tables():
        for key in table.foreign_keys:
            target = snapshot.table(key.target_table, key.target_schema)
            if target and target.stores_rows and key.target_columns:
                field = snapshot.columns_field(table, key.columns[0]) if len(key.columns) == 1 else None
                yield Relation(
                    table=table,
                    columns=key.columns,
                    target=target,
                    target_columns=key.target_columns,
                    field=field,
                    constraint=key,
                )
        for model in snapshot.models_of(table):
            if model.stored:
                yield from _unconstrained(snapshot, models, table, model)


def _unconstrained(snapshot: Snapshot, models: dict[str, Model], table: Table, model: Model) -> Iterator[Relation]:
    """The references of a model for which the database has no constraint."""
    for field in model.fields:
        related = models.get(field.related_model)
        if not field.relation or related is None or not related.routed or len(field.related_columns) != 1:
            continue
        target = snapshot.table(related.table, related.schema)
        if target is None or not target.stores_rows:
            continue
        [column] = field.related_columns
        known = table.column(field.column) and target.column(column)
        if known and not any(constrains(key, field.column, target, column) for key in table.foreign_keys):
            yield Relation(table=table, columns=(field.column,), target=target, target_columns=(column,), field=field)


def constrains(key: ForeignKey, column: str, target: Table, target_column: str) -> bool:
    """Whether a foreign key, perhaps with further columns, ties this column to that one."""
    if (key.target_schema, key.target_table) != (target.schema, target.name) or column not in key.columns:
        return False
    # The generic reader does not see where a composite key points.
    return not key.target_columns or (column, target_column) in zip(key.columns, key.target_columns, strict=False)
