"""A plan that was made on samples of tables, with the costs that it would have on the whole ones.

The planner's costs are sums over steps. What a step itself costs grows with the rows that run through it: a step above
a sample of one row in twenty costs twenty times as much on the whole table. A start (the way down an index) costs the
same, and a limit stops after as many rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from dbaudit.facts import Plan, PlanNode

#: A step that gives nothing before it has read so much of what is below it waits for all of it.
WAITS = 0.999


def scaled(plan: Plan, factors: Mapping[str, float], rate: float = 1.0) -> Plan:
    """The plan at the size of the whole tables.

    ``factors`` say for each table by name how many rows one of the sample stands for (1 where none is given); ``rate``
    multiplies all costs.
    """
    nodes: list[PlanNode] = []
    _scaled(plan.nodes, 0, factors, nodes)
    costed = (
        replace(
            node,
            cost_start=None if node.cost_start is None else node.cost_start * rate,
            cost_total=None if node.cost_total is None else node.cost_total * rate,
        )
        for node in nodes
    )
    return replace(plan, nodes=tuple(costed))


@dataclass(frozen=True, slots=True)
class _Below:
    """What the steps below one come to: before and after scaling, and the factor that runs through them."""

    start: float = 0.0
    total: float = 0.0
    scaled_start: float = 0.0
    scaled_total: float = 0.0
    factor: float = 1.0


def _scaled(
    nodes: tuple[PlanNode, ...], place: int, factors: Mapping[str, float], told: list[PlanNode]
) -> tuple[int, _Below]:
    """Scale one step with all below it; gives the place behind them. ``told`` receives the steps in their order."""
    node = nodes[place]
    mine = len(told)
    told.append(node)
    below: list[_Below] = []
    place += 1
    while place < len(nodes) and nodes[place].depth > node.depth:
        place, one = _scaled(nodes, place, factors, told)
        below.append(one)
    factor = max([factors.get(node.table, 1.0), *(one.factor for one in below)])
    start, total = node.cost_start or 0.0, node.cost_total or 0.0
    under = _Below(
        start=sum(one.start for one in below),
        total=sum(one.total for one in below),
        scaled_start=sum(one.scaled_start for one in below),
        scaled_total=sum(one.scaled_total for one in below),
    )
    if not below:
        first, last = start, start + (total - start) * factor
    elif start >= under.total * WAITS:
        first = under.scaled_total + (start - under.total) * factor
        last = first + (total - start) * factor
    elif node.type == "Limit":
        first = under.scaled_start + max(0.0, start - under.start) * factor
        last = min(first + (total - start), max(first, under.scaled_total))
    else:
        first = under.scaled_start + max(0.0, start - under.start) * factor
        last = max(first, under.scaled_total + max(0.0, total - under.total) * factor)
    told[mine] = replace(node, cost_start=first, cost_total=last)
    return place, _Below(start=start, total=total, scaled_start=first, scaled_total=last, factor=factor)
