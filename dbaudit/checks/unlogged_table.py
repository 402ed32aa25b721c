from __future__ import annotations

from collections.abc import Iterator

from dbaudit.facts import Snapshot, Table
from dbaudit.findings import Evidence, Finding, Remedy, RunSql, Severity
from dbaudit.registry import check


@check(severity="warning", needs=["schema"], vendors=["postgresql"])
def unlogged_table(snapshot: Snapshot) -> Iterator[Finding]:
    """A table is emptied by the next crash.

    Why: An ``UNLOGGED`` table is not in the write-ahead log: after a crash or an immediate shutdown it is empty, on
    replicas it does not exist, and a restore to a point in time brings it back empty. It is often what remains of a
    fast load.

    Fix: ``ALTER TABLE … SET LOGGED``. It writes the whole table under a lock.

    Silent when: The table is logged, or is a database cache, which may be lost. A table that no model describes,
    and one of sessions, which only log users out, is a remark. Of a partitioned table one unlogged partition is
    enough.
    """
    for table in snapshot.stored_tables():
        if table.unlogged and not (table.ownership.owner == "django" and not table.ownership.model):
            yield _finding(snapshot, table)


def _finding(snapshot: Snapshot, table: Table) -> Finding:
    change = f"ALTER TABLE {snapshot.dialect.quote(table.schema, table.name)} SET"
    sessions = table.ownership.model == "sessions.Session"
    return Finding.about(
        table,
        subject=f"Table {table.label} is unlogged",
        detail="A crash of the server leaves it empty.",
        identity=(),
        severity=Severity.DEFAULT if table.ownership.model and not sessions else Severity.INFO,
        evidence=[Evidence("persistence", "unlogged", source="pg_class")],
        remedy=Remedy(
            action=RunSql(purpose="Let the write-ahead log keep the table."),
            orm="Models do not say it: put the SQL into a RunSQL operation.",
            sql=f"{change} LOGGED;",
            undo_sql=f"{change} UNLOGGED;",
        ),
    )
