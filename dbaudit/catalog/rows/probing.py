"""Probes of the data: what to ask of a table's rows, what the answer means, and which tables may be read whole."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from django.db.backends.base.base import BaseDatabaseWrapper

from dbaudit.catalog.rows.asking import Question
from dbaudit.catalog.rows.counting import ROW_BYTES, TOGETHER
from dbaudit.facts import (
    Duplicates,
    KeyPosition,
    LengthCount,
    LimitCount,
    LongestKey,
    OldRows,
    Orphans,
    Skipped,
    Snapshot,
    Table,
)
from dbaudit.facts.dialect import Dialect

MIB: Final = 2**20

Fact = Duplicates | KeyPosition | LengthCount | LimitCount | LongestKey | OldRows | Orphans


class Probe(NamedTuple):
    """A question with what its answer means."""

    question: Question
    facts: Callable[[Any], list[Fact]]


@dataclass(slots=True)
class Reader:
    """What the probes are made from. ``skipped`` collects what they leave out, with the reason.

    A table larger than ``limit_bytes`` is not read whole, nor are tables that together have many times that, unless
    ``unlimited``.
    """

    connection: BaseDatabaseWrapper
    snapshot: Snapshot
    limit_bytes: int
    unlimited: bool
    together: int = 0
    skipped: list[Skipped] = field(default_factory=list)

    def quote(self, *names: str) -> str:
        """The identifiers as this database wants them."""
        return Dialect.of(self.connection).quote(*names)

    def affords(self, table: Table, what: str) -> bool:
        """Whether the table may be read whole; if not, ``what`` is skipped."""
        if not table.readable:
            self.skipped.append(Skipped(what, "The role may not read its rows."))
            return False
        size = table.bytes
        if size is None and table.rows is not None:
            size = table.rows * ROW_BYTES
        if size is not None and size <= self.limit_bytes and self.together + size <= TOGETHER * self.limit_bytes:
            self.together += size
            return True
        if not self.unlimited:
            big = "of unknown size" if size is None else f"of {size / MIB:,.0f} MiB"
            self.skipped.append(Skipped(what, f"It takes reading {table.label}, {big}; --read-data does so."))
        return self.unlimited


def ordered(table: Table, column: str) -> bool:
    """Whether the column's values can be read in their order from an index."""
    return table.primary_key[:1] == (column,) or any(
        index.usable and index.plain and index.method == "btree" and index.columns[0] == column
        for index in table.indexes
    )
