from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from dbaudit.analysis.uniqueness import Unenforced, unenforced
from dbaudit.facts import Snapshot
from dbaudit.findings import AddConstraint, Confidence, Evidence, Finding, Remedy, Severity
from dbaudit.registry import check
from dbaudit.sql import ddl, names

#: The PostgreSQL from which a unique index may take NULL for a value.
NULLS_NOT_DISTINCT = 15
_PERIODS = {"date": "TruncDate({0!r})", "month": "ExtractMonth({0!r})", "year": "ExtractYear({0!r})"}


@check(severity="warning", needs=["schema", "models", "data"])
def unenforced_uniqueness(snapshot: Snapshot) -> Iterator[Finding]:
    """The model takes something for unique that the database lets in twice.

    Why: Forms look whether a row exists and then write it; two requests at once both find nothing. From then on
    ``get()`` raises, ``get_or_create()`` fails and joins count twice. A many-to-many field does not keep the pairs of
    a ``through`` model apart, ``unique_for_date`` is known to forms alone, and NULL equals nothing in a unique
    constraint.

    Fix: Clear up the rows that occur twice, then declare a ``UniqueConstraint``; with a nullable column by
    ``nulls_distinct=False`` (PostgreSQL 15) or a second one with ``condition=Q(column__isnull=True)``.

    Silent when: A unique index has the columns, or some of them; of a ``through`` model's pair, one of the two is in
    any unique index, which then says what tells the rows apart; a nullable column makes no rows repeat, or these were
    not counted; the nullable column is an identifier (a number, a UUID, the one column beside foreign keys), where
    NULL means that the row has none; the application is not the project's. Where nothing occurs twice yet, or nobody
    could count, the others are remarks.
    """
    for one in unenforced(snapshot):
        twice = _twice(snapshot, one)
        if twice or one.by != "null":
            yield _finding(snapshot, one, twice)


def _twice(snapshot: Snapshot, one: Unenforced) -> int | None:
    wanted = (one.table.schema, one.table.name, one.columns, one.period, one.null)
    for seen in snapshot.data.duplicates if snapshot.data else ():
        if (seen.schema, seen.table, seen.columns, seen.period, seen.null) == wanted:
            return seen.values
    return None


def _finding(snapshot: Snapshot, one: Unenforced, twice: int | None) -> Finding:
    columns = ", ".join(one.columns)
    why = {
        "through": f"{one.model.label} joins a many-to-many field, and nothing keeps its pairs apart.",
        "unique for": f"unique_for_{one.period} of {one.model.label}.{one.field} is only looked at by forms.",
        "null": f"{one.index_name} takes rows with NULL in {', '.join(one.null)} for different.",
    }
    places = {field.column: field.location for field in one.model.fields}
    counted = [Evidence("values that occur twice", twice, "values", "counted")] if twice is not None else []
    return Finding.about(
        one.table,
        subject=f"Nothing keeps {columns} unique in {one.table.label}",
        detail=why[one.by],
        identity=(one.by, *one.columns, *([one.period] if one.period else [])),
        severity=Severity.DEFAULT if twice else Severity.INFO,
        confidence=Confidence.LOW if one.by == "null" else Confidence.HIGH if twice else Confidence.MEDIUM,
        location=places.get(one.columns[0]) if one.by == "unique for" else one.model.location,
        evidence=counted,
        remedy=_remedy(snapshot, one),
    )


def _remedy(snapshot: Snapshot, one: Unenforced) -> Remedy:
    by_column = {field.column: field.name for field in one.model.fields}
    fields = [by_column.get(column, column) for column in one.columns]
    name = names.index_name(one.table.name, one.columns, "unique", one.period, *one.null).removesuffix("idx") + "uniq"
    action = AddConstraint(table=one.table.label, columns=one.columns, constraint="unique")
    if one.period:
        keys = f"{fields[0]!r}, {_PERIODS[one.period].format(fields[1])}"
        return Remedy(action=action, orm=f"models.UniqueConstraint({keys}, name={name!r})")
    if one.null:
        return Remedy(action=action, orm=_beside_null(snapshot, one, by_column, name))
    return Remedy(
        action=action,
        orm=f"models.UniqueConstraint(fields={fields!r}, name={name!r})",
        sql="" if snapshot.vendor == "sqlite" else ddl.add_unique(snapshot.dialect, one.table, name, one.columns),
        undo_sql="" if snapshot.vendor == "sqlite" else ddl.drop_constraint(snapshot.dialect, one.table, name),
    )


def _beside_null(snapshot: Snapshot, one: Unenforced, by_column: dict[str, str], name: str) -> str:
    """A constraint for which NULL equals NULL, or where the server has none, one for the rows with NULL."""
    fields = {column: by_column.get(column, column) for column in one.columns}
    major = int(snapshot.server_version.partition(".")[0] or 0)
    if snapshot.vendor == "postgresql" and major >= NULLS_NOT_DISTINCT:
        return f"models.UniqueConstraint(fields={[*fields.values()]!r}, nulls_distinct=False, name={name!r})"
    lines = []
    for missing in (each for size in range(1, len(one.null) + 1) for each in combinations(one.null, size)):
        rest = [field for column, field in fields.items() if column not in missing]
        condition = " & ".join(f"models.Q({fields[column]}__isnull=True)" for column in missing)
        unique = names.index_name(one.table.name, one.columns, "unique", *missing).removesuffix("idx") + "uniq"
        lines.append(f"models.UniqueConstraint(fields={rest!r}, condition={condition}, name={unique!r})")
    return "\n".join(lines)
