from __future__ import annotations

from collections.abc import Iterator

from dbaudit.analysis import lists
from dbaudit.analysis.lists import Unserved, leads
from dbaudit.analysis.lookups import impossible
from dbaudit.facts import Model, Skipped, Snapshot, Table
from dbaudit.findings import Confidence, CreateIndex, EditModel, Evidence, Finding, Remedy, Severity
from dbaudit.registry import check
from dbaudit.sql import ddl, names


@check(severity="warning", needs=["schema", "models"])
def unserved_ordering(snapshot: Snapshot) -> Iterator[Finding | Skipped]:
    """A large table is listed in an order, or by a date, that no index has.

    Why: The first page of a list needs all rows sorted unless an index has them in order. ``Meta.ordering`` is added
    to nearly every query of the model, and the admin adds the primary key as a tie-break; a ``date_hierarchy`` asks
    for the first and the last date on every request.

    Fix: Declare an index on the columns in that order, or order by what is indexed. An order through a foreign key
    that may be NULL has no index that could serve it.

    Silent when: The table has fewer than 10,000 rows; an index or the primary key is led by the column, forwards or
    backwards, and no more than 1,000 rows are alike in what it has of the order; the order holds an expression, is
    random or a tree's (``tree_id``, ``lft``, ``path``), or asks where NULL stands; the measured page sorted nothing.
    Filters and searches of the admin are remarks, filters only by what more than 100 values are known of, searches only
    where no index fits the lookup and none of them was measured (`lookup_without_possible_index`). Where the
    application is not the project's, all of it is a remark.
    """
    for unserved in lists.unserved(snapshot):
        yield _ordering(snapshot, unserved)
    for table, model, date in lists.dates(snapshot):
        yield _date_hierarchy(snapshot, table, model, date)
    for table, model, column in lists.filters(snapshot):
        yield _list_filter(snapshot, table, model, column)
    searched = {(one.table.label, one.column) for one in impossible(snapshot) if one.what == "search inside"}
    for table, model in lists.large(snapshot):
        columns = [one for one in model.admin.search if not _finds(table, *one)] if model.admin else []
        if columns and not any((table.label, column) in searched for column, _ in columns):
            yield _search(table, model, columns)
    unknown = [
        table.label
        for table in snapshot.stored_tables()
        if table.rows is None and any(one.ordering or one.admin for one in snapshot.models_of(table))
    ]
    if unknown:
        yield Skipped.some("unserved_ordering", unknown, "how many rows there are could not be seen.")


# -- findings ------------------------------------------------------------------------------------------------------


def _ordering(snapshot: Snapshot, unserved: Unserved) -> Finding:
    table, model, keys, where, proved = unserved
    own = all(not key.table for key in keys)
    order = ", ".join(map(str, keys))
    columns = tuple(f"{'-' if key.descending else ''}{key.column}" for key in keys)
    if own:
        remedy = _index(snapshot, table, model, columns)
    else:
        change = f"Order {model.label} by a column of {table.label} that is indexed."
        remedy = Remedy(action=EditModel(model=model.label, change=change), orm=change)
    return Finding.about(
        table,
        subject=f"No index of {table.label} has the order of {where}",
        detail=f"{where[0].upper()}{where[1:]} orders {model.label} by {order}: a page of it sorts the whole table.",
        identity=tuple(map(str, keys)),
        severity=_severity(model),
        confidence=Confidence.HIGH if proved else Confidence.MEDIUM,
        location=model.location,
        evidence=[_rows(table), Evidence("order", order, source=where)]
        + ([Evidence("plan", "sorts the whole table", source="measured page")] if proved else []),
        remedy=remedy,
    )


def _date_hierarchy(snapshot: Snapshot, table: Table, model: Model, date: str) -> Finding:
    return Finding.about(
        table,
        subject=f"No index of {table.label} serves the admin's date_hierarchy",
        detail=f"Each request for the list of {model.label} looks for the first and the last {date} in all rows.",
        identity=("date_hierarchy", date),
        severity=_severity(model),
        confidence=Confidence.MEDIUM,
        location=model.location,
        evidence=[_rows(table)],
        remedy=_index(snapshot, table, model, (date,)),
    )


def _list_filter(snapshot: Snapshot, table: Table, model: Model, name: str) -> Finding:
    column = table.column(name)
    distinct = column.statistics.distinct if column and column.statistics else None
    return Finding.about(
        table,
        subject=f"No index of {table.label} serves the admin's filter by {name}",
        detail=f"The list of {model.label} filtered by {name} reads the whole table.",
        identity=("list_filter", name),
        severity=Severity.INFO,
        confidence=Confidence.MEDIUM,
        location=model.location,
        evidence=[_rows(table), Evidence("distinct values", int(distinct or 0), "values", "pg_stats")],
        remedy=_index(snapshot, table, model, (name,)),
    )


def _search(table: Table, model: Model, columns: list[tuple[str, str]]) -> Finding:
    listed = ", ".join(f"{column} ({lookup})" for column, lookup in columns)
    change = "Search by '=field' or '^field' with an index on Upper(field), or add a trigram index for each field."
    return Finding.about(
        table,
        subject=f"The admin's search in {table.label} reads the whole table",
        detail=f"No index serves what search_fields of {model.label} asks for: {listed}.",
        identity=("search_fields", *(column for column, _ in (model.admin.search if model.admin else ()))),
        severity=Severity.INFO,
        confidence=Confidence.MEDIUM,
        location=model.location,
        evidence=[_rows(table)],
        remedy=Remedy(action=EditModel(model=model.label, change=change), orm=change),
    )


def _finds(table: Table, column: str, lookup: str) -> bool:
    """Whether an index fits the lookup. Those for patterns are told by their method or operator class."""
    if lookup == "exact":
        return leads(table, column)
    for index in table.indexes:
        first = index.keys[0]
        if not index.usable or column.lower() not in f"{first.column} {first.expression}".lower():
            continue
        if "trgm" in first.opclass or index.method in ("gin", "gist"):
            return True
        if "upper" in first.expression.lower() and (lookup == "iexact" or "pattern" in first.opclass):
            return lookup != "icontains"
    return False


def _index(snapshot: Snapshot, table: Table, model: Model, columns: tuple[str, ...]) -> Remedy:
    index = CreateIndex(table=table.label, columns=columns, name=names.index_name(table.name, columns))
    by_column = {field.column: field.name for field in model.fields}
    fields = ", ".join(
        f'"{"-" if one.startswith("-") else ""}{by_column.get(one.removeprefix("-"), one.removeprefix("-"))}"'
        for one in columns
    )
    return Remedy(
        action=index,
        orm=f'models.Index(fields=[{fields}], name="{index.name}")',
        sql=ddl.create_index(snapshot.dialect, table, index),
        undo_sql=ddl.drop_index(snapshot.dialect, table, index.name),
    )


def _severity(model: Model) -> Severity:
    return Severity.DEFAULT if model.owner == "project" else Severity.INFO


def _rows(table: Table) -> Evidence:
    return Evidence("rows", table.rows or 0, "rows", table.rows_are)
