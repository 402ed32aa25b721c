"""How much each statement counts: by the time that users waited for it, where somebody saw that.

Times of the audit's own runs are no part of it: they say how busy the machine is, and would give other advice for equal
data from run to run. Where nobody else timed a statement, the planner's cost stands in for it.
"""

from __future__ import annotations

from collections.abc import Sequence

from dbaudit.advisor.candidate import Asked

#: All statements together are raised to at least this share of the workload, so that none is starved by a big one.
FLOOR = 0.05


def weights(asked: Sequence[Asked], costs: Sequence[float]) -> list[float]:
    """For each statement what its cost is multiplied by. ``costs`` are those without any candidate, over all samples.

    A timed statement counts by calls times mean time, an untimed one by calls times cost; time is turned into cost by
    the workload's own rate. The planner thinks ``UPPER(email) = UPPER(...)`` cheap because it guesses that one row in
    two hundred fits; the clock does not.
    """
    single = [cost / max(1, len(one.samples)) for one, cost in zip(asked, costs, strict=True)]
    timed = [
        (one.calls * one.observed_ms, one.calls * cost)
        for one, cost in zip(asked, single, strict=True)
        if one.observed_ms is not None
    ]
    time, cost_of_timed = sum(ms for ms, _ in timed), sum(cost for _, cost in timed)
    rate = cost_of_timed / time if time > 0 else 0.0
    burdens = [
        one.calls * (one.observed_ms * rate if one.observed_ms is not None and rate else cost)
        for one, cost in zip(asked, single, strict=True)
    ]
    least = FLOOR * sum(burdens) / max(1, len(burdens))
    return [max(burden, least) / cost if cost > 0 else 0.0 for burden, cost in zip(burdens, costs, strict=True)]
