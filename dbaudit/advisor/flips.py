"""Plans that look cheap because they hope to stop early.

A limit, ``EXISTS`` or a subquery that wants one row stops what runs below it as soon as it has enough. Where an index
gives rows in order and a filter or a join throws most of them away, the planner takes the wanted rows to be spread
evenly, and the walk to end soon. Where they lie at the far end the whole index is walked: such plans were measured to
run 12 to 500 times longer than the ones that they replaced while their cost was lower.

The hope reaches through everything that hands rows on as they come: nested loops and merge joins, memoized lookups,
incremental sorts, subqueries, partitions. It ends where a step waits for all rows below it, such as a sort or a hash.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from dbaudit.advisor.candidate import Candidate, Planned
from dbaudit.advisor.executions import executions
from dbaudit.advisor.values import Advice
from dbaudit.facts import Plan, PlanNode, Snapshot

#: So many times the planner's cost is what an early stop may cost at the most before the walk itself ends.
RISK = 10.0
#: Where so many of the walked rows are wanted ones, no walk is long.
HARMLESS = 0.98
#: A step that is expected to run so much of its way hopes for nothing.
NEARLY_ALL = 0.5
#: A step that gives nothing before it has read so much of what is below it waits for all of it.
WAITS = 0.999
#: A walk that takes at most so many times what the plan before it took, even to the end, does no harm.
NO_WORSE = 1.0
#: What is guessed of a condition that the statistics say nothing of.
RANGE_SHARE = 1 / 3

_SCANS = ("Index Scan", "Index Only Scan")
#: Of these the first child alone gives the rows that are handed on; the others are asked once for each of them.
_DRIVEN = ("Nested Loop", "Hash Join")
_ENDS = ("Bitmap Heap Scan", "Hash", "ModifyTable", "SetOp")


@dataclass(frozen=True, slots=True)
class Hope:
    """A scan in order that is expected to be left early: ``expected`` is what the step above it costs until then,
    ``worst`` what it costs where all unwanted rows come first, in the planner's units, for as often as it is run."""

    scan: PlanNode
    expected: float
    worst: float


@dataclass(frozen=True, slots=True)
class _Stop:
    """A step that is expected to be stopped: how many rows it gives to the end, and its two costs."""

    rows: float
    expected: float
    whole: float


def hopes(plan: Plan, candidates: dict[str, Candidate], snapshot: Snapshot) -> Iterator[Hope]:
    """The scans of these candidates (by the names of their indexes) that a plan hopes to leave early."""
    if plan.nodes:

        def rows_of(node: PlanNode) -> float | None:
            table = snapshot.table(node.table, node.schema)
            return table.rows if table else None

        times = tuple(times for _, times in executions(plan, rows_of))
        yield from _Walker(plan.nodes, times, candidates, snapshot).walk(0, None)


@dataclass(frozen=True)
class _Walker:
    nodes: tuple[PlanNode, ...]
    times: tuple[float, ...]
    candidates: dict[str, Candidate]
    snapshot: Snapshot

    def walk(self, place: int, stop: _Stop | None) -> Iterator[Hope]:
        node = self.nodes[place]
        candidate = self.candidates.get(node.index) if node.type in _SCANS else None
        if candidate and stop:
            wanted = stop.rows / max(1.0, self._walked(node, candidate))
            if wanted < HARMLESS:
                yield Hope(node, stop.expected, min(stop.whole, stop.expected + stop.whole * (1 - wanted)))
        for number, child in enumerate(self._children(place)):
            yield from self.walk(child, self._below(place, child, number, stop))

    def _below(self, place: int, below: int, number: int, stop: _Stop | None) -> _Stop | None:
        """What stops a child early, None where it runs to its end."""
        node, child = self.nodes[place], self.nodes[below]
        if child.relationship in ("SubPlan", "InitPlan"):
            return None if "hashed" in node.filter else _asked_for_one(child, self.times[below])
        if node.type == "Limit":
            return _limited(node, child, self.times[place]) or stop
        if node.join in ("Semi", "Anti") and node.type == "Nested Loop" and child.relationship == "Inner":
            return _asked_for_one(child, self.times[below])
        if stop is None or node.type in _ENDS or (node.type in _DRIVEN and number > 0):
            return None
        waits = (node.cost_start or 0.0) >= (child.cost_total or 0.0) * WAITS
        return None if waits and (child.cost_total or 0.0) > 0 else stop

    def _children(self, place: int) -> Iterator[int]:
        depth = self.nodes[place].depth
        for other in range(place + 1, len(self.nodes)):
            if self.nodes[other].depth <= depth:
                return
            if self.nodes[other].depth == depth + 1:
                yield other

    def _walked(self, scan: PlanNode, candidate: Candidate) -> float:
        """How many rows the index has in the range that is walked, before the filter."""
        rows = scan.rows_estimated or 0.0
        if not scan.filter:
            return rows
        table = self.snapshot.table(candidate.table, candidate.schema)
        if table is None or not table.rows:
            return float("inf")
        walked = float(table.rows)
        for key in candidate.keys:
            column = table.column(key.column) if key.column else None
            if column is None or column.name not in scan.condition:
                continue
            seen = column.statistics
            fixed = re.search(rf'\b{re.escape(column.name)}"?\)?(?:::\w+)? = ', scan.condition)
            walked *= 1 / max(1.0, (seen and seen.distinct) or 1.0) if fixed else RANGE_SHARE
        return max(rows, walked)


def _limited(limit: PlanNode, child: PlanNode, times: float) -> _Stop | None:
    start, total = child.cost_start or 0.0, child.cost_total or 0.0
    end = limit.cost_total if limit.cost_total is not None else total
    if total <= start or (end - start) / (total - start) > NEARLY_ALL:
        return None
    return _Stop(child.rows_estimated or 0.0, end * times, total * times)


def _asked_for_one(node: PlanNode, times: float) -> _Stop | None:
    """A subquery of which the first row is enough, as far as it has several."""
    rows, total, start = node.rows_estimated or 0.0, node.cost_total or 0.0, node.cost_start or 0.0
    if rows * NEARLY_ALL < 1:
        return None
    return _Stop(rows, (start + (total - start) / rows) * times, total * times)


def risk(planned: Planned, snapshot: Snapshot) -> float:
    """What the plans may cost more: those that hope to leave a candidate's order early are priced at ten times that, or
    at the longest walk where that is less."""
    candidates = {one.name: one for one in planned.used}
    if not candidates:
        return 0.0
    return sum(_risk(hopes(plan, candidates, snapshot)) for plan in planned.plans)


def _risk(found: Iterator[Hope]) -> float:
    return max((min(one.worst, RISK * one.expected) - one.expected for one in found), default=0.0)


def flips(before: Planned, after: Planned, candidate: Candidate, snapshot: Snapshot) -> bool:
    """Whether one of the plans hopes to leave this candidate's order early, and would be worse than the one without it
    if the hope came to nothing."""
    return worst(before, after, candidate, snapshot) > NO_WORSE


def worst(before: Planned, after: Planned, candidate: Candidate, snapshot: Snapshot) -> float:
    """How many times what a plan takes without the candidate it takes at the worst, 0 where it hopes for nothing."""
    named = {candidate.name: candidate}
    plans = [*before.plans, *[None] * (len(after.plans) - len(before.plans))]
    found = 0.0
    for old, new in zip(plans, after.plans, strict=False):
        cost = (old.cost if old is not None else None) or before.cost
        longest = max((one.worst for one in hopes(new, named, snapshot)), default=0.0)
        found = max(found, longest / cost if cost else 0.0)
    return found


def flagged(advice: Advice, snapshot: Snapshot) -> Advice:
    """The advice with the statements told to each index whose plan hopes to leave its order early."""
    chosen = tuple(
        replace(
            one,
            flips=tuple(
                effect.asked.fingerprint
                for effect in advice.effects
                if one.candidate in effect.after.used and flips(effect.before, effect.after, one.candidate, snapshot)
            ),
        )
        for one in advice.chosen
    )
    return replace(advice, chosen=chosen)
