"""How far integer keys have come: the highest one, from the end of its index, and what its sequence gives next."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from dbaudit.analysis.integers import ceiling
from dbaudit.catalog.rows.asking import Question
from dbaudit.catalog.rows.probing import Fact, Probe, Reader, ordered
from dbaudit.facts import Column, KeyPosition, Sequence, Table

BIGGEST: Final = 2**63 - 1

# The highest value of each key that ANALYZE met, where it is sure to have met all of them: for each step of the
# statistics target it looks at 300 rows. The bounds of a histogram have no type; the last of them is the highest.
SAMPLED: Final = """
    SELECT k.number, substring(s.histogram_bounds::text FROM '(-?[0-9]+)}$')::numeric
    FROM unnest(%s::text[], %s::text[], %s::text[], %s::bigint[]) WITH ORDINALITY
        AS k (schema, "table", "column", rows, number)
    JOIN pg_stats s ON s.schemaname = coalesce(nullif(k.schema, ''), current_schema()) AND s.tablename = k."table"
        AND s.attname = k."column" AND NOT s.inherited AND s.histogram_bounds IS NOT NULL
    WHERE k.rows <= 300 * current_setting('default_statistics_target')::bigint
"""

Fed = tuple[Table, Column, Sequence]


def keys(reader: Reader) -> Iterator[Probe]:
    """Integer keys with what their sequences give next; without a sequence the primary keys alone."""
    fed = {}
    for sequence in reader.snapshot.sequences:
        table = reader.snapshot.table(sequence.table, sequence.schema)
        column = table.column(sequence.column) if table else None
        if table is not None and column is not None:
            fed[table.schema, table.name, column.name] = table, column, sequence
    rising = [
        (table, column, sequence)
        for table, column, sequence in fed.values()
        if column.identity and sequence.readable and sequence.increment > 0 and not sequence.cycles
    ]
    ahead = _ahead(reader, rising)
    for table, column, sequence in rising:
        if (table.schema, table.name) not in ahead:
            yield from _key(reader, table, column, sequence)
    for table in reader.snapshot.stored_tables():
        column = table.column(table.primary_key[0]) if len(table.primary_key) == 1 else None
        if column and (table.schema, table.name, column.name) not in fed:
            yield from _key(reader, table, column, None)


def _ahead(reader: Reader, rising: list[Fed]) -> set[tuple[str, str]]:
    """The tables whose sequence has passed every key, as the planner's statistics prove: no row was written since they
    were made of all rows. There is nothing to ask of these, so that a large schema is not opened table by table."""
    proven = [
        (table, column, sequence.last_value)
        for table, column, sequence in rising
        if sequence.last_value is not None
        and (seen := table.statistics) is not None
        and table.kind == "table"
        and seen.last_analyze
        and seen.modified_since_analyze == 0
        and table.rows is not None
        and ceiling(reader.snapshot.dialect, column.type) is not None
    ]
    if not proven or reader.connection.vendor != "postgresql":
        return set()
    names = [[table.schema, table.name, column.name, table.rows] for table, column, _ in proven]
    with reader.connection.cursor() as cursor:
        cursor.execute(SAMPLED, [list(values) for values in zip(*names, strict=True)])
        highest = dict(cursor.fetchall())
    return {
        (table.schema, table.name)
        for number, (table, _, last) in enumerate(proven, 1)
        if number in highest and highest[number] <= last
    }


def _key(reader: Reader, table: Table, column: Column, sequence: Sequence | None) -> Iterator[Probe]:
    empty = table.rows == 0 and table.rows_are == "exact"
    if empty or ceiling(reader.snapshot.dialect, column.type) is None:
        return
    if not table.readable or not ordered(table, column.name):
        return
    name, key = reader.quote(table.schema, table.name), reader.quote(column.name)
    sql = f"SELECT max({key}) FROM {name}"
    if sequence:
        # Its eight bytes let the index serve the comparison.
        sql = (
            f"SELECT ARRAY[({sql})::bigint, n.next, (EXISTS (SELECT FROM {name} WHERE {key} = n.next))::int] "
            f"FROM ({_next(reader, sequence)}) AS n"
        )

    def facts(answer: Any) -> list[Fact]:
        maximum, following, taken = answer if sequence else (answer, None, 0)
        return [
            KeyPosition(
                schema=table.schema,
                table=table.name,
                column=column.name,
                maximum=maximum,
                next_value=following,
                taken=bool(taken),
            )
        ]

    yield Probe(Question(f"highest key of {table.label}.{column.name}", (table,), sql), facts)


def _next(reader: Reader, sequence: Sequence) -> str:
    """A query for the number that a sequence gives next.

    It is read after the statement's snapshot was taken, so it is never behind rows that are seen.
    """
    step = f"CASE WHEN is_called THEN {sequence.increment} ELSE 0 END"
    name = reader.quote(sequence.schema, sequence.name)
    return f"SELECT least(last_value::numeric + {step}, {BIGGEST})::bigint AS next FROM {name}"
