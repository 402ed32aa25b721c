"""Plans of recorded statements, in the words of their vendor and in one shape."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from django.db import DatabaseError, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from dbaudit.facts import Plan, PlanNode, Statement
from dbaudit.facts.workload import Access
from dbaudit.workload.limits import Limits
from dbaudit.workload.recording.template import normalised

_ACCESS: dict[str, Access] = {
    "Seq Scan": "scan",
    "Parallel Seq Scan": "scan",
    "Index Scan": "index",
    "Index Only Scan": "index only",
    "Bitmap Index Scan": "bitmap",
    "Bitmap Heap Scan": "bitmap",
    "Tid Scan": "key",
    "Sort": "sort",
    "Incremental Sort": "sort",
    "Nested Loop": "join",
    "Hash Join": "join",
    "Merge Join": "join",
}
_CONDITIONS = ("Index Cond", "Recheck Cond", "Hash Cond", "Merge Cond", "TID Cond")
_REMOVED = ("Rows Removed by Filter", "Rows Removed by Index Recheck", "Rows Removed by Join Filter")
_SQLITE = re.compile(
    r"(?P<verb>SCAN|SEARCH) (?:TABLE )?(?P<table>\S+)(?: AS (?P<alias>\S+))?"
    r"(?: USING (?P<how>(?:AUTOMATIC )?(?:PARTIAL )?(?:COVERING )?INDEX|(?:INTEGER )?PRIMARY KEY)"
    r"(?: (?P<index>[^\s(]+))?)?(?: \((?P<condition>.*)\))?"
)
_ALIASED = re.compile(r'"([^"]+)"\s+(?:AS\s+)?"?([A-Z]+\d+)"?(?![\w"])')


def explain(
    connection: BaseDatabaseWrapper,
    statements: Iterable[Statement],
    limits: Limits,
    spared: Callable[[Statement], bool] = lambda _: False,
) -> tuple[Plan, ...]:
    """Plan each distinct SELECT on this connection's alias once, with the values of its slowest execution.

    To be called in the transaction in which they ran. A statement that the planner refuses is left out: it has no plan.
    One that is to be ``spared`` is planned without being executed.
    """
    slowest: dict[str, Statement] = {}
    for one in statements:
        if one.kind == "select" and one.alias == connection.alias and not one.error and not one.many:
            known = slowest.get(one.fingerprint)
            slowest[one.fingerprint] = one if known is None or one.duration_ms > known.duration_ms else known
    chosen = sorted(slowest.values(), key=lambda one: -one.duration_ms)[: limits.plans]
    explained = (
        _explain(connection, one, analyze=one.duration_ms <= limits.analyze_ms and not spared(one)) for one in chosen
    )
    return tuple(plan for plan in explained if plan is not None)


def _explain(connection: BaseDatabaseWrapper, statement: Statement, *, analyze: bool) -> Plan | None:
    if connection.vendor == "postgresql":
        options = "ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON" if analyze else "FORMAT JSON"
        source = f"EXPLAIN ({options})"
    elif connection.vendor == "sqlite":
        source = "EXPLAIN QUERY PLAN"
    else:
        return None
    values = statement.parameters.values if statement.parameters is not None else None
    try:
        with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
            cursor.execute(f"{source} {statement.sql}", values)
            answer = cursor.fetchall()
    except DatabaseError:
        return None
    if connection.vendor == "sqlite":
        return Plan(
            fingerprint=statement.fingerprint,
            alias=statement.alias,
            source=source,
            nodes=tuple(sqlite_nodes(answer, statement.sql)),
        )
    return postgresql_plan(answer[0][0], statement.fingerprint, statement.alias, source, analyzed=analyze)


def postgresql_plan(
    answer: Any, fingerprint: str, alias: str, source: str, *, analyzed: bool = False, generic: bool = False
) -> Plan:
    """A plan from what ``EXPLAIN (FORMAT JSON)`` answered, parsed by the driver or not."""
    top = (json.loads(answer) if isinstance(answer, str) else answer)[0]
    return Plan(
        fingerprint=fingerprint,
        alias=alias,
        source=source,
        nodes=tuple(_postgresql_nodes(top["Plan"], 0)),
        analyzed=analyzed,
        generic=generic,
        planning_ms=top.get("Planning Time"),
        execution_ms=top.get("Execution Time"),
    )


def _postgresql_nodes(node: dict[str, Any], depth: int) -> Iterator[PlanNode]:
    loops = node.get("Actual Loops")
    actual = node.get("Actual Rows")
    conditions = [node[name] for name in _CONDITIONS if name in node]
    removed = [node[name] for name in _REMOVED if name in node]
    method = node.get("Sort Method", "")
    yield PlanNode(
        type=node["Node Type"],
        depth=depth,
        access=_ACCESS.get(node["Node Type"], ""),
        table=node.get("Relation Name", ""),
        schema=node.get("Schema", ""),
        alias=node.get("Alias", ""),
        index=node.get("Index Name", ""),
        rows_estimated=node.get("Plan Rows"),
        rows_actual=actual * loops if actual is not None and loops is not None else None,
        rows_removed=sum(removed) * (loops or 1) if removed else (0 if actual is not None else None),
        loops=loops,
        width=node.get("Plan Width"),
        cost_start=node.get("Startup Cost"),
        cost_total=node.get("Total Cost"),
        time_ms=node.get("Actual Total Time"),
        condition=normalised(" AND ".join(conditions)),
        filter=normalised(node.get("Filter", node.get("Join Filter", ""))),
        join=node.get("Join Type", ""),
        sort_keys=tuple(normalised(key) for key in node.get("Sort Key", ())),
        sort_method=method,
        sort_kb=node.get("Sort Space Used"),
        spilled=node.get("Sort Space Type") == "Disk" or "external" in method,
        relationship=node.get("Parent Relationship", ""),
    )
    for child in node.get("Plans", ()):
        yield from _postgresql_nodes(child, depth + 1)


def sqlite_nodes(answer: Iterable[tuple[Any, ...]], sql: str) -> Iterator[PlanNode]:
    """The nodes of ``EXPLAIN QUERY PLAN``; ``sql`` tells which table an alias stands for."""
    aliases = {alias: table for table, alias in _ALIASED.findall(sql)}
    depths: dict[int, int] = {0: -1}
    for number, parent, _, text in answer:
        depths[number] = depths.get(parent, -1) + 1
        found = _SQLITE.match(text)
        if found is None or text.startswith("SCAN CONSTANT"):
            access: Access = "temporary b-tree" if text.startswith("USE TEMP B-TREE") else ""
            yield PlanNode(
                type=re.split(r" (?:FOR|\d)", text)[0], depth=depths[number], access=access, text=normalised(text)
            )
            continue
        name = str(found["table"])
        yield PlanNode(
            type=found["verb"],
            depth=depths[number],
            access=_sqlite_access(found["verb"], found["how"] or ""),
            table=aliases.get(name, name),
            alias=found["alias"] or name,
            index=found["index"] or "",
            condition=found["condition"] or "",
            text=normalised(text),
        )


def _sqlite_access(verb: str, how: str) -> Access:
    if how.startswith("AUTOMATIC"):
        return "automatic index"
    if verb == "SCAN" and not how:
        return "scan"
    if how.endswith("PRIMARY KEY"):
        return "key"
    return "index only" if how == "COVERING INDEX" else "index"
