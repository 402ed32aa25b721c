from __future__ import annotations

from collections.abc import Iterator

from dbaudit.facts import KeyPosition, Skipped, Snapshot, Table
from dbaudit.findings import Evidence, Finding, Remedy, RunSql, Severity
from dbaudit.findings.commands import manage
from dbaudit.registry import check


@check(severity="error", needs=["schema", "data"], vendors=["postgresql"])
def sequence_behind(snapshot: Snapshot) -> Iterator[Finding | Skipped]:
    """A sequence is behind the keys that are in its table.

    Why: Rows were loaded with their keys (``loaddata``, ``COPY``, a restored table, ``objects.create(pk=…)``), and the
    sequence was not told. It gives out numbers that rows have already: the insert fails with ``duplicate key value
    violates unique constraint``, once for each such row.

    Fix: Set the sequence to the highest key: ``manage.py sqlsequencereset`` writes the statements for an application.

    Silent when: The next number is above every key, also after ``RESTART WITH``; the table is empty; the column is not
    unique, so that nothing fails, or no longer takes its numbers from the sequence; the sequence counts downwards or
    cycles; the database is SQLite, which looks at the keys themselves. Where the next number is still free and only
    later ones are taken it is a warning. What the role may not read is named as not examined.
    """
    if snapshot.data is None:
        yield Skipped("sequence_behind", "No rows were read.")
        return
    hidden = sorted(one.name for one in snapshot.sequences if one.table and not one.readable)
    if hidden:
        yield Skipped("sequence_behind", f"The role may not read {', '.join(hidden)}.")
    for key in snapshot.data.keys:
        table = snapshot.table(key.table, key.schema)
        if table is None or key.maximum is None or key.next_value is None or not _unique(table, key.column):
            continue
        if key.next_value <= key.maximum:
            yield _finding(snapshot, table, key, key.maximum, key.next_value)


def _unique(table: Table, column: str) -> bool:
    return table.primary_key == (column,) or any(
        index.unique and index.plain and index.columns == (column,) for index in table.indexes
    )


def _finding(snapshot: Snapshot, table: Table, key: KeyPosition, maximum: int, following: int) -> Finding:
    quote = snapshot.dialect.quote
    name, column = quote(table.schema, table.name), quote(key.column)
    literal = name.replace("'", "''")
    field = snapshot.columns_field(table, key.column)
    app = table.ownership.app
    return Finding.about(
        table,
        subject=f"The sequence of {table.label}.{key.column} is behind its rows",
        detail=f"It gives {following:,} next, "
        + (
            "which a row has already: the next insert fails."
            if key.taken
            else f"and will meet rows that are there before it has passed {maximum:,}."
        ),
        identity=(key.column,),
        severity=Severity.DEFAULT if key.taken else Severity.WARNING,
        written=field,
        evidence=[
            Evidence("next number", following, source="the sequence"),
            Evidence(
                "highest key", maximum, source="max() by the key's index", sql=f"SELECT max({column}) FROM {name}"
            ),
        ],
        remedy=Remedy(
            action=RunSql(purpose="Set the sequence to the highest key."),
            orm=f"{manage('sqlsequencereset', app, '--database', snapshot.alias)} | "
            f"{manage('dbshell', '--database', snapshot.alias)}"
            if app
            else "",
            sql=f"SELECT setval(pg_get_serial_sequence('{literal}', '{key.column.replace(chr(39), chr(39) * 2)}'), "
            f"max({column})) FROM {name};",
        ),
    )
