from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from dbaudit.facts import ForeignKey, Snapshot, Table
from dbaudit.findings import CreateIndex, Evidence, Finding, Remedy, Severity
from dbaudit.registry import check
from dbaudit.sql import ddl, names
from dbaudit.sql.equivalence import covers_foreign_key

#: Below this many child rows a scan of them costs about as much as an index lookup.
SMALL_ROWS = 1_000


@check(severity="warning", needs=["schema", "models"])
def unindexed_foreign_key(snapshot: Snapshot) -> Iterator[Finding]:
    """A foreign key has no index to look it up by.

    Why: Every delete or key update of a parent row looks for its children, Django collects them for ``on_delete``,
    and every reverse accessor and join filters by the column. Without an index each of these reads the whole child
    table.

    Fix: Declare an index in ``Meta.indexes``, best a composite one that starts with the column and serves a query, too;
    or take ``db_index=False`` away, which lets Django make one: not both.

    Silent when: Any usable b-tree is led by the columns in any order, a hash index holds the single column, the
    primary key starts with them (multi-table inheritance), a partial index says ``IS NOT NULL`` of the column, or the
    index of a partitioned table only waits for the parts of some partitions (`invalid_index`). Partial indexes with
    another condition, GIN, GiST, BRIN and other invalid indexes do not count. On a child table of fewer than 1,000 rows
    it is a remark.
    """
    for table in map(_once_attached, snapshot.stored_tables()):
        seen: set[tuple[str, ...]] = set()
        for key in sorted(table.foreign_keys, key=lambda one: one.name):
            if key.columns not in seen and not covers_foreign_key(table, key.columns):
                seen.add(key.columns)
                yield _finding(snapshot, table, key)


def _once_attached(table: Table) -> Table:
    """The table with the indexes whose parts are still to be attached taken for valid."""
    indexes = tuple(replace(index, valid=True) if index.partitioned else index for index in table.indexes)
    return replace(table, indexes=indexes) if table.kind == "partitioned table" else table


def _finding(snapshot: Snapshot, table: Table, key: ForeignKey) -> Finding:
    field = snapshot.columns_field(table, key.columns[0]) if len(key.columns) == 1 else None
    small = table.rows is not None and table.rows < SMALL_ROWS
    columns = ", ".join(key.columns)
    index = CreateIndex(table=table.label, columns=key.columns, name=names.index_name(table.name, key.columns))
    evidence = [Evidence("constraint", key.name or f"({columns})", source="catalog")]
    if table.rows is not None:
        evidence.append(Evidence("child rows", table.rows, "rows", table.rows_are))
    if field:
        evidence.append(Evidence("on_delete", field.on_delete, source=f"{table.ownership.model}.{field.name}"))
    return Finding.about(
        table,
        subject=f"Foreign key {table.label}.{columns} → {key.target_table} has no index",
        detail=f"No usable index of {table.label} starts with {columns}.",
        identity=key.columns,
        severity=Severity.INFO if small else Severity.DEFAULT,
        written=field,
        evidence=evidence,
        remedy=Remedy(
            action=index,
            orm=f"models.Index(fields={[field.name] if field else [*key.columns]!r}, name={index.name!r})",
            sql=ddl.create_index(snapshot.dialect, table, index),
            undo_sql=ddl.drop_index(snapshot.dialect, table, index.name),
        ),
    )
