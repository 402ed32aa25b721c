from __future__ import annotations

from collections.abc import Iterator

from dbaudit.facts import Index, Snapshot, Table
from dbaudit.findings import DropIndex, Evidence, Finding, Remedy, RunSql, Severity
from dbaudit.registry import check
from dbaudit.sql import ddl

LEFTOVERS = ("_ccnew", "_ccold")


@check(severity="error", needs=["schema"], vendors=["postgresql"])
def invalid_index(snapshot: Snapshot) -> Iterator[Finding]:
    """An index is invalid: the planner never uses it, writes may still pay for it.

    Why: A concurrent build or drop that failed leaves it behind. ``CREATE INDEX IF NOT EXISTS`` then reports success
    on it, Django's ``AddIndexConcurrently`` fails for ever after, and an invalid unique index can still reject rows.

    Fix: ``REINDEX INDEX CONCURRENTLY`` it. A leftover of a failed ``REINDEX CONCURRENTLY`` (``_ccnew``, ``_ccold``)
    is dropped.

    Silent when: It is being built right now, or it belongs to a partitioned table whose partitions are still being
    attached (the parent of ``CREATE INDEX ON ONLY`` is invalid until every partition has its part).
    """
    for table in snapshot.tables:
        for index in table.indexes:
            if not (index.valid and index.live) and not index.building and not index.partitioned:
                yield _finding(snapshot, table, index)


def _finding(snapshot: Snapshot, table: Table, index: Index) -> Finding:
    dialect = snapshot.dialect
    leftover = any(mark in index.name for mark in LEFTOVERS)
    costs = "Writes maintain it." if index.ready else "It is not maintained yet."
    if index.unique and index.ready:
        costs = "Writes maintain it, and it rejects duplicates."
    if index.unique and not leftover:
        costs += " Until it is valid, nothing says that its columns are unique: rows may be alike already."
    if leftover or not index.live:
        remedy = Remedy(
            action=DropIndex(table=table.label, name=index.name, definition=index.definition),
            orm="No model change: the index that the model declares is another one.",
            sql=ddl.drop_index(dialect, table, index.name),
            undo_sql=ddl.recreate_index(dialect, index),
        )
    else:
        name = dialect.quote(table.schema, index.name)
        remedy = Remedy(
            action=RunSql(purpose="Rebuild the index so that the planner can use it."),
            orm="No model change.",
            sql=f"REINDEX INDEX CONCURRENTLY {name};",
            undo_sql=ddl.drop_index(dialect, table, index.name),
        )
    return Finding.about(
        table,
        subject=f"Index {index.name} is {'a leftover of REINDEX' if leftover else 'invalid'}",
        detail=f"{table.label} {index.describe()} cannot be used by the planner. {costs}",
        identity=(index.describe(), "leftover" if leftover else "invalid"),
        severity=Severity.WARNING if leftover else Severity.DEFAULT,
        evidence=[
            Evidence("indisvalid", str(index.valid).lower(), source="pg_index"),
            Evidence("indisready", str(index.ready).lower(), source="pg_index"),
            Evidence("build in progress", "none", source="pg_stat_progress_create_index"),
        ],
        remedy=remedy,
    )
