"""Counts of rows past their time, and of text at the limit of its column."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

from dbaudit.analysis.retention import DAYS, LIMIT, keeper
from dbaudit.catalog.rows.asking import Question
from dbaudit.catalog.rows.probing import Fact, Probe, Reader, ordered
from dbaudit.facts import Column, LengthCount, OldRows, Table

# Text that may have been cut at its limit: shorter ones are codes, and a column of few values is a list of choices.
SHORTEST, FEWEST_VALUES = 10, 50
# Where the average is below this share of the limit, hardly any value comes near it.
NEAR: Final = 0.25
# So many lengths just below the limit are counted, too.
SPAN: Final = 3
VARCHAR: Final = "character varying("


def lengths(reader: Reader) -> Iterator[Probe]:
    """Columns that PostgreSQL limits in length and whose values, by the planner's statistics, come near that."""
    for table in reader.snapshot.stored_tables():
        limits = {column.name: limit for column in table.columns if (limit := _near_limit(column))}
        what = f"values at the limit of {table.label}.{', '.join(limits)}"
        if limits and reader.affords(table, what):
            yield _lengths(reader, table, limits, what)


def _lengths(reader: Reader, table: Table, limits: dict[str, int], what: str) -> Probe:
    counts = [
        f"count({name}), count(*) FILTER (WHERE length({name}) = {limit}), "
        f"count(*) FILTER (WHERE length({name}) BETWEEN {limit - SPAN} AND {limit - 1})"
        for name, limit in ((reader.quote(column), limit) for column, limit in limits.items())
    ]
    sql = f"SELECT ARRAY[{', '.join(counts)}] FROM {reader.quote(table.schema, table.name)}"

    def facts(answer: list[int]) -> list[Fact]:
        return [
            LengthCount(
                schema=table.schema,
                table=table.name,
                column=column,
                limit=limit,
                span=SPAN,
                filled=answer[3 * place],
                at_limit=answer[3 * place + 1],
                below=answer[3 * place + 2],
            )
            for place, (column, limit) in enumerate(limits.items())
        ]

    return Probe(Question(what, (table,), sql), facts)


def old_rows(reader: Reader) -> Iterator[Probe]:
    """Rows that say themselves until when they matter, as sessions do."""
    for model in reader.snapshot.models:
        known, table = keeper(model), reader.snapshot.table(model.table, model.schema)
        expires = next((one.column for one in model.fields if known and one.name == known.expires), "")
        if table is None or not expires or not table.column(expires):
            continue
        what = f"rows of {table.label} past their time"
        if (table.readable and ordered(table, expires)) or reader.affords(table, what):
            yield _old_rows(reader, table, expires, what)


def _old_rows(reader: Reader, table: Table, column: str, what: str) -> Probe:
    moment = datetime.now(UTC) - timedelta(days=DAYS)
    zone = "+00" if reader.connection.vendor == "postgresql" else ""
    sql = (
        f"SELECT count(*) FROM (SELECT 1 AS one FROM {reader.quote(table.schema, table.name)} "
        f"WHERE {reader.quote(column)} < '{moment:%Y-%m-%d %H:%M:%S}{zone}' LIMIT {LIMIT}) AS old"
    )

    def facts(answer: int) -> list[Fact]:
        return [OldRows(schema=table.schema, table=table.name, column=column, days=DAYS, rows=answer, limit=LIMIT)]

    return Probe(Question(what, (table,), sql), facts)


def _near_limit(column: Column) -> int | None:
    """The limit of a text column if values may have been cut at it, else None. That of an array is each element's."""
    seen = column.statistics
    text = column.type.startswith(VARCHAR) and column.type.endswith(")")
    if not text or seen is None or not seen.width:
        return None
    limit = int(column.type.removeprefix(VARCHAR).rstrip(")"))
    few = seen.distinct is not None and seen.distinct < FEWEST_VALUES
    return None if limit < SHORTEST or few or seen.width < NEAR * limit else limit
