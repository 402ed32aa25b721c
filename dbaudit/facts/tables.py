"""Tables, columns, indexes, keys and sequences as a database's catalog has them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from dbaudit.facts.declarations import Declaration
from dbaudit.facts.ownership import UNOWNED, Ownership

RowsAre = Literal["exact", "estimated", ""]
TableKind = Literal["table", "partitioned table", "view", "materialized view", "foreign table", "virtual table"]
Nulls = Literal["", "first", "last"]
ConstraintKind = Literal["primary key", "unique", "exclusion", "check", "not null"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnStatistics:
    """What the planner believes of a column. Fractions from 0 to 1, width in bytes; never a value of a row.

    ``distinct`` is a number of values; ``frequencies`` are those of the most common values, in falling order,
    without the values.
    """

    null_fraction: float | None
    distinct: float | None
    width: int | None
    correlation: float | None = None
    frequencies: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column as the database has it. ``type`` is spelled by the database; ``default`` is SQL text.

    ``longest`` is the number of bytes of the longest value that a bounded look at the rows saw, None where nobody
    looked.
    """

    name: str
    type: str
    nullable: bool
    default: str | None = None
    collation: str | None = None
    generated: str = ""
    identity: str = ""
    comment: str | None = None
    longest: int | None = None
    statistics: ColumnStatistics | None = None


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
    (``Snapshot.expected``); then ``definition`` is the statement by which Django makes it.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignKey:
    """A foreign-key constraint of the database. Actions are the database's own, in upper case (``NO ACTION``).

    ``deferrable`` says whether it can wait for the commit, ``deferred`` whether it does so without being told.
    """

    name: str
    table: str
    columns: tuple[str, ...]
    target_table: str
    target_columns: tuple[str, ...]
    target_schema: str = ""
    on_delete: str | None = "NO ACTION"
    on_update: str | None = "NO ACTION"
    deferrable: bool | None = None
    deferred: bool | None = None
    validated: bool | None = None
    enforced: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Constraint:
    """A constraint that is not a foreign key. ``definition`` is the database's own text.

    ``declared`` is set where it is one that a model asks for (``Snapshot.expected``), as with `Index`.
    """

    name: str
    kind: ConstraintKind
    columns: tuple[str, ...] = ()
    definition: str = ""
    validated: bool | None = None
    declared: Declaration | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TableStatistics:
    """Counters since the statistics were reset (rows, scans), and when the table was last looked after (ISO 8601)."""

    sequential_scans: int | None = None
    sequential_rows: int | None = None
    index_scans: int | None = None
    inserted: int | None = None
    updated: int | None = None
    hot_updated: int | None = None
    deleted: int | None = None
    live_rows: int | None = None
    dead_rows: int | None = None
    modified_since_analyze: int | None = None
    analyzed: bool | None = None
    last_analyze: str | None = None
    last_vacuum: str | None = None

    @property
    def changed_share(self) -> float | None:
        """Which part of the rows has changed since the table was analyzed, None where that was not counted."""
        if self.modified_since_analyze is None or self.live_rows is None:
            return None
        return self.modified_since_analyze / max(1, self.live_rows)

    @property
    def entries_written(self) -> int | None:
        """How many entries each index over all rows received: heap-only updates write none, and deletes write none."""
        if self.inserted is None or self.updated is None or self.hot_updated is None:
            return None
        return self.inserted + self.updated - self.hot_updated


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table or view with all that hangs on it.

    ``schema`` is empty for the connection's own schema, so that names mean the same on every machine.
    ``bytes`` is the table with its TOAST, ``index_bytes`` all its indexes. Partitions are folded into their parent.
    ``readable`` is False where the audit's role may not select from it. ``heap_bytes`` is what the rows themselves
    take, without TOAST; ``options`` are its storage parameters (``autovacuum_enabled``) that are not the default.
    """

    name: str
    schema: str = ""
    kind: TableKind = "table"
    columns: tuple[Column, ...] = ()
    primary_key: tuple[str, ...] = ()
    indexes: tuple[Index, ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    constraints: tuple[Constraint, ...] = ()
    partitions: int = 0
    unlogged: bool = False
    readable: bool = True
    rows: int | None = None
    rows_are: RowsAre = ""
    bytes: int | None = None
    index_bytes: int | None = None
    heap_bytes: int | None = None
    options: tuple[tuple[str, str], ...] | None = None
    comment: str | None = None
    statistics: TableStatistics | None = None
    ownership: Ownership = UNOWNED

    @property
    def label(self) -> str:
        """The name as the user would write it: with the schema where it is not the connection's own."""
        return f"{self.schema}.{self.name}" if self.schema else self.name

    @property
    def stores_rows(self) -> bool:
        """Whether it is a table of this database (no view, no foreign or virtual table)."""
        return self.kind in ("table", "partitioned table")

    @property
    def sampled(self) -> bool:
        """Whether the planner's statistics of any column were seen. Building an index counts rows and leaves none."""
        return any(column.statistics for column in self.columns)

    def column(self, name: str) -> Column | None:
        """The column of that name."""
        for column in self.columns:
            if column.name == name:
                return column
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sequence:
    """A sequence or identity with the column that it feeds. ``last_value`` is None before its first use or unseen."""

    name: str
    schema: str = ""
    table: str = ""
    column: str = ""
    type: str = "bigint"
    last_value: int | None = None
    minimum: int = 1
    maximum: int
    increment: int = 1
    cycles: bool = False
    readable: bool = True
