"""Tables, keys, constraints and sequences as a database's catalog has them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from dbaudit.facts.columns import Column
from dbaudit.facts.declarations import Declaration
from dbaudit.facts.indexes import Index
from dbaudit.facts.ownership import UNOWNED, Ownership

RowsAre = Literal["exact", "estimated", ""]
TableKind = Literal["table", "partitioned table", "view", "materialized view", "foreign table", "virtual table"]
ConstraintKind = Literal["primary key", "unique", "exclusion", "check", "not null"]


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

    ``declared`` is set where it is one that a model asks for (``Snapshot.expected``), as with `Index`; ``types`` are
    those of the table (see ``Table.types``).
    """

    name: str
    kind: ConstraintKind
    columns: tuple[str, ...] = ()
    definition: str = ""
    validated: bool | None = None
    declared: Declaration | None = None
    types: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)


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
    ``types`` are those of its columns by name in lower case, where the server adds casts to expressions unasked (see
    `typed`); empty elsewhere.
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
    types: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)

    @property
    def label(self) -> str:
        """The name as the user would write it: with the schema where it is not the connection's own."""
        return f"{self.schema}.{self.name}" if self.schema else self.name

    def typed(self) -> Table:
        """The table of a server that adds casts to expressions: the types that tell them travel with those."""
        types = {column.name.lower(): column.type for column in self.columns}
        indexes = (
            replace(index, types=types) if index.predicate or index.expressions else index for index in self.indexes
        )
        constraints = tuple(replace(one, types=types) for one in self.constraints)
        return replace(self, types=types, indexes=tuple(indexes), constraints=constraints)

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
    """A sequence or identity with the column that it feeds. ``last_value`` is None before its first use or unseen.
    ``position`` is the number before the one that comes next, also where it was set anew and not used since."""

    name: str
    schema: str = ""
    table: str = ""
    column: str = ""
    type: str = "bigint"
    last_value: int | None = None
    position: int | None = None
    minimum: int = 1
    maximum: int
    increment: int = 1
    cycles: bool = False
    readable: bool = True
