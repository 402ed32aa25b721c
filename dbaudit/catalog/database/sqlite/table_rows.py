"""Rows of SQLite's pragmas -> tables, with what only the CREATE texts tell. Pure; no connection."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from dbaudit.catalog.database.sqlite.text import Declared, TableText, fold, index_text, table_text
from dbaudit.facts import Column, ColumnStatistics, Constraint, ForeignKey, Index, IndexKey, Table, TableStatistics

SERVED: Final[Mapping[str, Literal["", "primary key", "unique"]]] = {"c": "", "pk": "primary key", "u": "unique"}
VISIBLE: Final = (0, 2, 3)  # a plain column, a generated one, a stored one; 1 is what a virtual table keeps to itself

Row = tuple[Any, ...]
Groups = Mapping[str, list[Row]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """The rows of the reader's statements by table; ``sizes`` None where unread."""

    columns: Groups
    keys: Groups
    references: Groups
    statistics: Groups
    sizes: Mapping[str, int] | None
    enforced: bool


def grouped(rows: Iterable[Row]) -> dict[str, list[Row]]:
    """The rows by their first value, without it."""
    groups: defaultdict[str, list[Row]] = defaultdict(list)
    for first, *others in rows:
        groups[first].append(tuple(others))
    return dict(groups)


def table(name: str, rows: Rows) -> Table:
    """A table that holds rows; the targets of its foreign keys are still as written (see `resolved`)."""
    (sql, *_), *_ = found = rows.columns[name]
    text = table_text(sql)
    spelled = {fold(column): column for _, column, *_ in found}
    indexes = tuple(_indexes(name, rows.keys.get(name, ()), text, rows.sizes))
    primary_key = tuple(column for place, column in sorted((row[5], row[1]) for row in found) if place)
    # A primary key without an index of its own is the rowid, which is never NULL and filled by SQLite.
    rowid = "" if any(index.primary for index in indexes) else "".join(primary_key[:1])
    statistics = {index or name: _numbers(stat) for index, stat in rows.statistics.get(name, ())}
    distinct = dict(_distinct(name, indexes, statistics))
    return Table(
        name=name,
        columns=tuple(_columns(found, text, distinct, rowid)),
        primary_key=primary_key,
        indexes=indexes,
        foreign_keys=tuple(_foreign_keys(name, rows, text)),
        constraints=tuple(_constraints(text, spelled)),
        bytes=None if rows.sizes is None else rows.sizes.get(name),
        index_bytes=None if rows.sizes is None else sum(rows.sizes.get(index.name, 0) for index in indexes),
        comment="",
        statistics=TableStatistics(
            analyzed=bool(statistics), live_rows=max((stat[0] for stat in statistics.values()), default=None)
        ),
    )


def columns_of_other(rows: Iterable[Row]) -> tuple[Column, ...]:
    """The columns of a view or a virtual table."""
    return tuple(_columns(rows, TableText(), {}, ""))


def resolved(tables: Collection[Table]) -> Iterator[Table]:
    """The tables with the targets of their foreign keys spelled out, and the unique indexes that these rely on."""
    by_name = {fold(table.name): table for table in tables}
    tables = [
        replace(table, foreign_keys=tuple(_resolved(key, by_name) for key in table.foreign_keys))
        if table.foreign_keys
        else table
        for table in tables
    ]
    targets: defaultdict[str, set[frozenset[str]]] = defaultdict(set)
    for table in tables:
        for key in table.foreign_keys:
            targets[key.target_table].add(frozenset(key.target_columns))
    for table in tables:
        names = {_relied_on(table, columns) for columns in targets[table.name]} - {""}
        indexes = (replace(one, referenced=True) if one.name in names else one for one in table.indexes)
        yield replace(table, indexes=tuple(indexes)) if names else table


def _resolved(key: ForeignKey, tables: Mapping[str, Table]) -> ForeignKey:
    target = tables.get(fold(key.target_table))
    if target is None:
        return key
    if not key.target_columns:
        fits = len(target.primary_key) == len(key.columns)
        return replace(key, target_table=target.name, target_columns=target.primary_key if fits else ())
    spelled = {fold(column.name): column.name for column in target.columns}
    columns = tuple(spelled.get(fold(column), column) for column in key.target_columns)
    return replace(key, target_table=target.name, target_columns=columns)


def _relied_on(table: Table, columns: frozenset[str]) -> str:
    """The index without which these columns could not be referenced; ``""`` where that is the rowid."""
    fit = [
        index
        for index in table.indexes
        if index.unique
        and index.plain
        and set(index.columns) == columns
        and not any(key.collation for key in index.keys)
    ]
    if set(table.primary_key) == columns and not any(index.primary for index in fit):
        return ""
    fit.sort(key=lambda index: (not index.primary, not index.constraint, len(index.name), index.name))
    return fit[0].name if fit else ""


def _columns(rows: Iterable[Row], text: TableText, distinct: Mapping[str, float], rowid: str) -> Iterator[Column]:
    for _, name, kind, not_null, default, _, hidden in rows:
        if hidden not in VISIBLE:
            continue
        seen = distinct.get(name)
        yield Column(
            name=name,
            type=kind,
            nullable=not not_null and name != rowid,
            default=default or "",
            collation=text.collations.get(fold(name), ""),
            generated=text.expressions.get(fold(name), "") if hidden else "",
            identity="rowid" if name == rowid else "",
            comment="",
            statistics=ColumnStatistics(null_fraction=None, distinct=seen, width=None) if seen else None,
        )


def _indexes(table: str, rows: Iterable[Row], text: TableText, sizes: Mapping[str, int] | None) -> Iterator[Index]:
    """The indexes in order of name. The key of a WITHOUT ROWID table is among them; it is the table, so has no size."""
    for name, positions in sorted(grouped(rows).items()):
        sql, unique, origin, partial, *_ = positions[0]
        written = index_text(sql) if partial or any(column is None for *_, column, _, _ in positions) else None
        keys = []
        for place, (*_, column, descending, collation) in enumerate(positions):
            own = text.collations.get(fold(column or ""), "BINARY")
            keys.append(
                IndexKey(
                    column=column or "",
                    expression=written.keys[place] if written and column is None else "",
                    collation="" if collation.upper() == own else collation.upper(),
                    descending=bool(descending),
                )
            )
        served = SERVED[origin]
        columns = tuple(fold(key.column) for key in keys)
        yield Index(
            name=name,
            table=table,
            keys=tuple(keys),
            predicate=written.predicate if written else "",
            unique=bool(unique),
            constraint=served,
            constraint_name=next((one.name for one in text.constraints if _is(one, served, columns)), ""),
            definition=sql or "",
            bytes=sizes.get(name) if sizes else None,
        )


def _is(declared: Declared, kind: str, columns: tuple[str, ...]) -> bool:
    return declared.kind == kind and tuple(map(fold, declared.columns)) == columns


def _foreign_keys(name: str, rows: Rows, text: TableText) -> Iterator[ForeignKey]:
    """The foreign keys in order of their columns. SQLite numbers them from the last in the text to the first."""
    declared = [one for one in reversed(text.constraints) if one.kind == "foreign key"]
    numbered: defaultdict[int, list[Row]] = defaultdict(list)
    for number, *others in rows.references.get(name, ()):
        numbered[number].append(tuple(others))
    for number, columns, found in sorted(
        ((number, tuple(row[1] for row in found), found) for number, found in numbered.items()),
        key=lambda one: (one[1], one[0]),
    ):
        target, _, to, on_delete, on_update = found[0]
        own = declared[number] if number < len(declared) else None
        if own and not _is(own, "foreign key", tuple(map(fold, columns))):
            own = None
        yield ForeignKey(
            name=own.name if own else "",
            table=name,
            columns=columns,
            target_table=target,
            target_columns=() if to is None else tuple(row[2] for row in found),
            on_delete=on_delete,
            on_update=on_update,
            deferrable=own.deferrable if own else None,
            deferred=own.deferrable if own else None,
            enforced=rows.enforced,
        )


def _constraints(text: TableText, spelled: Mapping[str, str]) -> Iterator[Constraint]:
    """The constraints in the order of the text, as most have no name."""
    for one in text.constraints:
        if one.kind == "foreign key":
            continue
        mentioned = (column for folded, column in spelled.items() if folded in one.mentioned)
        listed = (spelled.get(fold(column), column) for column in one.columns)
        yield Constraint(
            name=one.name,
            kind=one.kind,
            columns=tuple(mentioned if one.kind == "check" else listed),
            definition=one.text,
        )


def _distinct(
    table: str, indexes: Iterable[Index], statistics: Mapping[str, tuple[int, ...]]
) -> Iterator[tuple[str, float]]:
    """By column the number of values that an index over all rows, led by it, has told ANALYZE."""
    for index in indexes:
        # The key of a WITHOUT ROWID table goes by the name of the table.
        found = statistics.get(index.name) or (statistics.get(table) if index.primary else None)
        if found and len(found) > 1 and index.plain and index.columns[0]:
            rows, per_value, *_ = found
            yield index.columns[0], max(1.0, round(rows / per_value))


def _numbers(stat: str) -> tuple[int, ...]:
    """``rows rows-per-value …``, without the words that may follow."""
    return tuple(int(word) for word in str(stat).split() if word.isdecimal()) or (0,)
