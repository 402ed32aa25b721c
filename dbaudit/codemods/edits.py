"""Which edits of models bring them level with the indexes that were built and dropped. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from dbaudit.advisor import forms
from dbaudit.analysis.removal import declaration, is_pattern_companion
from dbaudit.apply.steps import Done
from dbaudit.facts import Index, Snapshot, Table
from dbaudit.findings import CreateIndex
from dbaudit.sql.entry import Entry, entry
from dbaudit.sql.orm import UntranslatableError


@dataclass(frozen=True, slots=True, kw_only=True)
class AddToMeta:
    """An entry for ``Meta.indexes``: Python, with the imports that it needs."""

    model: str
    name: str
    entry: Entry


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveFromMeta:
    """An entry of ``Meta.indexes`` that goes, by the index's name."""

    model: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NoIndexOfField:
    """A field that asks for no index any more."""

    model: str
    field: str


Edit = AddToMeta | RemoveFromMeta | NoIndexOfField


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreign:
    """An index of a table whose model is not the project's: a migration elsewhere builds it."""

    model: str
    entry: Entry


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """An index for which no edit is written, and why, in one sentence."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Needed:
    """What models and migrations lack."""

    edits: tuple[Edit, ...] = ()
    foreign: tuple[Foreign, ...] = ()
    refused: tuple[Refused, ...] = ()


def needed(snapshot: Snapshot, done: Iterable[Done]) -> Needed:
    """What they lack after these steps, by a snapshot of the database as it is now."""
    found = [_built(snapshot, one) if one.step.action == "create" else _dropped(snapshot, one) for one in done]
    return Needed(
        edits=tuple(one for one in found if isinstance(one, Edit)),
        foreign=tuple(one for one in found if isinstance(one, Foreign)),
        refused=tuple(one for one in found if isinstance(one, Refused)),
    )


def _built(snapshot: Snapshot, done: Done) -> Edit | Foreign | Refused | None:
    table = snapshot.table(done.step.table, done.step.schema)
    index = next((one for one in table.indexes if one.name == done.index), None) if table else None
    if table is None or index is None:
        return Refused(name=done.index, reason=f"{done.index} is not to be seen in the database.")
    if declaration(snapshot, table, index):
        return None
    wanted = recorded(table, index, done.step.definition.name)
    model = forms.holder(snapshot, table)
    try:
        if model:
            return AddToMeta(model=model.label, name=wanted.name, entry=entry(snapshot, table, wanted))
        if table.ownership.model and not table.ownership.auto_created:
            return Foreign(model=table.ownership.model, entry=entry(snapshot, table, wanted))
    except UntranslatableError as error:
        return Refused(name=wanted.name, reason=f"{error} Put its SQL into a migration by RunSQL.")
    return Refused(name=wanted.name, reason=f"No model that could declare it has the table {table.label}.")


def _dropped(snapshot: Snapshot, done: Done) -> Edit | Refused | None:
    """The model still declares the index, so it is among those expected."""
    name = done.step.definition.name
    table = snapshot.table(done.step.table, done.step.schema)
    expected = next(
        (
            (each, index)
            for each in snapshot.expected or ()
            if table and (each.schema, each.name) == (table.schema, table.name)
            for index in each.indexes
            if index.name == name
        ),
        None,
    )
    if table is None or expected is None or expected[1].declared is None:
        return None
    declared = expected[1].declared
    if table.ownership.owner != "project":
        return Refused(name=name, reason=f"{declared.model} declares it, which is not the project's to edit.")
    if declared.by == "indexes":
        return RemoveFromMeta(model=declared.model, name=name)
    if declared.by == "field" and not is_pattern_companion(snapshot, table, expected[1]):
        return NoIndexOfField(model=declared.model, field=declared.fields[0])
    return Refused(
        name=name, reason=f"{declared.model} asks for it by {declared.by.replace('_', ' ')}: edit it by hand."
    )


def recorded(table: Table, index: Index, name: str) -> CreateIndex:
    """An index that stands, as a remedy has it, under the name that it is to have."""
    return CreateIndex(
        table=table.label,
        keys=index.keys,
        name=name,
        include=index.included,
        condition=index.predicate,
        method="" if index.method == "btree" else index.method,
        unique=index.unique,
    )
