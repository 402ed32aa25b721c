from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from dbaudit.facts import ForeignKey, Snapshot, Table
from dbaudit.findings import Evidence, Finding, Remedy, RunSql
from dbaudit.registry import check
from dbaudit.sql import ddl


@check(severity="warning", needs=["schema"])
def duplicate_foreign_key(snapshot: Snapshot) -> Iterator[Finding]:
    """A table has the same foreign key twice.

    Why: Every insert and update of the columns looks the parent up twice, every delete of a parent looks for its
    children twice, and the next migration drops only one of them. It comes from renamed constraints, whose names carry
    a hash, and from tables restored beside migrations that ran again.

    Fix: Keep the one that is validated, drop the other.

    Silent when: The columns or what they refer to differ, as with composite keys that share a column; the twin belongs
    to a partition, whose parent has it.
    """
    for table in snapshot.stored_tables():
        twins: defaultdict[tuple[object, ...], list[ForeignKey]] = defaultdict(list)
        for key in table.foreign_keys:
            pairs = frozenset(zip(key.columns, key.target_columns, strict=False))
            if pairs:
                twins[pairs, key.target_schema, key.target_table].append(key)
        for same in twins.values():
            first, *others = sorted(same, key=_keep_order)
            for other in others:
                yield _finding(snapshot, table, first, other)


def _keep_order(key: ForeignKey) -> tuple[bool, bool, bool, str]:
    """Sorts the one to keep first: what Django makes is deferrable."""
    return key.enforced is False, key.validated is False, not key.deferrable, key.name


def _finding(snapshot: Snapshot, table: Table, kept: ForeignKey, other: ForeignKey) -> Finding:
    columns = ", ".join(other.columns)
    here, there = (", ".join(map(snapshot.dialect.quote, names)) for names in (other.columns, other.target_columns))
    quoted = snapshot.dialect.quote(table.schema, table.name)
    actions = (other.on_delete, other.on_update)
    same = (kept.on_delete, kept.on_update) == actions
    droppable = bool(other.name) and snapshot.vendor != "sqlite"
    add = (
        f"ALTER TABLE {quoted} ADD CONSTRAINT {snapshot.dialect.quote(other.name)} FOREIGN KEY ({here}) REFERENCES "
        f"{snapshot.dialect.quote(other.target_schema, other.target_table)} ({there})"
        f"{f' ON DELETE {actions[0]}' if actions[0] else ''}{f' ON UPDATE {actions[1]}' if actions[1] else ''}"
        f"{' DEFERRABLE INITIALLY DEFERRED' if other.deferrable else ''};"
    )
    return Finding.about(
        table,
        subject=f"Foreign key {table.label}.{columns} → {other.target_table} exists twice",
        detail=f"{other.name or 'An unnamed constraint'} repeats {kept.name or 'another one'}"
        f"{'.' if same else ', but acts differently on delete or update.'}",
        identity=(*sorted(other.columns), "→", other.target_table),
        evidence=[
            Evidence("kept", f"{kept.name} (on delete {kept.on_delete})", source="catalog"),
            Evidence("repeated", f"{other.name} (on delete {other.on_delete})", source="catalog"),
        ],
        remedy=Remedy(
            action=RunSql(purpose=f"Drop the constraint {other.name}." if droppable else "Rebuild the table."),
            orm="Models declare it once: put the SQL into a RunSQL operation, so that every database loses it.",
            sql=ddl.drop_constraint(snapshot.dialect, table, other.name) if droppable else "",
            undo_sql=add if droppable else "",
        ),
    )
