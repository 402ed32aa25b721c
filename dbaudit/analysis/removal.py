"""How an index is taken away: out of the model that declares it, by SQL, and back."""

from __future__ import annotations

from dbaudit.facts import Declaration, Index, ModelField, Snapshot, Table
from dbaudit.findings import DropIndex, Remedy
from dbaudit.sql import ddl
from dbaudit.sql.equivalence import signature

PATTERN_OPCLASSES = ("text_pattern_ops", "varchar_pattern_ops", "bpchar_pattern_ops")


def declaration(snapshot: Snapshot, table: Table, index: Index) -> Declaration | None:
    """Where a model asks for the index: the one of its name, else one that is the same. None where no model does."""
    expected = snapshot.expected_table(table.name, table.schema)
    if expected is None:
        return None
    named = (one.declared for one in expected.indexes if one.name == index.name)
    alike = (one.declared for one in expected.indexes if signature(one) == signature(index))
    return next(named, None) or next(alike, None)


def declaring_field(snapshot: Snapshot, table: Table, index: Index) -> ModelField | None:
    """The field by whose own option Django made the index, None for one that somebody asked for."""
    declared = declaration(snapshot, table, index)
    if declared is None or declared.by != "field":
        return None
    return snapshot.columns_field(table, index.columns[0])


def is_pattern_companion(snapshot: Snapshot, table: Table, index: Index) -> bool:
    """Whether it is the index that Django adds to an indexed text column for ``startswith`` and ``like``."""
    opclass = index.keys[0].opclass if len(index.keys) == 1 else ""
    return opclass in PATTERN_OPCLASSES and declaring_field(snapshot, table, index) is not None


def _pattern_twins(snapshot: Snapshot, table: Table, index: Index) -> list[Index]:
    """The index for ``startswith`` and ``like`` that Django made beside this one, and drops with it."""
    return [
        one
        for one in table.indexes
        if one is not index and one.columns == index.columns and is_pattern_companion(snapshot, table, one)
    ]


def removal(snapshot: Snapshot, table: Table, index: Index) -> Remedy:
    """Drop the index: the model edit where a model declares it, the statement and its undo."""
    sql = ddl.drop_index(snapshot.dialect, table, index.name)
    undo_sql = ddl.recreate_index(snapshot.dialect, index)
    field = declaring_field(snapshot, table, index)
    model = table.ownership.model or table.label
    if table.ownership.auto_created:
        orm = "Only a `through` model of your own can leave it out."
    elif field and field.owner:
        orm = f"A package puts {field.name} on {model}: no line of the project makes this index."
    elif field and is_pattern_companion(snapshot, table, index):
        orm = (
            f"Django makes it beside every index of a text field: declare {field.name} without "
            f"{'unique' if field.unique else 'db_index'}=True, and in the Meta of {model} "
            + ("a UniqueConstraint." if field.unique else f"models.Index(fields=[{field.name!r}], name=...).")
        )
    elif field:
        orm = f"{field.name} = {field.written}(..., db_index=False)"
        for twin in _pattern_twins(snapshot, table, index):  # Django drops both
            sql = f"{sql}\n{ddl.drop_index(snapshot.dialect, table, twin.name)}"
            undo_sql = f"{undo_sql}\n{ddl.recreate_index(snapshot.dialect, twin)}"
    elif declaration(snapshot, table, index):
        orm = f"Take {index.name!r} out of the Meta of {model} and run makemigrations."
    else:
        orm = f"No model declares {index.name!r}: drop it by SQL, best by RunSQL in a migration."
    return Remedy(
        action=DropIndex(table=table.label, name=index.name, definition=index.definition),
        orm=orm,
        sql=sql,
        undo_sql=undo_sql,
    )
