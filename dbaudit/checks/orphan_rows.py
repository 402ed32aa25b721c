from __future__ import annotations

from collections.abc import Iterator

from dbaudit.analysis.relations import Relation, relations
from dbaudit.facts import Orphans, Skipped, Snapshot
from dbaudit.findings import Evidence, Finding, Remedy, RunSql
from dbaudit.registry import check


@check(severity="error", needs=["schema", "models", "data"])
def orphan_rows(snapshot: Snapshot) -> Iterator[Finding | Skipped]:
    """Rows refer to a row that does not exist.

    Why: Following the reference raises ``DoesNotExist`` in Django, joins silently leave the rows out, so that totals
    differ from page to page. On SQLite the next migration that rebuilds the table stops with an ``IntegrityError``; on
    PostgreSQL the constraint that should be there cannot be validated.

    Fix: Look at the rows, then restore their parents, set the column to NULL, or delete them; afterwards let a
    constraint keep it so.

    Silent when: No row is without its parent; a valid and enforced constraint of the server holds, so there is nothing
    to read; the column is NULL, in any part of a composite key; the models or the tables do not belong to this
    database; the model says ``db_constraint=False`` and ``DO_NOTHING``, as histories do, whose rows outlive what they
    tell of. A table above the size limit is named as not examined unless ``--read-data`` or
    ``DBAUDIT["READ_DATA"]`` asks for it. Only the number of rows is told, never a value.
    """
    if snapshot.data is None:
        yield Skipped("orphan_rows", "No rows were read.")
        return
    found = {
        (one.table.schema, one.table.name, one.columns, one.target.schema, one.target.name): one
        for one in relations(snapshot)
    }
    for orphans in snapshot.data.orphans:
        place = (orphans.schema, orphans.table, orphans.columns, orphans.target_schema, orphans.target_table)
        if relation := found.get(place):
            yield _finding(snapshot, relation, orphans)


def _finding(snapshot: Snapshot, relation: Relation, orphans: Orphans) -> Finding:
    table, target, field = relation.table, relation.target, relation.field
    quote = snapshot.dialect.quote
    pairs = [(quote(here), quote(there)) for here, there in zip(relation.columns, relation.target_columns, strict=True)]
    condition = " AND ".join(f"c.{here} IS NOT NULL" for here, _ in pairs)
    same = " AND ".join(f"p.{there} = c.{here}" for here, there in pairs)
    orphaned = (
        f"FROM {quote(table.schema, table.name)} c WHERE {condition} AND NOT EXISTS "
        f"(SELECT 1 FROM {quote(target.schema, target.name)} p WHERE {same});"
    )
    if relation.constraint is None:
        why = "The database has no constraint on the column."
    elif snapshot.vendor == "sqlite":
        why = "SQLite holds a constraint only in connections that switch foreign keys on, as Django's do."
    else:
        why = "The database's constraint was never applied to all rows."
    return Finding.about(
        table,
        subject=f"Rows of {table.label} refer to rows of {target.label} that do not exist",
        detail=f"{', '.join(relation.columns)} has values without a parent. {why}",
        identity=(*relation.columns, "→", target.label),
        written=field,
        evidence=[
            Evidence("rows without their parent", orphans.rows, "rows", "counted", f"SELECT count(*) {orphaned}")
        ],
        remedy=Remedy(
            action=RunSql(purpose="Look at the rows; restore the parents, set the column to NULL, or delete the rows."),
            orm=f"{table.ownership.model.rpartition('.')[2]}._base_manager.exclude({field.name}=None)"
            f".exclude({field.name}__in={field.related_model.rpartition('.')[2]}._base_manager.all())"
            if field
            else "",
            sql=f"SELECT c.* {orphaned}",
        ),
    )
