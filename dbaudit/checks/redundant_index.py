from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from dbaudit import drift
from dbaudit.analysis.removal import declaration, removal
from dbaudit.facts import Index, IndexKey, ModelField, Snapshot, Table
from dbaudit.findings import Confidence, Evidence, Finding, Severity
from dbaudit.registry import check
from dbaudit.sql.equivalence import covers, enforces, keep_order, knowable, signature

AUTOMATIC = "Django's automatic foreign-key index leads to nothing that a wider index does not serve"
MANY_TO_MANY = "Automatic many-to-many tables carry an index that their unique constraint already serves"


@check(severity="warning", needs=["schema", "models"])
def redundant_index(snapshot: Snapshot) -> Iterator[Finding]:
    """An index does nothing that a wider one does not.

    Why: Its key columns lead another index on the same rows (a left prefix), or a unique index has the same columns. On
    SQLite a table lies in the order of its integer primary key, so an index of that alone does nothing.
    Reads can use the other one; every write maintains both.

    Fix: Drop the narrow one. Where Django made it for a foreign key, write ``db_index=False`` on the field and let a
    migration drop it. The narrow index is smaller, so compare sizes and scans first where it is read very often.

    Silent when: The narrow index enforces something (unique, primary key, exclusion, target of a foreign key, replica
    identity, clustered); access method, predicate, opclass, collation or direction differ; it includes columns that
    the wider one lacks; the wider one is invalid or is itself to be dropped; the two are equal (that is
    `duplicate_index`).
    """
    undeclared = {(one.table.label, index.name) for one in drift.compared(snapshot) for index in one.indexes.undeclared}
    for table in snapshot.tables:
        led_by: defaultdict[str, list[Index]] = defaultdict(list)  # only what leads with the same column can serve
        for index in table.indexes:
            if index.usable and knowable(index):
                led_by[index.keys[0].column].append(index)
        if key := _rowid_key(snapshot, table):
            led_by[key.columns[0]].append(key)
        for alike in led_by.values():
            for narrow in alike:
                if enforces(narrow):
                    continue
                wider = [wide for wide in alike if wide is not narrow and _serves_more(wide, narrow)]
                if wider:
                    wide = min(wider, key=_choice)
                    alone = (table.label, wide.name) in undeclared and (table.label, narrow.name) not in undeclared
                    yield _finding(snapshot, table, narrow, wide, alone=alone)


def _rowid_key(snapshot: Snapshot, table: Table) -> Index | None:
    """SQLite keeps a table in the order of its INTEGER PRIMARY KEY: that key is as good as an index and is none."""
    own = table.column(table.primary_key[0]) if len(table.primary_key) == 1 else None
    if snapshot.vendor != "sqlite" or own is None or any(index.primary for index in table.indexes):
        return None
    keys = (IndexKey(column=own.name),)
    return Index(name="the key of the table", table=table.name, keys=keys, unique=True, constraint="primary key")


def _choice(wide: Index) -> tuple[bool | int | str, ...]:
    """Sorts first the wider index to name: one that has to stay, then the narrowest."""
    return not enforces(wide), len(wide.keys), *keep_order(wide)


def _serves_more(wide: Index, narrow: Index) -> bool:
    """Covers it without being its twin; of two that cover each other only the one that enforces something stays."""
    if not covers(wide, narrow) or signature(wide) == signature(narrow):
        return False
    return not covers(narrow, wide) or enforces(wide)


def _finding(snapshot: Snapshot, table: Table, narrow: Index, wide: Index, *, alone: bool) -> Finding:
    """``alone``: only this database has the wider index, and the models declare the narrow one."""
    field, declared = _automatic(snapshot, table, narrow), declaration(snapshot, table, narrow)
    group = ""
    if table.ownership.auto_created:
        group = MANY_TO_MANY
    elif field:
        group = AUTOMATIC
    return Finding.about(
        table,
        subject=f"Index {narrow.name} on {table.label} is served by {wide.name}",
        detail=f"{narrow.describe()} leads {'the unique ' if wide.unique else ''}{wide.describe()}."
        + (f" No model declares {wide.name}: declare it first, or a new installation has neither." if alone else ""),
        identity=(narrow.describe(),),
        severity=Severity.INFO if group or table.ownership.owner != "project" else Severity.DEFAULT,
        confidence=Confidence.MEDIUM if alone or len(wide.keys) > len(narrow.keys) else Confidence.HIGH,
        written=field,
        # The project wrote the many-to-many field, but only Django could leave this index out.
        owner="django" if table.ownership.auto_created else declared.owner if declared else None,
        group=group,
        evidence=_evidence(narrow, wide),
        remedy=removal(snapshot, table, narrow),
    )


def _automatic(snapshot: Snapshot, table: Table, index: Index) -> ModelField | None:
    """The foreign key for which Django made this index by itself, None for an index that somebody asked for."""
    if len(index.keys) != 1 or index.predicate or index.included or index.keys[0].opclass:
        return None
    field = snapshot.columns_field(table, index.columns[0])
    return field if field and field.relation and field.indexed else None


def _evidence(narrow: Index, wide: Index) -> Iterator[Evidence]:
    yield Evidence("serves instead", f"{wide.name} {wide.describe()}", source="catalog")
    for what, index in (("narrow", narrow), ("wide", wide)):
        if index.bytes is not None:
            yield Evidence(f"size of the {what} index", index.bytes, "bytes", "catalog")
        if index.scans is not None:
            yield Evidence(f"scans of the {what} index", index.scans, "scans", "pg_stat_user_indexes")
