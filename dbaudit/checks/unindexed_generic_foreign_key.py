from __future__ import annotations

from collections.abc import Iterator

from dbaudit.facts import GenericKey, Model, Snapshot, Table
from dbaudit.findings import CreateIndex, Evidence, Finding, Remedy, Severity
from dbaudit.registry import check
from dbaudit.sql import ddl, names
from dbaudit.sql.equivalence import covers_foreign_key

#: Below this many rows a scan costs about as much as an index lookup.
SMALL_ROWS = 1_000


@check(severity="warning", needs=["schema", "models"])
def unindexed_generic_foreign_key(snapshot: Snapshot) -> Iterator[Finding]:
    """A generic foreign key has no index to look it up by.

    Why: A ``GenericForeignKey`` brings none. Everything that hangs on a row is found by content type and key: each
    generic relation, each prefetch of one, and each delete of a row whose model has a ``GenericRelation``. The content
    type's own index leaves all rows of that type to be read.

    Fix: Declare an index on the two fields, as Django's documentation advises.

    Silent when: A usable index or unique constraint is led by the two columns in either order, or by the key alone,
    which a handful of rows share. Partial indexes do not count. On a table of fewer than 1,000 rows it is a remark, and
    so it is in an application that is not the project's.
    """
    for table in snapshot.stored_tables():
        for model in snapshot.models_of(table):
            for key in model.generic_keys:
                there = table.column(key.type_column) and table.column(key.key_column)
                if there and not _covered(table, key):
                    yield _finding(snapshot, table, model, key)


def _covered(table: Table, key: GenericKey) -> bool:
    return covers_foreign_key(table, (key.type_column, key.key_column)) or covers_foreign_key(table, (key.key_column,))


def _finding(snapshot: Snapshot, table: Table, model: Model, key: GenericKey) -> Finding:
    columns = (key.type_column, key.key_column)
    index = CreateIndex(table=table.label, columns=columns, name=names.index_name(table.name, columns))
    cascading = sorted(one.label for one in snapshot.models if model.label in one.generic_relations)
    evidence = []
    if table.rows is not None:
        evidence.append(Evidence("rows", table.rows, "rows", table.rows_are))
    if cascading:
        evidence.append(Evidence("deleting one of these reads it", ", ".join(cascading), source="GenericRelation"))
    small = table.rows is not None and table.rows < SMALL_ROWS
    return Finding.about(
        table,
        subject=f"Generic foreign key {model.label}.{key.name} has no index",
        detail=f"No usable index of {table.label} starts with {' and '.join(columns)}, or with {key.key_column}.",
        identity=columns,
        severity=Severity.INFO if small or model.owner != "project" else Severity.DEFAULT,
        location=key.location,
        evidence=evidence,
        remedy=Remedy(
            action=index,
            orm=f'models.Index(fields=["{key.type_field}", "{key.key_field}"], name="{index.name}")',
            sql=ddl.create_index(snapshot.dialect, table, index),
            undo_sql=ddl.drop_index(snapshot.dialect, table, index.name),
        ),
    )
