"""Which part of a table's rows a condition lets through, from the statistics of its columns."""

from __future__ import annotations

from dbaudit.facts import Column, Table
from dbaudit.sql import normal_form

#: A condition that the statistics say nothing of.
UNKNOWN_SHARE = 0.5


def condition_share(table: Table, condition: str) -> float:
    """A share from 0 to 1; the parts of an AND are taken for independent of each other."""
    if not condition:
        return 1.0
    tree = normal_form.condition(condition, table.types)
    share = 1.0
    for term in tree[1:] if tree[0] == "and" else (tree,):
        share *= _share(table, term)
    return share


def _share(table: Table, term: object) -> float:
    match term:
        case ("is", ("null",), ("column", str(name))) | ("is", ("column", str(name)), ("null",)):
            return _null(table, name, otherwise=UNKNOWN_SHARE)
        case ("is not", ("null",), ("column", str(name))) | ("is not", ("column", str(name)), ("null",)):
            return 1 - _null(table, name, otherwise=UNKNOWN_SHARE)
        case _:
            return _by_frequency(table, term)


def _column(table: Table, name: str) -> Column | None:
    return next((one for one in table.columns if one.name.lower() == name), None)


def _null(table: Table, name: str, *, otherwise: float) -> float:
    column = _column(table, name)
    seen = column.statistics if column else None
    return otherwise if seen is None or seen.null_fraction is None else seen.null_fraction


def _by_frequency(table: Table, term: object) -> float:
    """A value of a column of few values: their number tells how many rows have one on average."""
    names = _names(term)
    column = _column(table, names[0]) if len(names) == 1 else None
    seen = column.statistics if column else None
    if seen is None or not seen.distinct:
        return UNKNOWN_SHARE
    return 1 / max(1.0, seen.distinct)


def _names(term: object) -> list[str]:
    if isinstance(term, tuple):
        if len(term) == 2 and term[0] == "column" and isinstance(term[1], str):
            return [term[1]]
        return [name for part in term for name in _names(part)]
    return []
