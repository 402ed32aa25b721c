from __future__ import annotations

import re
from collections.abc import Iterator

from dbaudit.analysis.removal import declaration
from dbaudit.facts import DefaultFilter, Index, Model, Snapshot, Table
from dbaudit.findings import Confidence, EditModel, Evidence, Finding, Remedy
from dbaudit.registry import check
from dbaudit.sql.equivalence import depends_on, serves_foreign_key

#: Below this many rows a smaller index saves nothing that anybody would notice.
MIN_ROWS = 10_000
#: From this part of deleted rows on an index without them is worth it.
DELETED_SHARE = 0.2
#: What teams call the column.
_DELETED = re.compile(r"delet|remov|archiv|trash|discard", re.IGNORECASE)
# Values that are made anew for each row never meet those of a deleted one.
GENERATED = ("UUIDField", "AutoField", "BigAutoField", "SmallAutoField")


@check(severity="info", needs=["schema", "models"])
def soft_delete_without_partial_index(snapshot: Snapshot) -> Iterator[Finding]:
    """A default manager leaves deleted rows out, and an index or a unique constraint keeps them.

    Why: A deleted row goes on taking its key: who deletes a customer and enters it again meets a unique constraint
    over a row that no query shows. An index over all rows is as large as everything that ever was.

    Fix: Give the constraint or the index the manager's condition: ``condition=Q(deleted_at__isnull=True)``.

    Silent when: The default manager has no such condition on a column whose name says that it is about deletion
    (``delet``, ``remov``, ``archiv``, ``trash``, ``discard``), or raises; the index has the column among its keys or
    in its condition; it is the primary key, the target of a foreign key, serves one, or its field is a UUID; it is not
    unique, and the table has fewer than 10,000 rows or less than a fifth of them are known to be deleted; it is unique,
    and another index of the table has the manager's condition, so that whoever wrote it means withdrawn keys to stay
    taken; the application is not the project's.
    """
    for table in snapshot.stored_tables():
        for model in snapshot.models_of(table):
            kept = next((one for one in model.default_filters if _DELETED.search(one.column)), None)
            if kept is None or model.owner != "project" or table.column(kept.column) is None:
                continue
            chosen = any(one.predicate and depends_on(one, kept.column) for one in table.indexes)
            for index in table.indexes:
                counts = not chosen if index.unique else _worth_it(table, kept)
                if counts and _ignores(table, model, index, kept):
                    yield _finding(snapshot, table, model, index, kept)


def _ignores(table: Table, model: Model, index: Index, kept: DefaultFilter) -> bool:
    if not index.usable or not index.complete or index.primary or index.referenced or depends_on(index, kept.column):
        return False
    kinds = {field.kind for field in model.fields if field.column in index.columns}
    return not kinds & {*GENERATED} and (index.unique or not serves_foreign_key(table, index))


def _worth_it(table: Table, kept: DefaultFilter) -> bool:
    column = table.column(kept.column)
    seen = column.statistics.null_fraction if column and column.statistics and kept.asks == "null" else None
    return seen is not None and (table.rows or 0) >= MIN_ROWS and 1 - seen >= DELETED_SHARE


def _finding(snapshot: Snapshot, table: Table, model: Model, index: Index, kept: DefaultFilter) -> Finding:
    condition = f"Q({kept.field}__isnull=True)" if kept.asks == "null" else f"Q({kept.field}=False)"
    declared = declaration(snapshot, table, index)
    what = "constraint" if index.unique else "index"
    where = f"{'UniqueConstraint' if index.unique else 'Index'}(..., condition={condition})"
    effect = "their keys stay taken" if index.unique else "it is as large as all of them"
    columns = ", ".join(filter(None, index.columns)) or index.describe()
    change = f"Declare the {what} over {columns} in the Meta with condition={condition}."
    evidence = [Evidence("default manager", condition, source="model")]
    if table.rows is not None:
        evidence.append(Evidence("rows", table.rows, "rows", table.rows_are))
    return Finding.about(
        table,
        subject=f"The unique {what} over {columns} of {table.label} keeps deleted rows"
        if index.unique
        else f"The index over {columns} of {table.label} keeps deleted rows",
        detail=f"The default manager of {model.label} shows {condition} alone; {index.name} has all rows: {effect}.",
        identity=(index.describe(),),
        confidence=Confidence.MEDIUM,
        written=declared,
        evidence=evidence,
        remedy=Remedy(action=EditModel(model=model.label, change=change), orm=f"models.{where}"),
    )
