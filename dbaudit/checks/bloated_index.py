from __future__ import annotations

from collections.abc import Iterator

from dbaudit.analysis import btree
from dbaudit.facts import Index, Skipped, Snapshot, Table
from dbaudit.findings import Confidence, Evidence, Finding, Remedy, RunSql, Severity
from dbaudit.registry import check

#: Smaller ones are not worth a rebuild.
MIN_BYTES = 10 * 1024 * 1024
#: A b-tree that grew in random order is filled to about 70 % and so 1.3 times as large as a new one. That is health.
TIMES = 2
#: The counts of rows are too old to judge by once this part of them has changed.
STALE_SHARE = 0.2


@check(severity="warning", needs=["schema", "statistics"], vendors=["postgresql"])
def bloated_index(snapshot: Snapshot) -> Iterator[Finding | Skipped]:
    """An index is at least twice as large as it would be if it were built anew.

    Why: Pages that deletes and updates have emptied stay in the tree until all their neighbours are empty. Scans read
    them, memory holds them, backups copy them. An index from before server 13 also lacks the posting lists that keep
    equal keys once.

    Fix: ``REINDEX INDEX CONCURRENTLY`` builds it anew without blocking writers. If it grows again, let autovacuum look
    after the table more often.

    Silent when: The index is smaller than 10 MiB, or an estimate of its size after a rebuild (from the planner's
    statistics, equal keys counted as the server stores them, every combination of several columns taken to occur) is
    more than half of what it has. What could not be estimated is listed: other access methods than b-tree, columns or
    expressions without statistics, a table of which a fifth has changed since it was analyzed.
    """
    page = int(dict(snapshot.settings)["block_size"])
    large = [
        (table, index)
        for table in snapshot.stored_tables()
        for index in table.indexes
        if (index.bytes or 0) >= MIN_BYTES and index.usable
    ]
    if not large:
        reason = f"Nothing was estimated: no index reaches {MIN_BYTES // 1024**2} MiB."
        yield Skipped("bloated_index", reason)
    unknown: dict[str, list[str]] = {}
    for table, index in large:
        keys = btree.key_statistics(table, index)
        if index.method != "btree":
            unknown.setdefault("only b-trees are estimated.", []).append(index.name)
        elif _changed(table) > STALE_SHARE:
            unknown.setdefault("too much has changed since the table was analyzed.", []).append(index.name)
        elif keys is None or index.rows is None:
            unknown.setdefault("the planner's statistics of its columns were not seen.", []).append(index.name)
        else:
            built = btree.built_bytes(index, keys, index.rows, page)
            if (index.bytes or 0) >= TIMES * built:
                yield _finding(snapshot, table, index, built)
    for reason, names in unknown.items():
        yield Skipped.some("bloated_index", names, reason)


def _changed(table: Table) -> float:
    share = table.statistics.changed_share if table.statistics else None
    return 1 if share is None else share


def _finding(snapshot: Snapshot, table: Table, index: Index, built: int) -> Finding:
    size = index.bytes or 0
    name = snapshot.dialect.quote(table.schema, index.name)
    return Finding.about(
        table,
        subject=f"Index {index.name} of {table.label} is mostly empty space",
        detail=f"{index.describe()} takes {size:,} bytes, where {built:,} would do.",
        identity=(index.describe(),),
        severity=Severity.DEFAULT if table.ownership.owner == "project" else Severity.INFO,
        confidence=Confidence.MEDIUM,
        evidence=[
            Evidence("size", size, "bytes", "catalog"),
            Evidence("size if built anew", built, "bytes", "estimated from pg_stats"),
            Evidence("entries", index.rows or 0, "entries", "pg_class.reltuples"),
            Evidence(
                "equal keys kept once", str(bool(index.deduplicates and not index.unique)).lower(), source="catalog"
            ),
        ],
        remedy=Remedy(
            action=RunSql(purpose="Build the index anew without blocking writers."),
            orm="No model change.",
            sql=f"REINDEX INDEX CONCURRENTLY {name};",
        ),
    )
