"""Measured lookups that no index serves: because of how the index is spelled, or because none could."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, Literal, NamedTuple

from dbaudit.analysis import measured
from dbaudit.facts import Index, PlanNode, QueryRun, Snapshot, Statement, Table

#: Below so many rows reading all of them costs about as much as an index.
MIN_ROWS: Final = 1_000
#: Rows of a table from which a scan of it is worth telling.
BIG: Final = 5_000

Case = Literal["upper", "lower"]
Impossible = Literal["search inside", "comparison in upper case"]

_CAST = r"(?:::(?:text|character varying))?"
_JSON_CONTAINS = re.compile(r'"(\w+)"\."(\w+)" @>')
_CASED = re.compile(rf'\b(UPPER|LOWER)\("(\w+)"\."(\w+)"{_CAST}\){_CAST}\s*(=|LIKE|IN)\s', re.IGNORECASE)
_DATE = re.compile(r'\("(\w+)"\."(\w+)"(?: AT TIME ZONE \?)?\)::date\s*(?:=|<|>|BETWEEN)', re.IGNORECASE)
_SQLITE_DATE = re.compile(r'django_datetime_cast_date\("(\w+)"\."(\w+)"', re.IGNORECASE)
_INDEXED = re.compile(r"^(upper|lower)\(\(*[\"`]?(\w+)[\"`]?\)*" + _CAST + r"\)*$", re.IGNORECASE)
#: A column before LIKE, or before = where both sides are made upper case (`iexact` on PostgreSQL).
_COLUMN = r'(?:UPPER\()?(?:"[^"]+"\.)?"(?P<column>[^"]+)"(?:::\w+)?\)?'
_LIKE = re.compile(rf"{_COLUMN} LIKE ", re.IGNORECASE)
_IEXACT = re.compile(r'UPPER\((?:"[^"]+"\.)?"(?P<column>[^"]+)"(?:::\w+)?\) = UPPER\(', re.IGNORECASE)


class Miss(NamedTuple):
    """A lookup by a column that an index on the same column does not serve. ``case`` is what the lookup compiles to,
    ``pattern`` says that it is a ``LIKE``."""

    run: QueryRun
    statement: Statement
    table: Table
    kind: Literal["case", "json", "date"]
    column: str
    beside: Index | None = None
    case: Case = "upper"
    pattern: bool = False


class NoIndex(NamedTuple):
    """A lookup that reads a whole large table, as no plain index of the column could serve it."""

    run: QueryRun
    statement: Statement
    table: Table
    what: Impossible
    column: str


def misses(snapshot: Snapshot) -> Iterator[Miss]:
    """Lookups beside an index in another spelling. A search inside a text is left to `impossible`: no spelling of a
    b-tree would serve it."""
    inside = {(one.table.label, one.column) for one in _impossible(snapshot) if one.what == "search inside"}
    for one in _misses(snapshot):
        if not (one.pattern and (one.table.label, one.column) in inside):
            yield one


def impossible(snapshot: Snapshot) -> Iterator[NoIndex]:
    """Lookups that read a large table. Where an index only has to be spelled otherwise, that is one of `misses`."""
    spelled = {(one.table.label, one.column) for one in _misses(snapshot) if one.kind == "case" and not one.pattern}
    for one in _impossible(snapshot):
        if not (one.what == "comparison in upper case" and (one.table.label, one.column) in spelled):
            yield one


# -- an index that is spelled in another way -----------------------------------------------------------------------


def _misses(snapshot: Snapshot) -> Iterator[Miss]:
    asked = _asked(snapshot)
    for run in measured.runs(snapshot):
        for one in run.statements:
            yield from _missed(snapshot, run, one, asked)


def _asked(snapshot: Snapshot) -> frozenset[tuple[str, str, str]]:
    """The spellings that the measured statements ask for: (case, alias of the table, column)."""
    return frozenset(
        (case.lower(), table, column)
        for run in measured.runs(snapshot)
        for one in run.statements
        for case, table, column, _ in _CASED.findall(one.template)
    )


def _missed(
    snapshot: Snapshot, run: QueryRun, one: Statement, asked: frozenset[tuple[str, str, str]]
) -> Iterator[Miss]:
    parts = [name.rpartition(".") for name in one.tables]
    found = {name: snapshot.table(name, schema) for schema, _, name in parts}
    large = {name: table for name, table in found.items() if table and (table.rows or 0) >= MIN_ROWS}
    for word, name, column, operator in _CASED.findall(one.template):
        case: Case = "upper" if word.lower() == "upper" else "lower"
        other: Case = "lower" if case == "upper" else "upper"
        if name not in large or (other, name, column) in asked or _spelled(large[name], case, column):
            continue
        if index := _spelled(large[name], other, column):
            yield Miss(run, one, large[name], "case", column, index, case, operator.upper() == "LIKE")
    for name, column in _JSON_CONTAINS.findall(one.template):
        if name in large and not _contained(large[name], column):
            yield Miss(run, one, large[name], "json", column)
    for name, column in (*_DATE.findall(one.template), *_SQLITE_DATE.findall(_where(one.template))):
        if name in large and not _dated(large[name], column) and (index := _plain(large[name], column)):
            yield Miss(run, one, large[name], "date", column, index)


def _where(template: str) -> str:
    return template.partition(" WHERE ")[2]


def _spelled(table: Table, case: Case, column: str) -> Index | None:
    """An index that is led by the column in that case."""
    for index in table.indexes:
        match = _INDEXED.match(index.keys[0].expression.strip()) if index.usable and index.keys else None
        if match and match[1].lower() == case and match[2].lower() == column.lower():
            return index
    return None


def _contained(table: Table, column: str) -> bool:
    return any(index.method == "gin" and index.usable and column in index.columns for index in table.indexes)


def _plain(table: Table, column: str) -> Index | None:
    usable = (one for one in table.indexes if one.usable and one.method == "btree" and one.columns[:1] == (column,))
    return next(usable, None)


def _dated(table: Table, column: str) -> bool:
    return any("date" in one.lower() and column in one for index in table.indexes for one in index.expressions)


# -- a lookup that no plain index could serve ----------------------------------------------------------------------


def _impossible(snapshot: Snapshot) -> Iterator[NoIndex]:
    for run in measured.runs(snapshot):
        for one in {one.fingerprint: one for one in run.statements}.values():
            found, plan = _lookup(one), run.plan(one.fingerprint)
            for node in plan.nodes if found and plan else ():
                table = _large(snapshot, node, one)
                if found and table and table.column(found[1]):
                    yield NoIndex(run, one, table, *found)


def _lookup(one: Statement) -> tuple[Impossible, str] | None:
    """What is compared how: ``("search inside", column)``."""
    values = one.parameters.values if one.parameters is not None else None
    if one.kind != "select" or not values:
        return None
    like = _LIKE.search(one.template)
    given = values.values() if isinstance(values, dict) else values
    if like is not None and any(isinstance(value, str) and value.startswith("%") for value in given):
        return "search inside", like["column"]
    exact = _IEXACT.search(one.template)
    return ("comparison in upper case", exact["column"]) if exact is not None else None


def _large(snapshot: Snapshot, node: PlanNode, one: Statement) -> Table | None:
    if node.access != "scan":
        return None
    named = next((name for name in one.tables if name.rpartition(".")[2] == node.table), node.table)
    schema, _, name = named.rpartition(".")
    table = snapshot.table(name, schema)
    return table if table is not None and (table.rows or 0) >= BIG else None
