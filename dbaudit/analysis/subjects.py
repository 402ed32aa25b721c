"""Which object of the database a remedy is about, so that one object has one recommendation.

An index is what its keys are: its name, operator classes, directions, condition and included columns are what advice
about it may change. So ``gin (data)`` and ``gin (data jsonb_path_ops)`` are one subject, and so are an index that is
to be dropped and the same one that is to be declared.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from dbaudit.facts import Index, IndexKey, Snapshot, Table
from dbaudit.findings import Action, AddConstraint, CreateIndex, DropIndex, EditModel, Finding
from dbaudit.sql import normal_form


@dataclass(frozen=True, slots=True, order=True)
class Subject:
    """One object: its kind, the label of its table (of its model for a field), and what tells it from others there."""

    kind: Literal["index", "foreign key", "constraint", "column", "field"]
    table: str
    what: str


def of_finding(finding: Finding, snapshot: Snapshot) -> Subject | None:
    """What a finding and its remedy are about; None where that is no object of a table (a query, a setting)."""
    found = of_action(finding.remedy.action, snapshot)
    table = snapshot.labelled(finding.table)
    if table is None or (found and found.kind == "index"):
        return found
    named = {*finding.identity}
    for index in _indexes(snapshot, table):
        if {index.describe(), index.name} & named:
            return _index(table.label, index)
    for name in finding.identity:
        if name and table.column(name) and len(finding.identity) == 1:
            return found or Subject("column", table.label, name)
    return found


def of_action(action: Action, snapshot: Snapshot) -> Subject | None:
    """What an action alone says that it is about."""
    match action:
        case CreateIndex():
            found = Subject("index", action.table, _keys(action.method, action.keys))
        case DropIndex():
            found = _named(action, snapshot)
        case AddConstraint(constraint="unique" | "primary key"):
            found = Subject("index", action.table, _keys("", (IndexKey(column=name) for name in action.columns)))
        case AddConstraint(constraint="foreign key"):
            found = Subject("foreign key", action.table, ", ".join(action.columns))
        case AddConstraint():
            found = Subject("constraint", action.table, f"{', '.join(action.columns)}: {action.constraint}")
        case EditModel() if action.field:
            found = Subject("field", action.model, action.field)
        case _:
            return None
    return found


def _named(action: DropIndex, snapshot: Snapshot) -> Subject:
    table = snapshot.labelled(action.table)
    for index in _indexes(snapshot, table) if table else ():
        if index.name == action.name:
            return _index(action.table, index)
    return Subject("index", action.table, action.name)


def _indexes(snapshot: Snapshot, table: Table) -> Iterable[Index]:
    """Those of the table, and those that its models declare."""
    expected = snapshot.expected_table(table.name, table.schema)
    return (*table.indexes, *(expected.indexes if expected else ()))


def _index(table: str, index: Index) -> Subject:
    return Subject("index", table, _keys(index.method, index.keys))


def _keys(method: str, keys: Iterable[IndexKey]) -> str:
    """The keys in their order: columns by name, expressions by what they mean."""
    return f"{method or 'btree'} ({', '.join(key.column.lower() or _meaning(key.expression) for key in keys)})"


def _meaning(expression: str) -> str:
    return repr(normal_form.tree(expression)) if expression else ""
