from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from dbaudit.analysis import btree
from dbaudit.analysis.removal import declaration, declaring_field
from dbaudit.facts import Index, Skipped, Snapshot, Table
from dbaudit.findings import Confidence, CreateIndex, EditModel, Evidence, Finding, Remedy, Severity
from dbaudit.registry import check
from dbaudit.sql import ddl, names
from dbaudit.sql.equivalence import enforces

#: NULL is then no answer that an index could help to find; pg-extras begins at a half, where it still may be.
NULL_FRACTION = 0.8
#: Below this there is nothing to save.
MIN_BYTES = 1024 * 1024


@check(severity="info", needs=["schema", "models", "statistics"], vendors=["postgresql"])
def mostly_null_index(snapshot: Snapshot) -> Iterator[Finding | Skipped]:
    """An index consists mostly of NULLs.

    Why: Every row without a value is written into it, and no query finds anything by that: a search for NULL would
    read most of the table anyway.

    Fix: Let a partial index hold the rows that have a value: ``condition=Q(field__isnull=False)``. The planner uses it
    for ``=``, ``IN``, ranges and joins, which never ask for NULL; a foreign key's own lookups are served too.

    Silent when: The index is smaller than 1 MiB, unique or otherwise needed by a constraint, partial already, no
    b-tree, composite or over an expression; less than 80 % of the column is NULL. Queries that say ``isnull=True`` or
    order by the column need the whole index: hence the medium confidence.
    """
    unknown = []
    for table in snapshot.stored_tables():
        for index in table.indexes:
            if not _may_be_partial(index):
                continue
            column = table.column(index.columns[0])
            if column is None or not column.nullable:
                continue
            if column.statistics is None or column.statistics.null_fraction is None:
                unknown.append(index.name)
            elif column.statistics.null_fraction >= NULL_FRACTION:
                yield _finding(snapshot, table, index, column.statistics.null_fraction)
    if unknown:
        yield Skipped.some("mostly_null_index", unknown, "the planner's statistics of its column were not seen.")


def _may_be_partial(index: Index) -> bool:
    return (
        index.method == "btree"
        and len(index.keys) == 1
        and bool(index.columns[0])
        and index.plain
        and index.usable
        and not enforces(index)
        and (index.bytes or 0) >= MIN_BYTES
    )


def _finding(snapshot: Snapshot, table: Table, index: Index, fraction: float) -> Finding:
    declared = declaration(snapshot, table, index)
    evidence = [
        Evidence("NULL", round(100 * fraction, 1), "%", "pg_stats"),
        Evidence("size", index.bytes or 0, "bytes", "catalog"),
    ]
    keys = btree.key_statistics(table, index)
    if keys and index.rows is not None:
        page = int(dict(snapshot.settings)["block_size"])
        filled = (replace(keys[0], null_fraction=0.0, frequencies=()),)
        size = btree.built_bytes(index, filled, round(index.rows * (1 - fraction)), page)
        evidence.append(Evidence("size as a partial index", size, "bytes", "estimated from pg_stats"))
    return Finding.about(
        table,
        subject=f"Index {index.name} of {table.label} is {100 * fraction:.0f} % NULL",
        detail=f"{index.describe()} could leave the rows without {index.columns[0]} out.",
        identity=(index.describe(),),
        severity=Severity.DEFAULT,
        confidence=Confidence.MEDIUM,
        written=declared,
        evidence=evidence,
        remedy=_remedy(snapshot, table, index),
    )


def _remedy(snapshot: Snapshot, table: Table, index: Index) -> Remedy:
    dialect = snapshot.dialect
    key = index.keys[0]
    condition = f"{dialect.quote(key.column)} IS NOT NULL"
    name = names.index_name(table.name, (key.column,), *(["-"] if key.descending else []), condition)
    partial = CreateIndex(
        table=table.label,
        keys=index.keys,
        name=name,
        condition=condition,
        include=index.included,
    )
    create, drop = ddl.create_index(dialect, table, partial), ddl.drop_index(dialect, table, index.name)
    back, undo = ddl.recreate_index(dialect, index), ddl.drop_index(dialect, table, name)
    field = snapshot.columns_field(table, key.column)
    asked = field.name if field else key.column
    orm = f"models.Index(fields=[{asked!r}], name={name!r}, condition=Q({asked}__isnull=False))"
    own = declaring_field(snapshot, table, index)
    if own:
        orm += f", and {own.name} = {own.written}(..., db_index=False)"
        change = f"db_index=False on {own.name}, and a partial index in Meta"
        model = table.ownership.model or table.label
        action = EditModel(model=model, field=own.name, change=change)
        return Remedy(action=action, orm=orm, sql=f"{create}\n{drop}", undo_sql=f"{back}\n{undo}")
    return Remedy(
        action=partial, orm=f"{orm} in place of {index.name!r}", sql=f"{create}\n{drop}", undo_sql=f"{back}\n{undo}"
    )
