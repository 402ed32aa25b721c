from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from dbaudit.analysis.removal import declaration, removal
from dbaudit.facts import Index, ModelField, Snapshot, Table, TableStatistics
from dbaudit.findings import Confidence, Evidence, Finding, Severity
from dbaudit.registry import check
from dbaudit.sql.equivalence import depends_on, enforces

#: Below this, and above this share of heap-only ones, updates are no burden.
MIN_UPDATES = 10_000
HOT_SHARE = 0.5
#: From this server on, an index that only sums up ranges of pages does not keep an update from being heap-only.
BRIN_EXEMPT_SINCE = 16


@check(severity="warning", needs=["schema", "models", "statistics"], vendors=["postgresql"])
def hot_update_blocker(snapshot: Snapshot) -> Iterator[Finding]:
    """An index on a field that every save changes makes all updates expensive.

    Why: An update that changes no indexed column is heap-only (HOT): it writes the row and nothing else. One index on
    an ``auto_now`` timestamp or on a counter ends that: each save then writes every index of the table, and vacuum has
    to clean all of them.

    Fix: Take the field out of the index. To find the latest rows, a BRIN index on the timestamp does from PostgreSQL
    16 on without that price. A counter can live in a table of its own.

    Silent when: Fewer than 10,000 updates were counted, or half of them or more were heap-only; no index has such a
    field in its keys, included columns, expressions or condition; the index enforces something; it is a BRIN index on
    PostgreSQL 16 or later; the field only looks like a counter and a measured query uses the index. That a counter is
    updated often is a guess, and the confidence says so.
    """
    exempt = int(snapshot.server_version.partition(".")[0]) >= BRIN_EXEMPT_SINCE
    used = {node.index for run in snapshot.runs for plan in run.plans for node in plan.nodes}
    for table in snapshot.stored_tables():
        counted = table.statistics
        updated = (counted and counted.updated) or 0
        if counted is None or updated < MIN_UPDATES or (counted.hot_updated or 0) >= HOT_SHARE * updated:
            continue
        fields = [field for model in snapshot.models_of(table) for field in model.fields]
        for index in table.indexes:
            if enforces(index) or not index.ready or (exempt and index.method == "brin"):
                continue
            guessed = index.name not in used
            changed = [
                one for one in fields if (one.auto_now or (one.counter and guessed)) and depends_on(index, one.column)
            ]
            if changed:
                yield _finding(
                    snapshot, table, index, min(changed, key=lambda one: (not one.auto_now, one.name)), counted
                )


def _finding(snapshot: Snapshot, table: Table, index: Index, field: ModelField, counted: TableStatistics) -> Finding:
    updated, heap_only = counted.updated or 0, counted.hot_updated or 0
    others = len([one for one in table.indexes if one.ready])
    declared = declaration(snapshot, table, index)
    what = "auto_now=True changes it with every save" if field.auto_now else "it looks like a counter"
    remedy = removal(snapshot, table, index)
    if field.auto_now and index.columns == (field.column,):
        brin = "From PostgreSQL 16 on a BrinIndex of the field would not stand in the way."
        remedy = replace(remedy, orm=f"{remedy.orm}\n{brin}")
    return Finding.about(
        table,
        subject=f"Index {index.name} keeps updates of {table.label} from being heap-only",
        detail=f"{index.describe()} depends on {field.name}: {what}.",
        identity=(index.describe(), field.column),
        severity=Severity.DEFAULT if table.ownership.owner == "project" else Severity.INFO,
        confidence=Confidence.MEDIUM if field.auto_now else Confidence.LOW,
        written=declared or field,
        evidence=[
            Evidence("updates", updated, "rows", "pg_stat_user_tables"),
            Evidence("heap-only updates", round(100 * heap_only / updated, 1), "%", "pg_stat_user_tables"),
            Evidence("indexes that each other update writes", others, "indexes", "catalog"),
            Evidence("field", f"{table.ownership.model}.{field.name}", source="model"),
        ],
        remedy=remedy,
    )
