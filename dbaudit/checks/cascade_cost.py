from __future__ import annotations

from collections.abc import Iterator

from dbaudit.analysis.relations import Relation, relations
from dbaudit.facts import ModelField, Snapshot
from dbaudit.findings import CreateIndex, Evidence, Finding, Remedy, Severity
from dbaudit.registry import check
from dbaudit.sql import ddl, names
from dbaudit.sql.equivalence import covers_foreign_key

#: Below this many child rows a scan of them costs about as much as an index lookup.
SMALL_ROWS = 1_000


@check(severity="warning", needs=["schema", "models"])
def cascade_cost(snapshot: Snapshot) -> Iterator[Finding]:
    """Deleting a parent reads a whole child table, which no constraint of the database tells.

    Why: Django carries ``on_delete`` out itself: before it deletes rows it asks every model that refers to them, with
    or without a constraint, and ``PROTECT`` and ``RESTRICT`` ask too. Without an index each question reads the whole
    child table, again for every 100 parents or so.

    Fix: Declare an index in ``Meta.indexes`` or take ``db_index=False`` away (not both), or say ``DO_NOTHING`` if the
    children may stay.

    Silent when: The database has the constraint, because then it is `unindexed_foreign_key`; the relation is generic,
    because then it is `unindexed_generic_foreign_key`; any usable index is led by the column; ``on_delete`` is
    ``DO_NOTHING`` or left to the database, so that Django asks nothing. On fewer than 1,000 child rows it is a remark.
    """
    for relation in relations(snapshot):
        field = relation.field
        if relation.constraint is not None or field is None or covers_foreign_key(relation.table, relation.columns):
            continue
        if field.on_delete != "DO_NOTHING" and not field.on_delete.startswith("DB_"):
            yield _finding(snapshot, relation, field)


def _finding(snapshot: Snapshot, relation: Relation, field: ModelField) -> Finding:
    table = relation.table
    [column] = relation.columns
    index = CreateIndex(table=table.label, columns=(column,), name=names.index_name(table.name, (column,)))
    small = table.rows is not None and table.rows < SMALL_ROWS
    evidence = [Evidence("on_delete", field.on_delete, source=f"{table.ownership.model}.{field.name}")]
    for what, one in (("child rows", table), ("parent rows", relation.target)):
        if one.rows is not None:
            evidence.append(Evidence(what, one.rows, "rows", one.rows_are))
    return Finding.about(
        table,
        subject=f"Deleting a {field.related_model} reads all of {table.label}",
        detail=f"Django looks for its children by {column}, and no usable index of {table.label} starts with it.",
        identity=(column,),
        severity=Severity.INFO if small else Severity.DEFAULT,
        written=field,
        evidence=evidence,
        remedy=Remedy(
            action=index,
            orm=f"models.Index(fields={[field.name]!r}, name={index.name!r})",
            sql=ddl.create_index(snapshot.dialect, table, index),
            undo_sql=ddl.drop_index(snapshot.dialect, table, index.name),
        ),
    )
