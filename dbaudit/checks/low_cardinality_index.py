from __future__ import annotations

from collections.abc import Iterator

from dbaudit.analysis.removal import declaration, removal
from dbaudit.facts import Column, ColumnStatistics, Index, Skipped, Snapshot, Table
from dbaudit.findings import Confidence, Evidence, Finding, Remedy
from dbaudit.registry import check
from dbaudit.sql.equivalence import enforces

#: Below this a scan of the table costs little, whatever the index would find.
MIN_ROWS = 10_000
MAX_VALUES = 10
#: A lookup that returns this part of a table in no particular order is cheaper without an index.
LARGE_SHARE = 0.1
#: One value that holds this part leaves so little to the others that an index of theirs alone is small.
DOMINANT_SHARE = 0.9
#: Rows that lie in the order of the column are read page by page, also by an index.
IN_ORDER = 0.9


@check(severity="info", needs=["schema", "models", "statistics"])
def low_cardinality_index(snapshot: Snapshot) -> Iterator[Finding | Skipped]:
    """An index on a column of few values.

    Why: A lookup that returns a tenth of the table reads nearly every page, which a plain scan does faster. The index
    is written by every insert, and the planner passes it over.

    Fix: Where one value holds nine tenths of the rows, let a partial index hold the others: ``condition=~Q(field=…)``.
    Otherwise put the column behind a selective one in a composite index, or take the index out.

    Silent when: The index is composite, partial, unique, over an expression or no b-tree; the column is a foreign key,
    has more than 10 values or lies in the order of the rows; the table has fewer than 10,000 rows; some value is
    rare while none is dominant; scans of it did find few rows each. Without the planner's statistics it is not judged.
    SQLite counts values, not how often each occurs: there the confidence is low.
    """
    unknown = []
    for table in snapshot.stored_tables():
        if table.rows is None or table.rows < MIN_ROWS:
            continue
        for index in table.indexes:
            column = table.column(index.columns[0]) if _is_single(index) else None
            if column is None or _is_reference(snapshot, table, column):
                continue
            found = column.statistics
            if found is None or found.distinct is None:
                unknown.append(index.name)
            elif found.distinct <= MAX_VALUES and not _finds_few(index, table.rows):
                yield from _judged(snapshot, table, index, found)
    if unknown:
        yield Skipped.some("low_cardinality_index", unknown, "there are no statistics of its column.")


def _is_single(index: Index) -> bool:
    plain = index.method == "btree" and len(index.keys) == 1 and index.plain and index.complete
    return plain and bool(index.columns[0]) and index.usable and not enforces(index)


def _is_reference(snapshot: Snapshot, table: Table, column: Column) -> bool:
    field = snapshot.columns_field(table, column.name)
    return bool(field and field.relation) or any(column.name in key.columns for key in table.foreign_keys)


def _finds_few(index: Index, rows: int) -> bool:
    return bool(index.scans) and (index.tuples_read or 0) / (index.scans or 1) < LARGE_SHARE * rows


def _judged(snapshot: Snapshot, table: Table, index: Index, found: ColumnStatistics) -> Iterator[Finding]:
    """SQLite knows no frequencies: then every value is taken to be as frequent as the next."""
    values = max(1.0, found.distinct or 1)
    nulls = found.null_fraction or 0
    shares = [*found.frequencies, *([nulls] if nulls else [])]
    if not shares:
        shares = [1 / values]
    elif len(found.frequencies) < values:
        shares.append(max(0.0, 1 - sum(shares)) / (values - len(found.frequencies)))
    if max(shares) >= DOMINANT_SHARE and len(shares) > 1:
        yield _finding(snapshot, table, index, shares, dominant=True)
    elif min(shares) >= LARGE_SHARE and abs(found.correlation or 0) < IN_ORDER:
        yield _finding(snapshot, table, index, shares, dominant=False)


def _finding(snapshot: Snapshot, table: Table, index: Index, shares: list[float], *, dominant: bool) -> Finding:
    column = index.columns[0]
    field = snapshot.columns_field(table, column)
    name = field.name if field else column
    declared = declaration(snapshot, table, index)
    source = "sqlite_stat1" if snapshot.vendor == "sqlite" else "pg_stats"
    if dominant:
        detail = f"One value of {column} holds {100 * max(shares):.0f} % of the rows; only the others can be looked up."
    else:
        detail = f"Every value of {column} holds {100 * min(shares):.0f} % of the rows or more."
    remedy = removal(snapshot, table, index)
    if dominant:
        orm = f"models.Index(fields=[{name!r}], name=..., condition=~Q({name}=<the value that most rows have>))"
        remedy = Remedy(action=remedy.action, orm=f"{orm} instead; {remedy.orm}")
    evidence = [
        Evidence("share of the most frequent value", round(100 * max(shares), 1), "%", source),
        Evidence("share of the rarest value", round(100 * min(shares), 1), "%", source),
        Evidence("rows", table.rows or 0, "rows", table.rows_are),
    ]
    if index.bytes is not None:
        evidence.append(Evidence("size", index.bytes, "bytes", "catalog"))
    if index.scans is not None:
        evidence.append(Evidence("scans", index.scans, "scans", "pg_stat_user_indexes"))
    return Finding.about(
        table,
        subject=f"Index {index.name} of {table.label} is on a column of few values",
        detail=detail,
        identity=(index.describe(),),
        confidence=Confidence.LOW if snapshot.vendor == "sqlite" else Confidence.MEDIUM,
        written=declared,
        evidence=evidence,
        remedy=remedy,
    )
