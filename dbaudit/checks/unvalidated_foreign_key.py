from __future__ import annotations

from collections.abc import Iterator

from dbaudit.facts import ForeignKey, Snapshot, Table
from dbaudit.findings import AddConstraint, Evidence, Finding, Remedy
from dbaudit.registry import check
from dbaudit.sql import ddl


@check(severity="warning", needs=["schema"], vendors=["postgresql"])
def unvalidated_foreign_key(snapshot: Snapshot) -> Iterator[Finding]:
    """A foreign key is there, but does not hold for every row.

    Why: Added as ``NOT VALID`` it was never compared with the rows that were there before; ``NOT ENFORCED`` (PostgreSQL
    18) it is compared with none. Rows may refer to parents that do not exist, and the planner does not rely on it.

    Fix: Validate it: that reads the child table once and blocks neither readers nor writers. If it fails, `orphan_rows`
    counts the rows that are in the way. One that is not enforced is first enforced, or else dropped.

    Silent when: The constraint is valid and enforced. Of a partitioned table the parent's constraint speaks for all
    partitions.
    """
    for table in snapshot.stored_tables():
        for key in table.foreign_keys:
            if key.enforced is False or key.validated is False:
                yield _finding(snapshot, table, key)


def _finding(snapshot: Snapshot, table: Table, key: ForeignKey) -> Finding:
    columns = ", ".join(key.columns)
    quoted = snapshot.dialect.quote(table.schema, table.name)
    name = snapshot.dialect.quote(key.name)
    field = snapshot.columns_field(table, key.columns[0]) if len(key.columns) == 1 else None
    if key.enforced is False:
        state, detail = "NOT ENFORCED", "The server compares no row with it."
        sql, undo_sql = (f"ALTER TABLE {quoted} ALTER CONSTRAINT {name} {word}ENFORCED;" for word in ("", "NOT "))
    else:
        state, detail = "NOT VALID", "Rows that are older than the constraint were never compared with it."
        sql, undo_sql = ddl.validate_constraint(snapshot.dialect, table, key.name), ""
    return Finding.about(
        table,
        subject=f"Foreign key {table.label}.{columns} → {key.target_table} is {state}",
        detail=detail,
        identity=(*key.columns, "→", key.target_table),
        written=field,
        evidence=[Evidence(f"constraint {key.name}", state, source="pg_constraint")],
        remedy=Remedy(
            action=AddConstraint(table=table.label, columns=key.columns, constraint="foreign key"),
            orm=f'ValidateConstraint(model_name="{table.ownership.model.rpartition(".")[2].lower()}", '
            f'name="{key.name}") of django.contrib.postgres.operations'
            if table.ownership.model and state == "NOT VALID"
            else "",
            sql=sql,
            undo_sql=undo_sql,
        ),
    )
