"""How often the planner expects each step of a plan to run: an ``EXPLAIN`` without ``ANALYZE`` does not say."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from dbaudit.facts import Plan, PlanNode

#: Rows of the table that a step reads, None where that is not known.
RowsOf = Callable[[PlanNode], float | None]


def executions(plan: Plan, rows_of: RowsOf) -> Iterator[tuple[PlanNode, float]]:
    """Each node of a PostgreSQL plan with how often it runs in one execution of the statement.

    The inner side of a nested loop runs once for each row of the outer side; below a `Memoize` not more often than the
    table that is looked up has rows; a subplan once for each row of the step that asks it. What stands below a limit
    runs as far as the planner expects the limit to let it.
    """
    above: list[tuple[PlanNode, float]] = []  # the node's ancestors, the root first
    sides: dict[int, float] = {}  # by depth: those of the nested loop at that depth
    for place, node in enumerate(plan.nodes):
        del above[node.depth :]
        times = 1.0
        if above:
            parent, times = above[-1]
            if node.relationship == "SubPlan":
                times *= max(1.0, parent.rows_estimated or 1.0)
            elif parent.type == "Nested Loop" and node.relationship == "Outer":
                sides[parent.depth] = max(1.0, node.rows_estimated or 1.0)
            elif parent.type == "Nested Loop" and node.relationship == "Inner" and node.type != "Materialize":
                outer = sides.get(parent.depth, 1.0)
                if node.type == "Memoize":
                    looked_up = next((each for each in plan.nodes[place + 1 :] if each.table), node)
                    outer = min(outer, max(1.0, rows_of(looked_up) or outer))
                times *= outer
            elif parent.type == "Limit":
                times *= _let_through(parent, node)
        above.append((node, times))
        yield node, times


def _let_through(limit: PlanNode, child: PlanNode) -> float:
    """Which part of its work a step does before the limit above it is reached: as the planner prices it."""
    if limit.cost_total is None or child.cost_total is None or child.cost_start is None:
        return 1.0
    whole = child.cost_total - child.cost_start
    return min(1.0, max(0.0, limit.cost_total - child.cost_start) / whole) if whole > 0 else 1.0
