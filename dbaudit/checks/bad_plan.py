from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from dbaudit.analysis import lists, measured, sorts
from dbaudit.analysis.lookups import misses
from dbaudit.facts import Plan, PlanNode, QueryRun, Skipped, Snapshot, Statement, Table
from dbaudit.findings import Evidence, Finding, Remedy, RunSql, Severity
from dbaudit.registry import check

#: Rows of a table from which its plans are judged, and from which it is more than a remark.
BIG, HUGE = 5_000, 100_000
#: The part of the rows read that a scan may throw away.
DISCARDED = 0.9
#: Rows that a page has at most.
PAGE = 1_000
_AGGREGATED = re.compile(r"\b(?:COUNT|SUM|AVG|MIN|MAX)\(|\bGROUP BY\b|\bDISTINCT\b", re.IGNORECASE)
_SEARCHED = re.compile(r"\bLIKE\b|~~|\bupper\(", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Defect:
    what: str
    table: Table
    node: PlanNode
    key: str
    read: float
    kept: float
    advice: str


@check(severity="info", needs=["queries", "schema"])
def bad_plan(snapshot: Snapshot) -> Iterator[Finding | Skipped]:
    """The database reads or sorts far more of a large table than the query returns.

    Why: What is read and thrown away costs time and memory, and grows with the table, not with the answer.

    Fix: Give the query an index that begins with what it filters by and ends with what it orders by, or filter by
    what is indexed.

    Silent when: The table has fewer than 5,000 rows; a scan keeps a tenth or more of what it reads; the statement
    has no condition, aggregates or groups where the plan does not tell what it threw away (SQLite); the condition is a
    search inside a text (`lookup_without_possible_index`) or a lookup beside an index in another spelling
    (`lookup_index_mismatch`); a sort has no limit after it and fits in memory; an index has the order, and the
    condition kept the planner from it; what is sorted is the order of a model, or what is filtered by is a filter of
    the admin, that no index has (`unserved_ordering`); the order is random, or an expression, or the rows of several
    tables; what a scan throws away a subquery decides.
    From 100,000 rows it is a warning.
    """
    yield from measured.unmeasured(snapshot, "bad_plan")
    told = set()
    others = _Others.of(snapshot)
    for run in measured.runs(snapshot):
        statements = {one.fingerprint: one for one in run.statements}
        for plan in run.plans:
            statement = statements.get(plan.fingerprint)
            for defect in _defects(snapshot, plan, statement) if statement else ():
                cause = defect.what, defect.table.label, defect.key
                if statement and cause not in told and not others.tell(run, statement, defect):
                    told.add(cause)
                    yield _finding(run, plan, statement, defect)


@dataclass(frozen=True, slots=True)
class _Others:
    """What other checks tell of the same plans, each with the index that would serve it."""

    spellings: frozenset[tuple[str, str]]
    orders: tuple[lists.Unserved, ...]
    filters: tuple[tuple[str, str, str], ...]

    @classmethod
    def of(cls, snapshot: Snapshot) -> _Others:
        return cls(
            frozenset((one.statement.fingerprint, one.table.label) for one in misses(snapshot)),
            (*lists.unserved(snapshot),),
            tuple(
                (model.label, table.label, column)
                for table, model, column in (*lists.filters(snapshot), *lists.dates(snapshot))
            ),
        )

    def tell(self, run: QueryRun, statement: Statement, defect: _Defect) -> bool:
        table = defect.table.label
        if defect.what.startswith("sorted"):
            return any(one.table.label == table and one.is_that_of(statement) for one in self.orders)
        where = statement.template.partition(" WHERE ")[2]
        return (statement.fingerprint, table) in self.spellings or any(
            run.id.startswith(f"admin:{model}?") and filtered == table and f'"{column}"' in where
            for model, filtered, column in self.filters
        )


def _defects(snapshot: Snapshot, plan: Plan, statement: Statement) -> Iterator[_Defect]:
    tables = [(node, _table(snapshot, node, statement)) for node in plan.nodes if node.table]
    for node, table in tables:
        rows = table.rows if table is not None else None
        if table is None or rows is None or rows < BIG:
            continue
        if node.access == "scan" and not _searches(node, statement) and not sorts.is_subplan(node.filter):
            kept = _kept(node, statement)
            if kept is not None and kept <= rows * (1 - DISCARDED):
                where = node.filter or statement.fingerprint
                advice = "Index what the condition compares."
                yield _Defect("discarded by a scan", table, node, where, rows, kept, advice)
        elif node.access == "automatic index":
            advice = "Create the index that SQLite builds anew for each execution."
            yield _Defect("indexed for one execution", table, node, node.condition, rows, statement.rows or 0, advice)
    yield from _sorts(plan, statement, tables)


def _sorts(plan: Plan, statement: Statement, tables: list[tuple[PlanNode, Table | None]]) -> Iterator[_Defect]:
    """The sorts of many rows for few, by the table whose columns they sort by."""
    page = "LIMIT" in statement.template.upper() and statement.rows is not None and statement.rows <= PAGE
    for position, node in enumerate(plan.nodes):
        if node.access == "sort":
            under = tuple(sorts.below(plan, position))
            read = under[0].rows_actual if under and under[0].rows_actual is not None else None
            read = under[0].rows_estimated if under and read is None else read
            keys, only = node.sort_keys, under
        elif node.text == "USE TEMP B-TREE FOR ORDER BY" and page and not _conditions(statement):
            keys, only, read = sorts.order(statement), None, None
        else:
            continue
        table = sorts.sorted_table(keys, tables, only=only)
        if table is None or (table.rows or 0) < BIG or sorts.is_volatile(" ".join(keys)):
            continue
        read = float(table.rows or 0) if node.access != "sort" else read
        if read is None or read < BIG or not (node.spilled or (page and not _ordered(table, keys))):
            continue
        what = "sorted on disk" if node.spilled else "sorted for one page"
        key = ", ".join(keys)
        yield _Defect(what, table, node, key, read, statement.rows or 0, f"Index the order: {key}.")


def _ordered(table: Table, keys: tuple[str, ...]) -> bool:
    """Whether a usable b-tree begins with what is sorted by first."""
    first = keys[0].partition(" ")[0].rpartition(".")[2].strip('"') if keys else ""
    return any(
        index.usable and index.plain and index.method in ("", "btree") and index.columns[0] == first
        for index in table.indexes
    )


def _kept(node: PlanNode, statement: Statement) -> float | None:
    """The rows that a scan let through, None where its plan does not tell and the statement does not show it."""
    if node.rows_removed is not None:
        read = node.rows_removed + (node.rows_actual or 0)
        return node.rows_actual if read >= BIG else None
    if node.rows_estimated is not None:
        return node.rows_estimated if node.filter else None
    if not _conditions(statement) or _AGGREGATED.search(statement.template) or "LIMIT" in statement.template.upper():
        return None
    return statement.rows


def _conditions(statement: Statement) -> bool:
    return " WHERE " in statement.template.upper() or " JOIN " in statement.template.upper()


def _searches(node: PlanNode, statement: Statement) -> bool:
    return bool(_SEARCHED.search(node.filter or statement.template.partition(" WHERE ")[2]))


def _table(snapshot: Snapshot, node: PlanNode, statement: Statement) -> Table | None:
    named = next((one for one in statement.tables if one.rpartition(".")[2] == node.table), node.table)
    schema, _, name = named.rpartition(".")
    return snapshot.table(name, schema)


def _finding(run: QueryRun, plan: Plan, statement: Statement, defect: _Defect) -> Finding:
    source = f"{plan.source}, {'run' if plan.analyzed else 'estimated'}"
    return Finding.about(
        defect.table,
        subject=f"{run.label!r}: {defect.table.label} is {_PASSIVE[defect.what]}",
        detail=f"The node {defect.node.type} of the plan handles far more rows than the query returns.",
        identity=(defect.what, defect.key),
        severity=Severity.WARNING if (defect.table.rows or 0) >= HUGE and run.owner == "project" else Severity.DEFAULT,
        owner=measured.owner(run, statement),
        location=measured.written(run, statement),
        evidence=(
            Evidence("plan", defect.node.text or f"{defect.node.type} {defect.node.table}".strip(), source=source),
            Evidence("rows in", round(defect.read), "rows", source),
            Evidence("rows out", round(defect.kept), "rows", source),
            Evidence("rows of the table", defect.table.rows or 0, "rows", defect.table.rows_are),
            Evidence("condition", defect.key, source=source),
            Evidence("time", round(statement.duration_ms, 2), "ms", "recorded"),
        ),
        remedy=Remedy(action=RunSql(purpose=defect.advice), orm=defect.advice),
    )


_PASSIVE = {
    "discarded by a scan": "read whole for a few rows",
    "indexed for one execution": "indexed anew at each execution",
    "sorted on disk": "sorted on disk",
    "sorted for one page": "sorted whole for one page",
}
