"""What the fields of a model let in and no check constraint keeps so."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from itertools import groupby
from typing import NamedTuple

from dbaudit.facts import Constraint, Limit, Model, Snapshot, Table
from dbaudit.sql import normal_form
from dbaudit.sql.normal_form import NO_TYPES, Types, statements


class Unkept(NamedTuple):
    """A column with the limits that are known to forms and ``full_clean()`` alone."""

    table: Table
    model: Model
    column: str
    limits: tuple[Limit, ...]

    @property
    def condition(self) -> str:
        """All of them in this database's SQL."""
        return " AND ".join(one.condition for one in self.limits)


def unkept(snapshot: Snapshot) -> Iterator[Unkept]:
    """All of them, in order of the models and their fields."""
    declared = {(one.schema, one.name): one.constraints for one in snapshot.expected or ()}
    for model in snapshot.models:
        table = snapshot.table(model.table, model.schema)
        if table is None or not table.stores_rows or not model.limits:
            continue
        # What is declared and not in the database is missing: `missing_constraint`.
        checks = (*table.constraints, *declared.get((table.schema, table.name), ()))
        for column, limits in groupby(model.limits, lambda one: one.column):
            open_limits = _not_in([one for one in checks if one.kind == "check"], column, tuple(limits))
            if open_limits and table.column(column):
                yield Unkept(table, model, column, open_limits)


def _not_in(checks: Iterable[Constraint], column: str, limits: tuple[Limit, ...]) -> tuple[Limit, ...]:
    """The limits that no check has; none where somebody wrote a check of that column: they chose what it keeps."""
    by_itself = frozenset({("operation", ">=", ("column", column.lower()), ("number", "0"))})  # a positive field's
    kept: set[Hashable] = set()
    for constraint in checks:
        parts = _parts(statements.check(constraint.definition), constraint.types)
        if {*constraint.columns} == {column} and parts != by_itself:
            return ()
        kept |= parts
    return tuple(one for one in limits if not _parts(one.condition) <= kept)


def _parts(condition: str, types: Types = NO_TYPES) -> frozenset[Hashable]:
    """What a condition joins by AND."""
    found = normal_form.condition(condition, types)
    return frozenset(found[1:] if found[0] == "and" else (found,))
