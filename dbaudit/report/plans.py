"""Plans as people read them: a line a step, children further in, with what was expected and what came."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from dbaudit.facts import Plan, PlanNode, QueryRun, Statement
from dbaudit.report import words

#: Statements whose plans are shown, and steps of one plan.
SHOWN = 15
STEPS = 40


def slowest(runs: Iterable[QueryRun]) -> tuple[tuple[QueryRun, Statement, Plan], ...]:
    """The slowest statements that were planned, each once and with the run that it was slowest in."""
    planned: dict[str, tuple[QueryRun, Statement, Plan]] = {}
    for run in runs:
        plans = {plan.fingerprint: plan for plan in run.plans if plan.nodes}
        for statement in run.statements:
            plan = plans.get(statement.fingerprint)
            known = planned.get(statement.fingerprint)
            if plan and (known is None or statement.duration_ms > known[1].duration_ms):
                planned[statement.fingerprint] = (run, statement, plan)
    ordered = sorted(planned.values(), key=lambda one: (-one[1].duration_ms, one[1].fingerprint))
    return tuple(ordered[:SHOWN])


def excerpt(plan: Plan) -> str:
    """The first steps of a plan."""
    lines = [line for node in plan.nodes[:STEPS] for line in _lines(node)]
    left = len(plan.nodes) - STEPS
    return "\n".join([*lines, *([f"… and {words.count(left, 'more step')}"] if left > 0 else [])])


def _lines(node: PlanNode) -> Iterator[str]:
    margin = "  " * node.depth
    facts = ", ".join(_facts(node))
    yield f"{margin}{node.text or _named(node)}{f' ({facts})' if facts else ''}"
    if node.text:
        return
    for name, value in (("condition", node.condition), ("join", node.join), ("filter", node.filter)):
        if value:
            yield f"{margin}  {name}: {value}"
    if node.sort_keys:
        how = f" ({node.sort_method}, {node.sort_kb:,} KiB)" if node.sort_method and node.sort_kb is not None else ""
        yield f"{margin}  by: {', '.join(node.sort_keys)}{how}"


def _named(node: PlanNode) -> str:
    """A step in PostgreSQL's own words."""
    name = node.type + (f" using {node.index}" if node.index else "")
    return f"{name} on {node.table}" if node.table else name


def _facts(node: PlanNode) -> Iterator[str]:
    if node.rows_actual is not None:
        yield words.count(round(node.rows_actual), "row")
    if node.rows_estimated is not None:
        yield f"{node.rows_estimated:,.0f} expected"
    if node.rows_removed:
        yield f"{node.rows_removed:,.0f} thrown away"
    if node.loops is not None and node.loops > 1:
        yield f"{node.loops:,.0f} loops"
    if node.cost_total is not None:
        yield f"cost {words.number(node.cost_total)}"
    if node.time_ms is not None:
        yield words.milliseconds(node.time_ms)
    if node.spilled:
        yield "spilled to disk"
