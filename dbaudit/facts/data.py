"""What the rows themselves told: how many, and how far their keys have come. Never a value of theirs.

Each fact names the column that it is about as ``schema``, ``table`` and ``column``, as `Table` and `Column` have them.
"""

from __future__ import annotations

from dataclasses import dataclass

Place = tuple[str, str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPosition:
    """How far an integer key has come; ``maximum`` is None where the table is empty.

    ``next_value`` is what the sequence that feeds it gives next, None where none does; ``taken`` says that a row has
    it already.
    """

    schema: str
    table: str
    column: str
    maximum: int | None
    next_value: int | None = None
    taken: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Orphans:
    """How many rows refer by these columns to a row of the target that is not there."""

    schema: str
    table: str
    columns: tuple[str, ...]
    target_schema: str
    target_table: str
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OldRows:
    """How many rows of a table that keeps things for a while have been over for ``days``: at most ``limit`` counted."""

    schema: str
    table: str
    column: str
    days: int
    rows: int
    limit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LengthCount:
    """How many values of a text column are ``filled`` (not NULL), have exactly ``limit`` characters, the most that
    the column takes, and have up to ``span`` characters less."""

    schema: str
    table: str
    column: str
    limit: int
    span: int
    filled: int
    at_limit: int
    below: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitCount:
    """How many values of a column are ``filled`` (not NULL), and how many of these are ``outside`` what the model lets
    in and no check constraint keeps out."""

    schema: str
    table: str
    column: str
    filled: int
    outside: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Duplicates:
    """How many values of these columns occur in several rows: at most ``limit`` were counted. NULL in the ``null``
    columns counts as one value; ``period`` says that the last column counts by its date, month or year."""

    schema: str
    table: str
    columns: tuple[str, ...]
    values: int
    limit: int
    period: str = ""
    null: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LongestKey:
    """How many bytes the longest value of a column has that stands in a b-tree, before any compression."""

    schema: str
    table: str
    column: str
    bytes: int


@dataclass(frozen=True, kw_only=True)
class Data:
    """All that was read of the rows. What could not be is among the snapshot's ``skipped``."""

    keys: tuple[KeyPosition, ...] = ()
    orphans: tuple[Orphans, ...] = ()
    old_rows: tuple[OldRows, ...] = ()
    lengths: tuple[LengthCount, ...] = ()
    duplicates: tuple[Duplicates, ...] = ()
    limits: tuple[LimitCount, ...] = ()
    longest: tuple[LongestKey, ...] = ()

    def key(self, schema: str, table: str, column: str) -> KeyPosition | None:
        """How far the key in that column has come, None where it was not read."""
        wanted = (schema, table, column)
        return next((one for one in self.keys if (one.schema, one.table, one.column) == wanted), None)
