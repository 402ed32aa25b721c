"""How models and the admin list large tables: by which orders and filters that no index serves."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from dbaudit.facts import Model, Plan, PlanNode, QueryRun, Snapshot, SortKey, Statement, Table

#: Below this a sort of the whole table takes a few milliseconds.
MIN_ROWS: Final = 10_000
#: So many rows that are alike in the columns of an index are quickly sorted by the others.
ALIKE: Final = 1_000
#: A filter that leaves more than one row in so many is served by reading the table.
SELECTIVE: Final = 100

_ORDER: Final = re.compile(r" ORDER BY (.*?)(?: LIMIT | OFFSET | FOR |$)", re.IGNORECASE | re.DOTALL)
_KEY: Final = re.compile(r'"(\w+)"\."(\w+)"(?: (ASC|DESC))?', re.IGNORECASE)


class Unserved(NamedTuple):
    """An order in which a model's rows are listed and that no index has. ``proved`` by the plan of a measured page."""

    table: Table
    model: Model
    keys: tuple[SortKey, ...]
    where: str
    proved: bool

    def is_that_of(self, statement: Statement) -> bool:
        """Whether the statement sorts by these columns, or by the first of them, or by them and others."""
        found = _ORDER.findall(statement.template)
        asked = [_KEY.fullmatch(one.strip()) for one in found[-1].split(",")] if found else []
        pairs = [*zip(asked, self.keys, strict=False)]
        return bool(pairs) and all(one and _same(one, key, self.table) for one, key in pairs)


def _same(asked: re.Match[str], key: SortKey, table: Table) -> bool:
    name, column, direction = asked.groups()
    there = (key.table or table.name).replace('"', "").rpartition(".")[2]
    return (name, column, (direction or "").upper() == "DESC") == (there, key.column, key.descending)


def large(snapshot: Snapshot) -> Iterator[tuple[Table, Model]]:
    """The tables that are known to be large, with each of their models."""
    for table in snapshot.stored_tables():
        if (table.rows or 0) >= MIN_ROWS:
            for model in snapshot.models_of(table):
                yield table, model


def unserved(snapshot: Snapshot) -> Iterator[Unserved]:
    """The orders that no index has, of large tables."""
    for table, model in large(snapshot):
        yield from _of_model(snapshot, table, model)


def _of_model(snapshot: Snapshot, table: Table, model: Model) -> Iterator[Unserved]:
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
            yield Unserved(table, model, keys, where, plan is not None)


def dates(snapshot: Snapshot) -> Iterator[tuple[Table, Model, str]]:
    """The columns by which the admin drills down into large tables and that no index begins with."""
    ordered = {(one.model.label, one.keys[0].column) for one in unserved(snapshot)}
    for table, model in large(snapshot):
        date = model.admin.date_hierarchy if model.admin else ""
        if date and (model.label, date) not in ordered and table.column(date) and not leads(table, date):
            yield table, model, date


def filters(snapshot: Snapshot) -> Iterator[tuple[Table, Model, str]]:
    """The columns by which the admin filters large tables and that no index begins with."""
    for table, model in large(snapshot):
        admin = model.admin
        for name in admin.list_filter if admin else ():
            if admin and name != admin.date_hierarchy and _is_selective(table, name) and not leads(table, name):
                yield table, model, name


def _is_selective(table: Table, name: str) -> bool:
    column = table.column(name)
    distinct = column.statistics.distinct if column and column.statistics else None
    return distinct is not None and distinct >= SELECTIVE


def _is_tree(keys: tuple[SortKey, ...]) -> bool:
    return keys[0].column in ("tree_id", "lft", "path")


# -- what serves an order ------------------------------------------------------------------------------------------


def _serves(snapshot: Snapshot, table: Table, keys: tuple[SortKey, ...]) -> bool:
    """Whether an index has the rows in this order, or so nearly that few are left to sort."""
    first = keys[0]
    if first.table:
        schema, _, name = first.table.replace('"', "").rpartition(".")
        other = snapshot.table(name, schema)
        return other is None or (not first.outer and leads(other, first.column))
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


def leads(table: Table, column: str) -> bool:
    """Whether an index over all rows begins with the column."""
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
