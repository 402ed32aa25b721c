"""Plans that look cheap because they hope to stop early: a limit over rows in order, with a filter on the rest.

With an index on the sort column alone the planner walks it and throws away what the filter does not want, until the
limit is reached. Its cost takes the wanted rows to be spread evenly. Where they lie at the far end the whole index is
walked: such plans were measured to run 12 to 23 times longer than the ones that they replaced while their cost was a
third lower.
"""

from __future__ import annotations

from collections.abc import Iterator

from dbaudit.advisor.candidate import Candidate, Planned
from dbaudit.facts import Plan, PlanNode

#: So many times the planner's cost is what an early stop may cost at the most before the walk itself ends.
RISK = 10.0
#: A filter that lets so many of the rows through makes no long walk.
HARMLESS = 0.5
_THROUGH = ("Nested Loop", "Subquery Scan", "Result", "LockRows", "Gather Merge", "Unique", "Append", "Merge Append")


def walks(plan: Plan) -> Iterator[tuple[PlanNode, PlanNode]]:
    """Each limit of a plan that hopes for an early stop, with the scan in order that it stops."""
    for place, node in enumerate(plan.nodes):
        if node.type == "Limit":
            below = plan.nodes[place + 1 :]
            scan = _walked(node, below)
            if scan is not None:
                yield node, scan


def _walked(limit: PlanNode, below: tuple[PlanNode, ...]) -> PlanNode | None:
    depth = limit.depth + 1
    for node in below:
        if node.depth != depth:
            return None
        if node.type in ("Index Scan", "Index Only Scan"):
            return node if node.filter and not node.condition else None
        if node.type not in _THROUGH:
            return None
        depth += 1
    return None


def risk(planned: Planned) -> float:
    """What the plans may cost more: those that walk a candidate in the hope of an early stop are priced at ten times
    that, or at the whole walk where that is less."""
    names = {one.name for one in planned.used}
    return sum(_risk(plan, names) for plan in planned.plans)


def _risk(plan: Plan, names: set[str]) -> float:
    more = 0.0
    for limit, scan in walks(plan):
        if scan.index not in names or limit.cost_total is None:
            continue
        child = next(node for node in plan.nodes[plan.nodes.index(limit) + 1 :])
        whole = max(child.cost_total or 0.0, limit.cost_total)
        more = max(more, min(whole, RISK * limit.cost_total) - limit.cost_total)
    return more


def flips(planned: Planned, candidate: Candidate) -> bool:
    """Whether one of the plans walks this candidate in the hope of an early stop."""
    return any(scan.index == candidate.name for plan in planned.plans for _, scan in walks(plan))
