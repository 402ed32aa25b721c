from __future__ import annotations

from collections.abc import Iterator

from dbaudit import ddl, names
from dbaudit.facts import Model, Plan, PlanNode, QueryRun, Skipped, Snapshot, SortKey, Table
from dbaudit.findings import Confidence, CreateIndex, EditModel, Evidence, Finding, Remedy, Severity
from dbaudit.registry import check

#: Below this a sort of the whole table takes a few milliseconds.
MIN_ROWS = 10_000
#: So many rows that are alike in the columns of an index are quickly sorted by the others.
ALIKE = 1_000
#: A filter that leaves more than one row in so many is served by reading the table.
SELECTIVE = 100


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
    where no index fits the lookup. Where the application is not the project's, all of it is a remark.
    """
    unknown = []
    for table in snapshot.stored_tables():
        found = [one for one in snapshot.models_of(table) if one.ordering or one.admin]
        if found and table.rows is None:
            unknown.append(table.label)
        if (table.rows or 0) >= MIN_ROWS:
            for model in found:
                yield from _of_orders(snapshot, table, model)
                yield from _of_filters(snapshot, table, model)
    if unknown:
        yield Skipped.some("unserved_ordering", unknown, "how many rows there are could not be seen.")


def _of_orders(snapshot: Snapshot, table: Table, model: Model) -> Iterator[Finding]:
    orders = [(model.ordering, "Meta.ordering", f"page:{model.label}")]
    if model.admin:
        orders.append((model.admin.ordering, "the admin's list", f"admin:{model.label}"))
    told: set[str] = set()
    for keys, where, page in orders:
        if not keys or keys[0].column in told or _is_tree(keys) or _serves(snapshot, table, keys):
            continue
        plan = _planned(snapshot, table, page)
        if plan is None or _sorts(plan, table):
            told.add(keys[0].column)
            yield _ordering(snapshot, table, model, keys, where, plan is not None)
    date = model.admin.date_hierarchy if model.admin else ""
    if date and date not in told and table.column(date) and not _leads(table, date):
        yield _date_hierarchy(snapshot, table, model, date)


def _is_tree(keys: tuple[SortKey, ...]) -> bool:
    return keys[0].column in ("tree_id", "lft", "path")


# -- what serves an order ------------------------------------------------------------------------------------------


def _serves(snapshot: Snapshot, table: Table, keys: tuple[SortKey, ...]) -> bool:
    """Whether an index has the rows in this order, or so nearly that few are left to sort."""
    first = keys[0]
    if first.table:
        schema, _, name = first.table.replace('"', "").rpartition(".")
        other = snapshot.table(name, schema)
        return other is None or (not first.outer and _leads(other, first.column))
    column = table.column(first.column)
    if column is None:
        return True
    matched = max([_matched(one, keys) for one in _orders(table)], default=0)
    if matched == 0 or matched == len(keys) or matched > 1:
        return matched > 0
    distinct = column.statistics.distinct if column.statistics else None
    return distinct is None or (table.rows or 0) / max(1.0, distinct) <= ALIKE


def _orders(table: Table) -> Iterator[tuple[tuple[str, bool], ...]]:
    """The orders in which b-trees over all rows give them, as columns with whether they descend."""
    if table.primary_key:
        yield tuple((column, False) for column in table.primary_key)
    for index in table.indexes:
        if index.usable and index.plain and index.method == "btree":
            plain = [(key.column, key.descending) for key in index.keys if not key.opclass]
            yield tuple(plain) if len(plain) == len(index.keys) else ()


def _matched(order: tuple[tuple[str, bool], ...], keys: tuple[SortKey, ...]) -> int:
    """How many columns of the keys it gives in their order, read forwards or backwards."""
    best = 0
    for backwards in (False, True):
        count = 0
        for (column, descending), key in zip(order, keys, strict=False):
            if key.table or key.column != column or key.descending != (descending != backwards):
                break
            count += 1
        best = max(best, count)
    return best


def _leads(table: Table, column: str) -> bool:
    return any(order[:1] and order[0][0] == column for order in _orders(table))


# -- what was measured ---------------------------------------------------------------------------------------------


def _planned(snapshot: Snapshot, table: Table, page: str) -> Plan | None:
    """The plan of the measured page's rows, None where it was not measured."""
    for run in snapshot.runs:
        if run.id == page and run.audited:
            return next(filter(None, (_of_rows(run, table, number) for number in range(len(run.statements)))), None)
    return None


def _of_rows(run: QueryRun, table: Table, number: int) -> Plan | None:
    statement = run.statements[number]
    if " ORDER BY " not in statement.template or statement.tables[:1] != (table.label,):
        return None
    return run.plan(statement.fingerprint)


def _sorts(plan: Plan, table: Table) -> bool:
    return any(map(_is_sort, plan.nodes)) and any(
        one.table == table.name and one.access in ("scan", "bitmap", "index", "index only") for one in plan.nodes
    )


def _is_sort(node: PlanNode) -> bool:
    """A sort of everything: not one of the rows that an index gave as equals."""
    return (node.access == "sort" and node.type != "Incremental Sort") or (
        node.access == "temporary b-tree" and "ORDER BY" in node.text and "LAST" not in node.text
    )


# -- findings ------------------------------------------------------------------------------------------------------


def _ordering(
    snapshot: Snapshot, table: Table, model: Model, keys: tuple[SortKey, ...], where: str, proved: bool
) -> Finding:
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


def _of_filters(snapshot: Snapshot, table: Table, model: Model) -> Iterator[Finding]:
    if model.admin is None:
        return
    for name in model.admin.list_filter:
        column = table.column(name)
        distinct = column.statistics.distinct if column and column.statistics else None
        if distinct is None or distinct < SELECTIVE or _leads(table, name) or name == model.admin.date_hierarchy:
            continue
        yield Finding.about(
            table,
            subject=f"No index of {table.label} serves the admin's filter by {name}",
            detail=f"The list of {model.label} filtered by {name} reads the whole table.",
            identity=("list_filter", name),
            severity=Severity.INFO,
            confidence=Confidence.MEDIUM,
            location=model.location,
            evidence=[_rows(table), Evidence("distinct values", int(distinct), "values", "pg_stats")],
            remedy=_index(snapshot, table, model, (name,)),
        )
    unserved = [(column, lookup) for column, lookup in model.admin.search if not _finds(table, column, lookup)]
    if unserved:
        listed = ", ".join(f"{column} ({lookup})" for column, lookup in unserved)
        change = "Search by '=field' or '^field' with an index on Upper(field), or add a trigram index for each field."
        yield Finding.about(
            table,
            subject=f"The admin's search in {table.label} reads the whole table",
            detail=f"No index serves what search_fields of {model.label} asks for: {listed}.",
            identity=("search_fields", *(column for column, _ in model.admin.search)),
            severity=Severity.INFO,
            confidence=Confidence.MEDIUM,
            location=model.location,
            evidence=[_rows(table)],
            remedy=Remedy(action=EditModel(model=model.label, change=change), orm=change),
        )


def _finds(table: Table, column: str, lookup: str) -> bool:
    """Whether an index fits the lookup. Those for patterns are told by their method or operator class."""
    if lookup == "exact":
        return _leads(table, column)
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
