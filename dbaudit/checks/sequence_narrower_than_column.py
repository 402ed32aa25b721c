from __future__ import annotations

from collections.abc import Iterator

from dbaudit.analysis.integers import ceiling
from dbaudit.facts import Column, Sequence, Snapshot, Table
from dbaudit.findings import Evidence, Finding, Remedy, RunSql
from dbaudit.registry import check


@check(severity="warning", needs=["schema"], vendors=["postgresql"])
def sequence_narrower_than_column(snapshot: Snapshot) -> Iterator[Finding]:
    """A sequence ends before the column that it feeds.

    Why: ``ALTER COLUMN … TYPE bigint`` on a serial column leaves its sequence an ``integer``: the column that was made
    wide in time still stops at 2,147,483,647, with "nextval: reached maximum value of sequence".

    Fix: Give the sequence the column's type. It takes a moment and rewrites nothing.

    Silent when: Both have the same type; the sequence is the wider one; it has the column's type and a ``MAXVALUE`` of
    its own, which somebody chose; it cycles; the column has stopped using it.
    """
    for sequence in snapshot.sequences:
        table = snapshot.table(sequence.table, sequence.schema)
        column = table.column(sequence.column) if table else None
        if table and column and column.identity and not sequence.cycles:
            ends = ceiling(snapshot.dialect, sequence.type), ceiling(snapshot.dialect, column.type)
            if ends[0] and ends[1] and ends[0] < ends[1]:
                yield _finding(snapshot, table, column, sequence)


def _finding(snapshot: Snapshot, table: Table, column: Column, sequence: Sequence) -> Finding:
    name = snapshot.dialect.quote(sequence.schema, sequence.name)
    field = snapshot.columns_field(table, column.name)
    return Finding.about(
        table,
        subject=f"Sequence {sequence.name} is {sequence.type}, its column {table.label}.{column.name} {column.type}",
        detail=f"The column's numbers end at {sequence.maximum:,}.",
        identity=(column.name,),
        written=field,
        evidence=[
            Evidence("type of the sequence", sequence.type, source="pg_sequence"),
            Evidence("type of the column", column.type, source="catalog"),
            *([Evidence("highest number", sequence.last_value, source="pg_sequences")] if sequence.last_value else []),
        ],
        remedy=Remedy(
            action=RunSql(purpose=f"Make the sequence {sequence.name} a {column.type}."),
            orm="Models do not show a sequence: put the SQL into a RunSQL operation.",
            sql=f"ALTER SEQUENCE {name} AS {column.type};",
            undo_sql=f"ALTER SEQUENCE {name} AS {sequence.type};",
        ),
    )
