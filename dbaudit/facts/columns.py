"""Columns as a database's catalog has them."""

from __future__ import annotations

from dataclasses import dataclass


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
