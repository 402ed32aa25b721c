"""Measured lookups that no index serves: because of how the index is spelled, or because none could."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final, Literal, NamedTuple

from dbaudit.analysis import measured
from dbaudit.facts import Index, Plan, PlanNode, QueryRun, Snapshot, Statement, Table
from dbaudit.sql.operator_classes import OperatorClass, classes_for
from dbaudit.sql.types import family

#: Below so many rows reading all of them costs about as much as an index.
MIN_ROWS: Final = 1_000
#: Rows of a table from which a scan of it is worth telling.
BIG: Final = 5_000

Case = Literal["upper", "lower"]
Impossible = Literal["search inside", "comparison in upper case"]

_CAST = r"(?:::(?:text|character varying))?"
_CONTAINS = re.compile(r'"(\w+)"\."(\w+)" @>')
#: A part of a JSON document that is compared with a value: ``("doc"."data" -> %s) = ...``.
_JSON_PART = re.compile(r'\("(\w+)"\."(\w+)" (->|#>) %s\) = ')
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
    ``pattern`` says that it is a ``LIKE``. ``path`` are the keys that lead to a part of a JSON document."""

    run: QueryRun
    statement: Statement
    table: Table
    kind: Literal["case", "contains", "part", "date", "inside"]
    column: str
    beside: Index | None = None
    case: Case = "upper"
    pattern: bool = False
    path: tuple[str, ...] = ()


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
        if one.kind != "case" or not (one.pattern and (one.table.label, one.column) in inside):
            yield one


def impossible(snapshot: Snapshot) -> Iterator[NoIndex]:
    """Lookups that read a large table. Where an index only has to be spelled otherwise, that is one of `misses`."""
    missed = [*_misses(snapshot)]
    spelled = {(one.table.label, one.column) for one in missed if one.kind == "case" and not one.pattern}
    beside = {(one.table.label, one.column) for one in missed if one.kind == "inside"}
    for one in _impossible(snapshot):
        there = spelled if one.what == "comparison in upper case" else beside
        if (one.table.label, one.column) not in there:
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
    plan = run.plan(one.fingerprint)
    large = {
        name: table
        for name, table in found.items()
        if table and (table.rows or 0) >= MIN_ROWS and not _is_served(plan, table)
    }
    for word, name, column, operator in _CASED.findall(one.template):
        case: Case = "upper" if word.lower() == "upper" else "lower"
        other: Case = "lower" if case == "upper" else "upper"
        if name not in large or (other, name, column) in asked or _spelled(large[name], case, column):
            continue
        if index := _spelled(large[name], other, column):
            yield Miss(run, one, large[name], "case", column, index, case, operator.upper() == "LIKE")
        if word.upper() == "UPPER" and operator.upper() == "LIKE" and (index := _trigrams(large[name], column)):
            yield Miss(run, one, large[name], "inside", column, index, case, pattern=True)
    for name, column in _CONTAINS.findall(one.template):
        if name in large and not _contained(large[name], column):
            yield Miss(run, one, large[name], "contains", column)
    for match in _JSON_PART.finditer(one.sql):
        name, column = match[1], match[2]
        path = _path(one, one.sql[: match.start(3)].count("%s"))
        if name in large and path and (index := _inverted(large[name], column)):
            yield Miss(run, one, large[name], "part", column, index, path=path)
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


def _is_served(plan: Plan | None, table: Table) -> bool:
    """Whether the statement was planned and reads no more of the table than an index leads it to."""
    nodes = [node for node in plan.nodes if node.table == table.name] if plan else []
    return bool(nodes) and all(node.access != "scan" for node in nodes)


def containment(table: Table, column: str) -> tuple[OperatorClass, ...]:
    """The operator classes that answer ``@>`` for the column's type."""
    found = table.column(column)
    return classes_for("@>", found.type) if found else ()


def _contained(table: Table, column: str) -> bool:
    """Whether an index answers ``@>``, or none could."""
    classes = {(one.method, one.name if not one.default else "") for one in containment(table, column)}
    classes |= {(one.method, one.name) for one in containment(table, column)}
    keys = ((index, key) for index in table.indexes if index.usable for key in index.keys if key.column == column)
    return not classes or any((index.method, key.opclass) in classes for index, key in keys)


def _inverted(table: Table, column: str) -> Index | None:
    """The index that answers what a JSON document contains."""
    usable = (index for index in table.indexes if index.usable and index.plain and index.method == "gin")
    found = table.column(column)
    if found is None or family(found.type) != "jsonb":
        return None
    return next((index for index in usable if column in index.columns), None)


def _path(one: Statement, place: int) -> tuple[str, ...]:
    """The keys that a statement was given at a place among its values, ``()`` where they were not seen."""
    values = one.parameters.values if one.parameters else None
    if values is None or isinstance(values, Mapping) or len(values) <= place:
        return ()
    keys = values[place] if isinstance(values[place], list) else [values[place]]
    return tuple(map(str, keys)) if all(isinstance(key, str) for key in keys) else ()


def _trigrams(table: Table, column: str) -> Index | None:
    """An index of trigrams over the column as it is stored, where none is over it in upper case."""
    usable = [index for index in table.indexes if index.usable and any("trgm" in key.opclass for key in index.keys)]
    spelled = [one.lower() for index in usable for one in index.expressions]
    if any("upper" in one and column.lower() in one for one in spelled):
        return None
    return next((index for index in usable if column in index.columns), None)


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
