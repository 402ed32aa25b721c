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

    The index of a partitioned table that was made by ``CREATE INDEX ON ONLY`` is invalid until every partition has its
    part: what is attached is used, the other partitions are read whole, and new ones get no part of it.

    Fix: ``REINDEX INDEX CONCURRENTLY`` it. A leftover of a failed ``REINDEX CONCURRENTLY`` (``_ccnew``, ``_ccold``)
    is dropped. For a partitioned table build the missing parts and attach them. What made a unique one fail is rows
    that are alike: the advice begins with the query for them, because the rebuild fails as long as there are any.

    Silent when: It is being built right now.
    """
    for table in snapshot.tables:
        for index in table.indexes:
            if index.partitioned and not index.valid and not index.building:
                yield _half_attached(snapshot, table, index)
            elif not (index.valid and index.live) and not index.building:
                yield _finding(snapshot, table, index)


def _half_attached(snapshot: Snapshot, table: Table, index: Index) -> Finding:
    parent = snapshot.dialect.quote(table.schema, table.name)
    name = snapshot.dialect.quote(table.schema, index.name)
    orm = (
        "No model change. For each partition that the statement names: CREATE INDEX CONCURRENTLY on it with the same "
        f"keys, then ALTER INDEX {name} ATTACH PARTITION its index. With the last one the index becomes valid."
    )
    sql = (
        f"SELECT part.inhrelid::regclass FROM pg_inherits part WHERE part.inhparent = '{_literal(parent)}'::regclass "
        "AND NOT EXISTS (SELECT FROM pg_inherits attached JOIN pg_index i ON i.indexrelid = attached.inhrelid "
        f"WHERE attached.inhparent = '{_literal(name)}'::regclass AND i.indrelid = part.inhrelid);"
    )
    return Finding.about(
        table,
        subject=f"Index {index.name} of the partitioned table is invalid: some partitions have no part of it",
        detail=f"{table.label} {index.describe()}: a partition without a part of it is read whole.",
        identity=(index.describe(), "half attached"),
        severity=Severity.WARNING,
        evidence=[
            Evidence("indisvalid", "false", source="pg_index"),
            Evidence("partitions", table.partitions, "tables", "pg_inherits"),
        ],
        remedy=Remedy(action=RunSql(purpose="Name the partitions that lack their part."), orm=orm, sql=sql),
    )


def _literal(text: str) -> str:
    return text.replace("'", "''")


def _finding(snapshot: Snapshot, table: Table, index: Index) -> Finding:
    dialect = snapshot.dialect
    leftover = any(mark in index.name for mark in LEFTOVERS)
    costs = "Writes maintain it." if index.ready else "It is not maintained yet."
    if index.unique and index.ready:
        costs = "Writes maintain it, and it rejects duplicates."
    if index.unique and not leftover:
        costs += " Nothing enforces meanwhile that its columns are unique. A rebuild fails on rows that are alike."
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
            sql=f"{_duplicates(snapshot, table, index)}REINDEX INDEX CONCURRENTLY {name};",
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


def _duplicates(snapshot: Snapshot, table: Table, index: Index) -> str:
    """The query for the rows that keep a unique index from being built, ``""`` for an index that is not unique."""
    if not index.unique:
        return ""
    quote = snapshot.dialect.quote
    keys = [quote(key.column) if key.column else f"({key.expression})" for key in index.keys]
    nullable = [key.column for key in index.keys if (column := table.column(key.column)) and column.nullable]
    conditions = [f"{quote(name)} IS NOT NULL" for name in nullable if index.nulls_distinct]
    conditions += [f"({index.predicate})"] if index.predicate else []
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    listed = ", ".join(keys)
    rows = f"SELECT {listed}, count(*) FROM {quote(table.schema, table.name)}{where}"
    return f"{rows} GROUP BY {listed} HAVING count(*) > 1;\n-- Put these rows right first; then:\n"
