from __future__ import annotations

from collections.abc import Iterator

from dbaudit.analysis.removal import declaration
from dbaudit.facts import Index, Snapshot, Table
from dbaudit.findings import CreateIndex, Evidence, Finding, Remedy, Severity
from dbaudit.registry import check
from dbaudit.sql import ddl, names
from dbaudit.sql.equivalence import not_null_columns

#: From this server on, "IS NOT NULL" of such a column is struck from a query before its indexes are considered.
STRUCK_SINCE = 17


@check(severity="info", needs=["schema", "models"])
def needless_index_predicate(snapshot: Snapshot) -> Iterator[Finding]:
    """A partial index leaves out rows that cannot exist.

    Why: Its whole condition is that columns are not NULL which never are, so it holds every row. Yet the planner uses
    it only for queries that say something of these columns. From PostgreSQL 17 on not even the condition's own words
    in the query help, because the server strikes them as always true.

    Fix: Declare the index without the condition.

    Silent when: The condition asks anything else as well, the column is nullable, or the index has no condition.
    Queries of the column itself do use the index, so it is a remark where the column leads it.
    """
    for table in snapshot.stored_tables():
        never_null = {column.name.lower() for column in table.columns if not column.nullable}
        nullable = {column.name.lower() for column in table.columns if column.nullable}
        for index in table.indexes:
            asked = not_null_columns(index.predicate)
            if asked and asked <= never_null - nullable:
                yield _finding(snapshot, table, index, asked)


def _finding(snapshot: Snapshot, table: Table, index: Index, asked: frozenset[str]) -> Finding:
    declared = declaration(snapshot, table, index)
    leads = asked == {index.columns[0].lower()}
    hurts = not leads and table.ownership.owner == "project"
    version = int(snapshot.server_version.partition(".")[0])
    used = "Only queries that say something of them can use it."
    if snapshot.vendor == "postgresql" and version >= STRUCK_SINCE:
        used = "Only queries that compare them with something can use it: the server strikes IS NOT NULL from a query."
    columns = ", ".join(sorted(asked))
    return Finding.about(
        table,
        subject=f"The condition of index {index.name} on {table.label} is always true",
        detail=f"{columns} can never be NULL. {used}",
        identity=(index.describe(),),
        severity=Severity.WARNING if hurts else Severity.INFO,
        written=declared,
        evidence=[
            Evidence("condition", index.predicate, source="catalog"),
            Evidence("nullable", "false", source=f"catalog, {columns}"),
        ],
        remedy=_remedy(snapshot, table, index),
    )


def _remedy(snapshot: Snapshot, table: Table, index: Index) -> Remedy:
    dialect = snapshot.dialect
    kept = tuple(column for column in index.columns if column)
    name = names.index_name(table.name, kept, "whole")
    orm = f"Take the condition off {index.name!r} in the Meta of {table.ownership.model or table.label}."
    whole = CreateIndex(
        table=table.label,
        keys=index.keys,
        name=name,
        include=index.included,
        unique=index.unique,
        method="" if index.method == "btree" else index.method,
    )
    return Remedy(
        action=whole,
        orm=orm,
        sql=f"{ddl.create_index(dialect, table, whole)}\n{ddl.drop_index(dialect, table, index.name)}",
        undo_sql=f"{ddl.recreate_index(dialect, index)}\n{ddl.drop_index(dialect, table, name)}",
    )
