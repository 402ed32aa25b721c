"""How a small database would look with many times its rows: what each column of a copied row becomes.

A table of ``n`` rows gets ``n * factor ** 2`` of them. A row that refers to another one refers to one of ``factor``
copies of it, so that there are ``factor`` times as many parents with ``factor`` times as many rows each, and dates go
back in time by as many weeks. Any two such columns of a table vary independently of each other: copy ``k`` shifts the
``m``-th one by ``(k / factor + m * (k % factor)) % factor``, which for a prime ``factor`` is a line of the affine plane
of that order. Keys and what is unique get a value of its own in each copy; everything else keeps its values, each as
frequent as before. The first copy is the row itself, so that what was looked up is found.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from dbaudit.facts import Column, Snapshot, Table
from dbaudit.facts.dialect import Dialect

#: Rows that all grown tables together may have: what takes some seconds to make.
MAX_ROWS = 250_000
#: Above the keys of tables so small, and so that the last copies' keys still fit into 32 bits.
SPAN = 2_000_000
#: Lines of a plane pair up for prime numbers alone. Growing less than 25 times tells nothing.
FACTORS = (31, 23, 17, 13, 11, 7, 5)
#: Characters that tell texts apart, with the copy's number behind them.
ROOM = 20
_INTEGER = re.compile(r"(?:big|medium)?int(?:eger)?(?: unsigned)?|bigserial|serial|int[48]", re.IGNORECASE)
_TEXT = re.compile(r"(?:text|(?:character varying|varchar|char|character|bpchar)(?: ?\((\d+)\))?)", re.IGNORECASE)
_DAY = re.compile(r"date", re.IGNORECASE)
_MOMENT = re.compile(r"datetime|timestamp.*", re.IGNORECASE)
_LARGEST = {"integer": 2**31 - 1, "int": 2**31 - 1, "int4": 2**31 - 1, "serial": 2**31 - 1}


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """Some tables grown by one factor. ``span`` lies above every integer key of theirs, so that no copies meet."""

    factor: int
    span: int

    @property
    def times(self) -> int:
        """By how much the number of rows is multiplied."""
        return self.factor**2

    def told(self) -> str:
        """In words: what is assumed of the data."""
        return (
            f"at {self.times:,} times the rows: {self.factor} times as many parents with {self.factor} times as many "
            "rows each"
        )

    def columns(self, snapshot: Snapshot, table: Table, named: Iterable[str]) -> Iterator[tuple[str, str]]:
        """Each column that can be written, with the SQL of its value in copy ``k``; ``named`` are columns whose values
        are nearly all different."""
        alone = {index.columns[0] for index in table.indexes if index.unique and len(index.keys) == 1}
        own = {*alone, *(table.primary_key if len(table.primary_key) == 1 else ()), *named}
        own |= set(_needed(snapshot, table, own))
        direction = 0
        for column in table.columns:
            if column.generated:
                continue
            quoted = snapshot.dialect.quote(column.name)
            shift = ""
            if column.name in own:
                shift = "k"
            elif _varies(snapshot, table, column):
                shift = f"((k / {self.factor} + {direction} * (k % {self.factor})) % {self.factor})"
                direction += 1
            yield column.name, self._shifted(snapshot.dialect, column, quoted, shift) if shift else quoted

    def _shifted(self, dialect: Dialect, column: Column, value: str, shift: str) -> str:
        """The value moved by ``shift`` copies, as far as its type has others; ``shift`` 0 leaves it as it is."""
        postgresql = dialect.vendor == "postgresql"
        text = _TEXT.fullmatch(column.type)
        moved = value
        if _INTEGER.fullmatch(column.type):
            largest = _LARGEST.get(column.type.lower() if postgresql else "", 2**63 - 1)
            moved = f"{value} + {shift} * {self.span}" if self.span * (self.times + 1) <= largest else value
        elif _DAY.fullmatch(column.type):
            moved = f"{value} - 7 * {shift}" if postgresql else f"date({value}, (-7 * {shift}) || ' days')"
        elif _MOMENT.fullmatch(column.type):
            moved = (
                f"{value} - {shift} * interval '7 days'"
                if postgresql
                else f"strftime('%Y-%m-%d %H:%M:%f', {value}, (-7 * {shift}) || ' days')"
            )
        elif column.type == "uuid":
            moved = f"md5({value}::text || {shift})::uuid"
        elif text:
            moved = f"{value} || '~' || {shift}"
            if postgresql and text[1]:  # SQLite takes a text of any length
                room = int(text[1]) - len(f"~{self.times}")
                whole = f"left(md5({moved}), {text[1]})"  # too short for its beginning and a number
                moved = f"left({value}, {room}) || '~' || {shift}" if room >= ROOM else whole
        return f"CASE {shift} WHEN 0 THEN {value} ELSE {moved} END"


def factor(rows: int, most: int = MAX_ROWS) -> int | None:
    """The largest factor by which tables that have so many rows together may grow, None where that is none."""
    return next((one for one in FACTORS if rows * one**2 <= most), None) if rows else None


def grown(snapshot: Snapshot, growth: Growth, rows: dict[tuple[str, str], int]) -> Snapshot:
    """The snapshot with so many rows in its tables (by schema and name) and sizes to match."""
    return replace(snapshot, tables=tuple(_grown(table, growth, rows) for table in snapshot.tables))


def _grown(table: Table, growth: Growth, rows: dict[tuple[str, str], int]) -> Table:
    count = rows.get((table.schema, table.name))
    if count is None:
        return table

    def sized(size: int | None) -> int | None:
        return None if size is None else size * growth.times

    return replace(
        table,
        rows=count,
        rows_are="estimated",
        bytes=sized(table.bytes),
        index_bytes=sized(table.index_bytes),
        heap_bytes=sized(table.heap_bytes),
    )


def _varies(snapshot: Snapshot, table: Table, column: Column) -> bool:
    """Whether it refers to another row or is a date."""
    field = snapshot.columns_field(table, column.name)
    refers = (field is not None and bool(field.relation)) or any(
        column.name in key.columns for key in table.foreign_keys
    )
    return refers or bool(_DAY.fullmatch(column.type) or _MOMENT.fullmatch(column.type))


def _needed(snapshot: Snapshot, table: Table, own: set[str]) -> Iterator[str]:
    """For each unique key that would not tell copies apart: its last column that can."""
    for index in table.indexes:
        columns = [table.column(name) for name in index.columns if name]
        if not index.unique or len(index.keys) < 2 or own & {*index.columns}:
            continue
        varying = [one for one in columns if one and _varies(snapshot, table, one)]
        rest = [one for one in columns if one and one not in varying and _can_vary(one)]
        if len(varying) < 2 and rest:
            yield rest[-1].name


def _can_vary(column: Column) -> bool:
    return any(kind.fullmatch(column.type) for kind in (_INTEGER, _TEXT))
