"""The database as it will be when a plan is carried out. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from dbaudit.apply import wording
from dbaudit.apply.steps import Done, Step
from dbaudit.facts import Index, Snapshot, Table
from dbaudit.facts.dialect import Dialect
from dbaudit.sql.normal_form import statements


def foreseen(snapshot: Snapshot, steps: Iterable[Step]) -> Snapshot:
    """The snapshot with the indexes that the steps build and without those that they drop."""
    tables = {(table.schema, table.name): table for table in snapshot.tables}
    for step in steps:
        table = snapshot.table(step.table, step.schema)
        if table is not None:
            key = (table.schema, table.name)
            tables[key] = _after(tables[key], step)
    return replace(snapshot, tables=tuple(tables.values()))


def succeeded(steps: Iterable[Step]) -> tuple[Done, ...]:
    """What the steps say once all of them have succeeded."""
    return tuple(
        Done(step=step, outcome="built" if step.action == "create" else "dropped", index=step.definition.name)
        for step in steps
    )


def index_of(step: Step) -> Index | None:
    """The index that a step builds or drops, as far as the words of its statement tell; None where they do not."""
    statement = wording.create(Dialect(""), step.definition, Dialect("").quote(step.table))
    try:
        return statements.index(statement, step.table)
    except ValueError:
        return None


def _after(table: Table, step: Step) -> Table:
    others = tuple(index for index in table.indexes if index.name != step.definition.name)
    index = index_of(step) if step.action == "create" else None
    return replace(table, indexes=(*others, index) if index else others)
