"""Values to try a statement with besides those that it was seen with.

A lookup of what is rare tells nothing of one of what is common, and a demonstration may ask for what it has none of.
A second value also keeps the first from being taken for a constant of the statement.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from sqlglot import exp

from dbaudit.advisor.candidate import Asked, UnplannableError
from dbaudit.advisor.parsing import parse
from dbaudit.facts import Parameters, Snapshot, Table

#: Asks the database for one row of a statement with values; None where it has none or refuses.
Ask = Callable[[str, list[Any]], tuple[Any, ...] | None]


@dataclass(frozen=True, slots=True)
class Lookup:
    """Columns of one occurrence of a table that a statement compares with values; the places of those among its
    parameters."""

    table: Table
    columns: tuple[str, ...]
    places: tuple[int, ...]


def with_another(asked: Asked, snapshot: Snapshot, ask: Ask) -> Asked:
    """The statement with one more sample, in which each lookup asks for other values that rows have together: of all
    that differ in each of them, those of middling frequency.

    ``ask`` is given SQL that counts the rows of a table: only for copies of a bounded size.
    """
    if not asked.samples or not isinstance(asked.samples[0].values, list | tuple):
        return asked
    values = list(asked.samples[0].values)
    for lookup in lookups(asked, snapshot):
        found = ask(_middling(lookup, snapshot), [values[place] for place in lookup.places])
        for place, value in zip(lookup.places, found or (), strict=False):
            values[place] = value
    known = [list(one.values) for one in asked.samples if isinstance(one.values, list | tuple)]
    return asked if values in known else replace(asked, samples=(*asked.samples, Parameters(tuple(values))))


def lookups(asked: Asked, snapshot: Snapshot) -> Iterator[Lookup]:
    """What the statement looks up by values, one row's worth at a time; unique keys find one row whatever is asked."""
    try:
        tree = parse(asked, snapshot.vendor).tree
    except UnplannableError:
        return
    tables = {one.alias_or_name: snapshot.table(one.name, one.db) for one in tree.find_all(exp.Table)}
    found: dict[str, dict[str, int]] = {}
    for equality in tree.find_all(exp.EQ):
        for column, value in ((equality.this, equality.expression), (equality.expression, equality.this)):
            if isinstance(column, exp.Column) and isinstance(value, exp.Placeholder):
                place = value.name.rpartition("_")[2]
                if place.isdigit():
                    found.setdefault(column.table, {}).setdefault(column.name, int(place))
    for name, columns in sorted(found.items()):
        table = tables.get(name)
        if table is not None and all(table.column(column) for column in columns) and not _unique(table, {*columns}):
            yield Lookup(table, tuple(columns), tuple(columns.values()))


def _unique(table: Table, columns: set[str]) -> bool:
    keys = [{*table.primary_key}, *({*index.columns} for index in table.indexes if index.unique and index.plain)]
    return any(key and "" not in key and key <= columns for key in keys)


def _middling(lookup: Lookup, snapshot: Snapshot) -> str:
    quoted = [snapshot.dialect.quote(column).replace("%", "%%") for column in lookup.columns]
    columns, others = ", ".join(quoted), " AND ".join(f"{column} <> %s" for column in quoted)
    table = snapshot.dialect.quote(lookup.table.schema, lookup.table.name).replace("%", "%%")
    groups = (
        f"SELECT {columns}, row_number() OVER (ORDER BY count(*), {columns}) AS place, count(*) OVER () AS groups "
        f"FROM {table} WHERE {others} GROUP BY {columns}"
    )
    return f"SELECT {columns} FROM ({groups}) AS found WHERE place = (groups + 1) / 2"
