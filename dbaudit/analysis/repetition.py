"""Statements that a run repeats for each row of another: what the N+1 check reports and what its fixes do away with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

from dbaudit.facts import QueryRun, Statement

#: Attributes of one instance: asked for each instance that has not been given what they hold.
PER_INSTANCE = ("forward", "reverse", "reverse one to one", "many to many", "generic", "deferred")
#: An attribute may be empty in some rows, which then ask nothing: half of them still make a repetition.
PARTLY = 0.5
#: Fewer repetitions than this prove nothing where the code was not run again.
FEW = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Repetition:
    """Statements of one line and attribute that ran ``times`` times, because ``parent`` returned that many rows.

    ``slope`` is the number of executions that one more row adds, measured; None where the code could not be run again
    and the evidence is who asked and what ran. ``prefetched`` says that the same relation had been prefetched before.
    """

    statement: Statement
    parent: Statement
    times: int
    slope: float | None
    prefetched: bool = False


def repetitions(run: QueryRun) -> Iterator[Repetition]:
    """What a run asks once a row, in the order in which it first ran."""
    groups: dict[tuple[object, ...], list[Statement]] = {}
    for one in run.statements:
        if one.kind == "select" and not one.error:
            what = one.asked if one.asker in PER_INSTANCE else one.fingerprint
            groups.setdefault((what, one.location), []).append(one)
    prove = _scaled if run.scaling else _evident
    for group in groups.values():
        found = prove(run, group) if len(group) > 1 else None
        if found is not None:
            yield replace(found, prefetched=_prefetched(run, found.statement))


def _scaled(run: QueryRun, group: list[Statement]) -> Repetition | None:
    """Proved by running again with n and with 2n rows of each possible parent; the steepest is the parent."""
    prints = {one.fingerprint for one in group}
    slope, parent = 0.0, ""
    for small in run.scaling:
        for large in run.scaling:
            if large.parent == small.parent and large.rows == small.rows * 2:
                added = sum(large.count(one) - small.count(one) for one in prints) / (large.rows - small.rows)
                slope, parent = max((slope, parent), (added, small.parent))
    if slope < (PARTLY if group[0].asker in PER_INSTANCE else 1):
        return None
    first = next(one for one in run.statements if one.fingerprint == parent)
    return Repetition(statement=group[0], parent=first, times=len(group), slope=slope)


def _evident(run: QueryRun, group: list[Statement]) -> Repetition | None:
    """Not run again: an attribute of instances asked with different values, after rows enough to loop over.

    Without an attribute, one line must have asked exactly once, each time with another value, for each of those rows.
    """
    first, times = group[0], len(group)
    different = len({one.arguments for one in group})
    attribute = first.asker in PER_INSTANCE
    if (
        times < FEW
        or first.location is None
        or different < (2 if attribute else times)
        or (first.asker and not attribute)
    ):
        return None
    rows: Counter[str] = Counter()
    for one in run.statements:
        rows[one.fingerprint] += one.rows or 0
    parents = [
        one
        for one in run.statements[: run.statements.index(first)]
        if one.kind == "select"
        and one.fingerprint != first.fingerprint
        and (rows[one.fingerprint] >= times if attribute else one.rows == times)
    ]
    if not parents:
        return None
    # Rows of one result before rows of many, as those of another repetition beside this one; then the nearest number.
    parent = min(parents, key=lambda one: ((one.rows or 0) < times, rows[one.fingerprint] - times))
    return Repetition(statement=first, parent=parent, times=times, slope=None)


def _prefetched(run: QueryRun, statement: Statement) -> bool:
    before = run.statements[: run.statements.index(statement)]
    return any(one.asker == "prefetch" and one.asked == statement.asked for one in before)
