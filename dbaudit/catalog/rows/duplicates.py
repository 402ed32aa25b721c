"""Counts of values that occur twice where a model takes them for unique."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from dbaudit.analysis.uniqueness import Unenforced, unenforced
from dbaudit.catalog.rows.asking import Question
from dbaudit.catalog.rows.probing import Fact, Probe, Reader
from dbaudit.facts import Duplicates

#: At most so many of them are counted.
LIMIT: Final = 1_000
# Where the text of a date has its date, month (of whatever year, as Django's forms compare it) and year.
_TEXT: Final = {"date": (1, 10), "month": (6, 2), "year": (1, 4)}


def duplicates(reader: Reader) -> Iterator[Probe]:
    """One question for each such group of columns."""
    if reader.connection.vendor not in ("postgresql", "sqlite"):
        return
    for one in unenforced(reader.snapshot):
        what = f"duplicates of {', '.join(one.columns)} in {one.table.label}"
        if reader.affords(one.table, what):
            yield _duplicates(reader, one, what)


def _duplicates(reader: Reader, one: Unenforced, what: str) -> Probe:
    names = [reader.quote(column) for column in one.columns]
    filled = [reader.quote(column) for column in one.columns if column not in one.null]
    missing = [reader.quote(column) for column in one.null]
    if one.period:
        start, length = _TEXT[one.period]
        names[-1] = f"substr(CAST({names[-1]} AS text), {start}, {length})"
    conditions = [f"{name} IS NOT NULL" for name in filled]
    if missing:
        conditions.append(f"({' OR '.join(f'{name} IS NULL' for name in missing)})")
    sql = (
        f"SELECT count(*) FROM (SELECT 1 AS one FROM {reader.quote(one.table.schema, one.table.name)} "
        f"WHERE {' AND '.join(conditions)} GROUP BY {', '.join(names)} HAVING count(*) > 1 LIMIT {LIMIT}) AS twice"
    )

    def facts(answer: int) -> list[Fact]:
        return [
            Duplicates(
                schema=one.table.schema,
                table=one.table.name,
                columns=one.columns,
                values=answer,
                limit=LIMIT,
                period=one.period,
                null=one.null,
            )
        ]

    return Probe(Question((what, one.period, one.null), (one.table,), sql), facts)
