from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

from dbaudit import ddl, names
from dbaudit.facts import Index, Skipped, Snapshot, Statement, Table
from dbaudit.findings import ChangeQuery, Confidence, CreateIndex, Evidence, Finding, Remedy, Severity
from dbaudit.registry import check
from dbaudit.rules import measured

#: Below this many rows reading all of them costs about as much.
MIN_ROWS = 1_000
#: With it a b-tree serves LIKE in every collation.
PATTERNS = "text_pattern_ops"

Case = Literal["upper", "lower"]
_CAST = r"(?:::(?:text|character varying))?"
_JSON_CONTAINS = re.compile(r'"(\w+)"\."(\w+)" @>')
_CASED = re.compile(rf'\b(UPPER|LOWER)\("(\w+)"\."(\w+)"{_CAST}\){_CAST}\s*(=|LIKE|IN)\s', re.IGNORECASE)
_DATE = re.compile(r'\("(\w+)"\."(\w+)"(?: AT TIME ZONE \?)?\)::date\s*(?:=|<|>|BETWEEN)', re.IGNORECASE)
_SQLITE_DATE = re.compile(r'django_datetime_cast_date\("(\w+)"\."(\w+)"', re.IGNORECASE)
_INDEXED = re.compile(r"^(upper|lower)\(\(*[\"`]?(\w+)[\"`]?\)*" + _CAST + r"\)*$", re.IGNORECASE)


class Miss(NamedTuple):
    """A lookup by a column that an index on the same column does not serve. ``case`` is what the lookup compiles to,
    ``pattern`` says that it is a ``LIKE``."""

    kind: Literal["case", "json", "date"]
    column: str
    beside: Index | None = None
    case: Case = "upper"
    pattern: bool = False


@check(severity="warning", needs=["queries", "schema"])
def lookup_index_mismatch(snapshot: Snapshot) -> Iterator[Finding | Skipped]:
    """A measured lookup and the index on its column cannot meet.

    Why: Django compiles ``iexact``, ``icontains`` and ``istartswith`` to ``UPPER(column)``, which an index on
    ``Lower(column)`` never serves. Nor does an index on a moment serve ``__date``, or a b-tree the containment of JSON.
    The index is written all the same, and the query reads the table.

    Fix: Index what the lookup asks for: ``models.Index(Upper("column"), name=...)``, a ``GinIndex`` for containment.
    Ask for a day by a range (``__gte`` and ``__lt``), which the index on the moment serves.

    Silent when: The table has fewer than 1,000 rows or they are unknown; an index of that spelling exists; measured
    statements ask for the spelling that is indexed, too, so that the index has its use; there is no index of the column
    in another spelling (that is a missing index, not a wrong one), containment of JSON apart.
    """
    yield from measured.unmeasured(snapshot, "lookup_index_mismatch")
    told = set()
    asked = _asked(snapshot)
    for run in measured.runs(snapshot):
        for one in run.statements:
            for table, miss in _missed(snapshot, one, asked):
                cause = table.label, miss.kind, miss.column
                if cause not in told:
                    told.add(cause)
                    yield _finding(snapshot, table, miss, one, run.label)


def _asked(snapshot: Snapshot) -> frozenset[tuple[str, str, str]]:
    """The spellings that the measured statements ask for: (case, alias of the table, column)."""
    return frozenset(
        (case.lower(), table, column)
        for run in measured.runs(snapshot)
        for one in run.statements
        for case, table, column, _ in _CASED.findall(one.template)
    )


def _missed(snapshot: Snapshot, one: Statement, asked: frozenset[tuple[str, str, str]]) -> Iterator[tuple[Table, Miss]]:
    parts = [name.rpartition(".") for name in one.tables]
    found = {name: snapshot.table(name, schema) for schema, _, name in parts}
    large = {name: table for name, table in found.items() if table and (table.rows or 0) >= MIN_ROWS}
    for word, name, column, operator in _CASED.findall(one.template):
        case: Case = "upper" if word.lower() == "upper" else "lower"
        other: Case = "lower" if case == "upper" else "upper"
        if name not in large or (other, name, column) in asked or _spelled(large[name], case, column):
            continue
        if index := _spelled(large[name], other, column):
            yield large[name], Miss("case", column, index, case, operator.upper() == "LIKE")
    for name, column in _JSON_CONTAINS.findall(one.template):
        if name in large and not _contained(large[name], column):
            yield large[name], Miss("json", column)
    for name, column in (*_DATE.findall(one.template), *_SQLITE_DATE.findall(_where(one.template))):
        if name in large and not _dated(large[name], column) and (index := _plain(large[name], column)):
            yield large[name], Miss("date", column, index)


def _where(template: str) -> str:
    return template.partition(" WHERE ")[2]


# -- indexes -------------------------------------------------------------------------------------------------------


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


# -- findings ------------------------------------------------------------------------------------------------------


def _finding(snapshot: Snapshot, table: Table, miss: Miss, one: Statement, label: str) -> Finding:
    there = miss.beside.describe() if miss.beside else "no GIN index"
    asks = {"case": f"{miss.case.upper()}({miss.column})", "json": f"{miss.column} @>", "date": f"{miss.column}::date"}
    return Finding.about(
        table,
        subject=f"The lookup {asks[miss.kind]} and the indexes of {table.label} cannot meet",
        detail=f"{label!r} asks for {asks[miss.kind]}; there is {there}, which does not serve it.",
        identity=(miss.kind, miss.column),
        severity=Severity.DEFAULT if table.ownership.owner == "project" else Severity.INFO,
        confidence=Confidence.HIGH if miss.kind == "case" else Confidence.MEDIUM,
        location=one.location,
        evidence=[
            Evidence("statement", measured.short(one.template), source="measured queries"),
            Evidence("rows", table.rows or 0, "rows", table.rows_are),
        ],
        remedy=_remedy(snapshot, table, miss, one),
    )


def _remedy(snapshot: Snapshot, table: Table, miss: Miss, one: Statement) -> Remedy:
    field = snapshot.columns_field(table, miss.column)
    name = field.name if field else miss.column
    if miss.kind == "date":
        orm = f"{name}__gte=day, {name}__lt=day + timedelta(days=1)"
        return Remedy(action=ChangeQuery(before=one.template, after=orm), orm=orm)
    column = snapshot.dialect.quote(miss.column)
    if miss.kind == "json":
        index = CreateIndex(
            table=table.label,
            columns=(miss.column,),
            name=names.index_name(table.name, (miss.column,), "gin"),
            method="gin",
        )
        orm = f'GinIndex(fields=["{name}"], name="{index.name}")'
    else:
        expression = f"{miss.case.upper()}({column})"
        index = CreateIndex(
            table=table.label,
            expressions=(expression,),
            name=names.index_name(table.name, (miss.column,), miss.case),
            opclasses=(PATTERNS,) if miss.pattern else (),
        )
        key = f'{miss.case.title()}("{name}")'
        if miss.pattern:
            key = f'OpClass({key}, name="{PATTERNS}")'
        orm = f'models.Index({key}, name="{index.name}")'
        if miss.pattern:
            orm += "  # for a beginning; what stands within the text takes a GIN index with gin_trgm_ops"
    return Remedy(
        action=index,
        orm=orm,
        sql=ddl.create_index(snapshot.dialect, table, index),
        undo_sql=ddl.drop_index(snapshot.dialect, table, index.name),
    )
