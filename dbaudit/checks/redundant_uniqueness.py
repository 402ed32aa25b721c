from __future__ import annotations

from collections.abc import Iterator

from dbaudit.analysis.removal import declaration
from dbaudit.facts import Index, Snapshot, Table
from dbaudit.findings import Confidence, CreateIndex, DropIndex, Evidence, Finding, Remedy, Severity
from dbaudit.registry import check
from dbaudit.sql import ddl, names
from dbaudit.sql.equivalence import covers, implies_unique, keep_order


@check(severity="info", needs=["schema", "models"])
def redundant_uniqueness(snapshot: Snapshot) -> Iterator[Finding]:
    """A unique constraint can never be violated, because a narrower one already forbids it.

    Why: Where ``a`` is unique, ``(b, a)`` is unique as well. The wider constraint enforces nothing; its index is
    searched for a conflict by every insert, and a unique index cannot keep equal keys once.

    Fix: Make it a plain index, because lookups by its leading column still need one; drop it where another index
    serves these lookups. Code that names its columns in ``unique_fields`` or ``ON CONFLICT`` has to name the narrower
    key first.

    Silent when: A foreign key points at it; it is the primary key, the replica identity or clustered; it has an
    expression or a collation of its own; the narrower one holds for other rows (a predicate), is invalid, or is no
    shorter; the wider one is NULLS NOT DISTINCT while the narrower one lets several NULLs pass. Nullable columns alone
    change nothing: a row with a NULL is like no other to either constraint.
    """
    for table in snapshot.stored_tables():
        unique = sorted((index for index in table.indexes if index.unique and index.usable), key=keep_order)
        for weak in unique:
            if weak.primary or weak.referenced or weak.replica_identity or weak.clustered or not _plain_keys(weak):
                continue
            shorter = (one for one in unique if len(one.keys) < len(weak.keys))
            strong = next((one for one in shorter if implies_unique(one, weak, table)), None)
            if strong:
                yield _finding(snapshot, table, weak, strong)


def _plain_keys(index: Index) -> bool:
    return all(key.column and not key.collation for key in index.keys)


def _finding(snapshot: Snapshot, table: Table, weak: Index, strong: Index) -> Finding:
    instead = _serving(table, weak, strong)
    what = "dropped" if instead else "a plain index"
    evidence = [Evidence("already unique", f"{strong.name} {strong.describe()}", source="catalog")]
    if instead:
        evidence.append(Evidence("serves its lookups", f"{instead.name} {instead.describe()}", source="catalog"))
    if weak.bytes is not None:
        evidence.append(Evidence("size of its index", weak.bytes, "bytes", "catalog"))
    declared = declaration(snapshot, table, weak)
    return Finding.about(
        table,
        subject=f"Unique {weak.describe()} of {table.label} could be {what}",
        detail=f"{strong.describe()} is unique by {strong.name}, so {weak.name} can never be violated.",
        identity=(weak.describe(),),
        severity=Severity.DEFAULT if table.ownership.owner == "project" else Severity.INFO,
        confidence=Confidence.MEDIUM,
        written=declared,
        evidence=evidence,
        remedy=_remedy(snapshot, table, weak, instead),
    )


def _serving(table: Table, weak: Index, strong: Index) -> Index | None:
    """The index that serves the lookups of the weak one. A unique key that leads it finds the one row by itself."""
    if set(weak.columns[: len(strong.keys)]) == set(strong.columns):
        return strong
    others = (one for one in table.indexes if one.usable and one is not weak)
    return next((one for one in sorted(others, key=keep_order) if covers(one, weak)), None)


def _remedy(snapshot: Snapshot, table: Table, weak: Index, instead: Index | None) -> Remedy:
    dialect = snapshot.dialect
    columns = tuple(f"-{key.column}" if key.descending else key.column for key in weak.keys)
    name = names.index_name(table.name, columns, weak.predicate)
    if weak.constraint and dialect.vendor == "sqlite":
        drop = undo = ""
    elif weak.constraint:
        drop = ddl.drop_constraint(dialect, table, weak.constraint_name)
        undo = ddl.add_unique(dialect, table, weak.constraint_name, weak.columns)
    else:
        drop, undo = ddl.drop_index(dialect, table, weak.name), ddl.recreate_index(dialect, weak)
    model = table.ownership.model or table.label
    if instead:
        return Remedy(
            action=DropIndex(table=table.label, name=weak.name, definition=weak.definition),
            orm=f"Take the unique constraint over {', '.join(weak.columns)} out of the Meta of {model}.",
            sql=drop,
            undo_sql=undo,
        )
    action = CreateIndex(table=table.label, keys=weak.keys, name=name, condition=weak.predicate, include=weak.included)
    create = ddl.create_index(dialect, table, action)
    fields = _fields(snapshot, table, weak)
    return Remedy(
        action=action,
        orm=f"In the Meta of {model}, models.Index(fields={fields!r}, name={name!r}) instead of the unique constraint.",
        sql=f"{create}\n{drop}" if drop else "",
        undo_sql=f"{undo}\n{ddl.drop_index(dialect, table, name)}" if drop else "",
    )


def _fields(snapshot: Snapshot, table: Table, index: Index) -> list[str]:
    found = []
    for key in index.keys:
        field = snapshot.columns_field(table, key.column)
        found.append(f"{'-' if key.descending else ''}{field.name if field else key.column}")
    return found
