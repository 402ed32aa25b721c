from __future__ import annotations

from collections.abc import Iterator

from dbaudit.analysis.column_types import naive
from dbaudit.facts import Column, ModelField, Skipped, Snapshot, Table
from dbaudit.findings import Evidence, Finding, Remedy, RunSql, Severity
from dbaudit.registry import check


@check(severity="warning", needs=["schema", "models"], vendors=["postgresql"])
def naive_timestamp(snapshot: Snapshot) -> Iterator[Finding | Skipped]:
    """A moment is kept without its time zone.

    Why: With ``USE_TZ`` Django works with aware datetimes. Out of ``timestamp without time zone`` it gets naive ones,
    which cannot be compared with ``timezone.now()`` (``TypeError``); what is written is turned into the session's zone
    and read by other programs as theirs. Django's own columns are ``timestamp with time zone``: this one was made by
    hand, by another program, or came with a converted database.

    Fix: Change the column's type, and say in which zone the moments that are there were meant.

    Silent when: ``USE_TZ`` is off; the column has a time zone, or is a date or a time; the model's field is of another
    kind than ``DateTimeField``, so that somebody chose. In a table that no model describes it is a remark.
    """
    if snapshot.posture is None:
        yield Skipped("naive_timestamp", "Whether the project uses time zones was not read.")
        return
    for table, column in naive(snapshot):
        yield _finding(snapshot, table, column, snapshot.columns_field(table, column.name))


def _finding(snapshot: Snapshot, table: Table, column: Column, field: ModelField | None) -> Finding:
    name = snapshot.dialect.quote(column.name)
    change = f"ALTER TABLE {snapshot.dialect.quote(table.schema, table.name)} ALTER COLUMN {name} TYPE"
    aware = column.type.replace(" without ", " with ")
    return Finding.about(
        table,
        subject=f"{table.label}.{column.name} has no time zone",
        detail="Django reads naive datetimes out of it." if field else "The project works with aware datetimes.",
        identity=(column.name,),
        severity=Severity.DEFAULT if field else Severity.INFO,
        written=field,
        evidence=[
            Evidence("type of the column", column.type, source="catalog"),
            Evidence("USE_TZ", "True", source="settings"),
        ],
        remedy=Remedy(
            action=RunSql(purpose=f"Give {column.name} a time zone; 'UTC' stands for the zone that was meant."),
            orm="Django believes that the column has one: no migration sees it. Put the SQL into a RunSQL operation.",
            sql=f"{change} {aware} USING {name} AT TIME ZONE 'UTC';",
            undo_sql=f"{change} {column.type} USING {name} AT TIME ZONE 'UTC';",
        ),
    )
