"""Which edits of models bring them level with the indexes that were built and dropped. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from dbaudit.advisor import forms
from dbaudit.analysis.removal import declaration, is_pattern_companion
from dbaudit.apply.foreseen import index_of
from dbaudit.apply.steps import Done
from dbaudit.facts import Index, Snapshot, Table
from dbaudit.findings import CreateIndex
from dbaudit.sql.entry import Entry, entry
from dbaudit.sql.equivalence import knowable, signature
from dbaudit.sql.orm import UntranslatableError


@dataclass(frozen=True, slots=True, kw_only=True)
class AddToMeta:
    """An entry for ``Meta.indexes``: Python, with the imports that it needs. ``index`` is its name in the database."""

    model: str
    index: str
    entry: Entry


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveFromMeta:
    """An entry of ``Meta.indexes`` that goes: by its name, or by its fields where Django names it itself."""

    model: str
    index: str
    name: str
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NoIndexOfField:
    """A field that asks for no index any more."""

    model: str
    index: str
    field: str


Edit = AddToMeta | RemoveFromMeta | NoIndexOfField


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreign:
    """An index of a table whose model is not the project's: a migration elsewhere builds it."""

    model: str
    name: str
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
            return AddToMeta(model=model.label, index=wanted.name, entry=entry(snapshot, table, wanted))
        if table.ownership.model and not table.ownership.auto_created:
            return Foreign(model=table.ownership.model, name=wanted.name, entry=entry(snapshot, table, wanted))
    except UntranslatableError as error:
        return Refused(name=wanted.name, reason=f"{error} Put its SQL into a migration by RunSQL.")
    return Refused(name=wanted.name, reason=f"No model that could declare it has the table {table.label}.")


def _dropped(snapshot: Snapshot, done: Done) -> Edit | Refused | None:
    """The model still declares the index, so it is among those expected."""
    name = done.step.definition.name
    table = snapshot.table(done.step.table, done.step.schema)
    expected = _declared(snapshot, table, done) if table else None
    if table is None or expected is None or expected.declared is None:
        return None
    declared = expected.declared
    if table.ownership.owner != "project":
        return Refused(name=name, reason=f"{declared.model} declares it, which is not the project's to edit.")
    if declared.by == "indexes":
        return RemoveFromMeta(model=declared.model, index=name, name=expected.name, fields=declared.fields)
    if declared.by == "field" and not is_pattern_companion(snapshot, table, expected):
        twins = [index.name for index in table.indexes if _goes_with(snapshot, table, index, expected)]
        if twins:
            reason = (
                f"db_index=False on {declared.model}.{declared.fields[0]} would also take {', '.join(twins)}, which"
            )
            return Refused(name=name, reason=f"{reason} serves LIKE and is not redundant.")
        return NoIndexOfField(model=declared.model, index=name, field=declared.fields[0])
    return Refused(
        name=name, reason=f"{declared.model} asks for it by {declared.by.replace('_', ' ')}: edit it by hand."
    )


def _declared(snapshot: Snapshot, table: Table, done: Done) -> Index | None:
    """The index that a model declares and that was dropped: one of the same meaning, whatever its name.

    The database's name may be that of a renamed model or of an older Django. Of several that mean the same, the one of
    the same name is meant, then one that no other index of the table is named after.
    """
    expected = snapshot.expected_table(table.name, table.schema)
    dropped = index_of(done.step)
    alike = [one for one in expected.indexes if _same(one, dropped)] if expected and dropped else []
    named = [one for one in expected.indexes if one.name == done.step.definition.name] if expected else []
    others = {one.name for one in table.indexes}
    alike.sort(key=lambda one: (one.name != done.step.definition.name, one.name in others))
    return next(iter((*alike, *named)), None)


def _goes_with(snapshot: Snapshot, table: Table, index: Index, expected: Index) -> bool:
    """Whether Django makes this index for LIKE beside the other, and so drops it with that."""
    return index.columns == expected.columns and is_pattern_companion(snapshot, table, index)


def _same(declared: Index, dropped: Index) -> bool:
    return knowable(declared) and signature(declared) == signature(dropped)


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
