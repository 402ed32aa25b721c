"""Indexes as a database's catalog has them, and as they are asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from dbaudit.facts.columns import ColumnStatistics
from dbaudit.facts.declarations import Declaration

Nulls = Literal["", "first", "last"]


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class IndexKey:
    """One key position: a column or an expression in the database's own SQL, never both.

    ``opclass`` and ``collation`` are empty where they are the default of the column's type. ``nulls`` says where NULL
    stands, empty where that is the database's own way for the direction.
    """

    column: str = ""
    expression: str = ""
    descending: bool = False
    nulls: Nulls = ""
    opclass: str = ""
    collation: str = ""

    def __str__(self) -> str:
        text = self.column or f"({self.expression})"
        text += f" COLLATE {self.collation}" if self.collation else ""
        text += f" {self.opclass}" if self.opclass else ""
        text += " DESC" if self.descending else ""
        return f"{text} NULLS {self.nulls.upper()}" if self.nulls else text

    @property
    def plain(self) -> bool:
        """Whether it is a column in rising order, with all that is the database's own way."""
        return self == IndexKey(column=self.column)

    @property
    def backwards(self) -> IndexKey:
        """The same key of a b-tree that is read from its end."""
        turned: dict[Nulls, Nulls] = {"": "", "first": "last", "last": "first"}
        return replace(self, descending=not self.descending, nulls=turned[self.nulls])


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """An index that exists as an object of its own (an SQLite rowid key is none; see ``Table.primary_key``).

    ``constraint`` names the kind of constraint it serves, ``""`` for none. ``referenced`` says that a foreign key
    points at it. ``bytes`` is its size, ``rows`` its entries at the last analyze or vacuum; ``scans``, ``tuples_read``
    count since the statistics were reset. ``fillfactor`` is in per cent, None where it is the default. ``deduplicates``
    says that a b-tree may keep equal keys once. ``age`` counts the transactions since its definition was last written.
    ``expression_statistics`` are those of its expressions in their order, ``()`` where it was not analyzed.
    ``complete`` is False where the reader sees no predicates, opclasses or prefix lengths: such an index may serve its
    columns, but is never compared with another. ``declared`` is set where it is one that a model asks for
    (``Snapshot.expected``); then ``definition`` is the statement by which Django makes it. ``types`` are those of the
    table (see ``Table.types``), where it has expressions or a predicate.
    """

    name: str
    table: str
    keys: tuple[IndexKey, ...]
    included: tuple[str, ...] = ()
    predicate: str = ""
    method: str = "btree"
    unique: bool = False
    nulls_distinct: bool = True
    constraint: Literal["", "primary key", "unique", "exclusion"] = ""
    constraint_name: str = ""
    referenced: bool = False
    valid: bool = True
    ready: bool = True
    live: bool = True
    building: bool = False
    clustered: bool = False
    replica_identity: bool = False
    partitioned: bool = False
    complete: bool = True
    definition: str = ""
    bytes: int | None = None
    scans: int | None = None
    tuples_read: int | None = None
    last_scan: str | None = None
    rows: int | None = None
    fillfactor: int | None = None
    deduplicates: bool | None = None
    age: int | None = None
    expression_statistics: tuple[ColumnStatistics, ...] | None = None
    declared: Declaration | None = None
    types: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)

    @property
    def primary(self) -> bool:
        """Whether it serves the primary key."""
        return self.constraint == "primary key"

    @property
    def usable(self) -> bool:
        """Whether the planner may use it."""
        return self.valid and self.ready and self.live

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the key columns in order, ``""`` where an expression stands."""
        return tuple(key.column for key in self.keys)

    @property
    def expressions(self) -> tuple[str, ...]:
        """The expressions among its keys, in their order."""
        return tuple(key.expression for key in self.keys if key.expression)

    @property
    def plain(self) -> bool:
        """Whether it covers every row: no predicate."""
        return not self.predicate

    def describe(self) -> str:
        """The definition in words that fit a sentence: ``(a, b DESC) INCLUDE (c) WHERE x``."""
        text = f"({', '.join(map(str, self.keys))})"
        if self.method not in ("btree", ""):
            text = f"{self.method} {text}"
        if self.included:
            text += f" INCLUDE ({', '.join(self.included)})"
        return f"{text} WHERE {self.predicate}" if self.predicate else text
