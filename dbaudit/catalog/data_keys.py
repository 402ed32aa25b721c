"""How far integer keys have come: the highest one, from the end of its index, and what its sequence gives next."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from dbaudit.catalog.asking import Question
from dbaudit.catalog.probing import Fact, Probe, Reader, ordered
from dbaudit.facts import Column, KeyPosition, Sequence, Table
from dbaudit.rules.integers import ceiling

BIGGEST: Final = 2**63 - 1


def keys(reader: Reader) -> Iterator[Probe]:
    """Integer keys with what their sequences give next; without a sequence the primary keys alone."""
    fed = set()
    for sequence in reader.snapshot.sequences:
        table = reader.snapshot.table(sequence.table, sequence.schema)
        column = table.column(sequence.column) if table else None
        if table is None or column is None:
            continue
        fed.add((table.schema, table.name, column.name))
        if column.identity and sequence.readable and sequence.increment > 0 and not sequence.cycles:
            yield from _key(reader, table, column, sequence)
    for table in reader.snapshot.stored_tables():
        column = table.column(table.primary_key[0]) if len(table.primary_key) == 1 else None
        if column and (table.schema, table.name, column.name) not in fed:
            yield from _key(reader, table, column, None)


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

    It is read after the statement's snapshot was taken, so it is never behind rows that are seen. Only the sequence
    itself knows where one begins that was never used (it may have been restarted), and that takes the privilege
    SELECT; for any other USAGE is enough.
    """
    name = reader.quote(sequence.schema, sequence.name)
    if sequence.last_value is None:
        return f"SELECT last_value + CASE WHEN is_called THEN {sequence.increment} ELSE 0 END AS next FROM {name}"
    literal = name.replace("'", "''")
    return (
        f"SELECT least(pg_sequence_last_value('{literal}'::regclass)::numeric + {sequence.increment}, {BIGGEST})"
        "::bigint AS next"
    )
