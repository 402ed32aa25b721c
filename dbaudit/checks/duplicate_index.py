from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from dbaudit.facts import Index, Snapshot, Table
from dbaudit.findings import DropIndex, Evidence, Finding, Remedy, Severity
from dbaudit.registry import check
from dbaudit.sql import ddl
from dbaudit.sql.equivalence import Signature, keep_order, knowable, signature


@check(severity="warning", needs=["schema"])
def duplicate_index(snapshot: Snapshot) -> Iterator[Finding]:
    """Two indexes are the same.

    Why: Each is written on every insert and kept in memory, and the planner needs only one. Both have the same table,
    access method, key columns or expressions, opclasses, collations, directions, included columns, predicate and
    uniqueness; only the name differs.

    Fix: Drop the one that nothing depends on. Where a model declares both, take one declaration out and let a
    migration drop it.

    Silent when: They differ in any of the above (Django's ``_like`` companion has another opclass; a variant with
    INCLUDE or a predicate is another index); one of them is invalid; every one of them enforces a constraint that the
    others do not.
    """
    for table in snapshot.tables:
        alike: defaultdict[Signature, list[Index]] = defaultdict(list)
        for index in table.indexes:
            if index.usable and knowable(index):
                alike[signature(index)].append(index)
        groups = [group for group in alike.values() if len(group) > 1]
        if not groups:
            continue
        expected = snapshot.expected_table(table.name, table.schema)
        names = {index.name for index in expected.indexes} if expected else set()
        for group in groups:
            kept, *others = sorted(group, key=lambda index: keep_order(index, names))
            for spare in others:
                if not _stands_for_more(spare):
                    by_hand = kept.name in names and spare.name not in names
                    yield _finding(snapshot, table, kept, spare, by_hand=by_hand)


def _stands_for_more(index: Index) -> bool:
    return (
        index.primary
        or index.constraint == "exclusion"
        or index.referenced
        or index.replica_identity
        or index.clustered
    )


def _finding(snapshot: Snapshot, table: Table, kept: Index, spare: Index, *, by_hand: bool) -> Finding:
    sql, undo = _drop(snapshot, table, spare)
    return Finding.about(
        table,
        subject=f"Index {spare.name} repeats {kept.name}",
        detail=f"Both are {'unique ' if kept.unique else ''}indexes on {table.label} {kept.describe()}.",
        identity=("unique" if spare.unique else "plain", spare.describe()),
        severity=Severity.DEFAULT if table.ownership.owner == "project" else Severity.INFO,
        evidence=[
            Evidence("kept", kept.name, source="catalog"),
            Evidence("same definition", spare.definition or spare.describe(), source="catalog"),
            *(
                [Evidence("size of the spare index", spare.bytes, "bytes", "catalog")]
                if spare.bytes is not None
                else []
            ),
        ],
        remedy=Remedy(
            action=DropIndex(table=table.label, name=spare.name, definition=spare.definition),
            orm=f"No model declares {spare.name!r}: drop it by the SQL."
            if by_hand
            else f"Take {spare.name!r} out of {table.ownership.model or table.label} and run makemigrations.",
            sql=sql,
            undo_sql=undo,
            verification="The definitions were compared field by field in the database's catalog.",
        ),
    )


def _drop(snapshot: Snapshot, table: Table, spare: Index) -> tuple[str, str]:
    """The statement that drops it and the one that brings it back; none for a key that SQLite keeps inside the
    table."""
    dialect = snapshot.dialect
    if not spare.constraint:
        return ddl.drop_index(dialect, table, spare.name), ddl.recreate_index(dialect, spare)
    if not spare.constraint_name or dialect.vendor == "sqlite":
        return "", ""
    return (
        ddl.drop_constraint(dialect, table, spare.constraint_name),
        ddl.add_unique(dialect, table, spare.constraint_name, spare.columns),
    )
