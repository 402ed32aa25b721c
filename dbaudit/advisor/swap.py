"""Pairs: an index with a column more is built, and the one whose place it takes is dropped.

The search asks which share of the workload an index saves, and what it costs the writes. A lookup of a few rows never
saves much of a workload. But where the longer index takes the place of one that exists, a table keeps as many indexes
as it had, and a written row makes as many entries: that costs nothing, so that one statement which becomes cheaper is
reason enough.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from dbaudit.advisor.candidate import Candidate, Planner, UnplannableError
from dbaudit.advisor.prune import (
    ALIKE,
    EQUAL,
    WORTH_RATIO,
    WORTH_RATIO_REPLACING,
    crowd,
    looked_up,
    natural,
    replanned,
    retold,
    spares,
)
from dbaudit.advisor.served import replaced, serving
from dbaudit.advisor.values import Advice, Chosen, Effect
from dbaudit.advisor.writes import changes, written
from dbaudit.facts import IndexKey, Snapshot

#: Keys of such an index at most.
WIDTH = 3


def paired(advice: Advice, planner: Planner, snapshot: Snapshot) -> Advice:
    """The advice with such indexes added, those that help most first, as far as the budget allows and no statement is
    the worse for it."""
    tried: dict[Candidate, float] = {}
    for effect in advice.effects:
        for candidate in _candidates(effect, snapshot):
            ratio = _ratio(advice, effect, candidate, planner)
            tried[candidate] = min(ratio, tried.get(candidate, 1.0))
    for candidate, _ in sorted(tried.items(), key=lambda one: (one[1], one[0])):
        advice = _with(advice, candidate, planner, snapshot)
    return replace(advice, calls=planner.calls)


def _candidates(effect: Effect, snapshot: Snapshot) -> Iterator[Candidate]:
    """For each table of the project in which the statement looks rows up by several columns, the index on these."""
    if effect.asked.repeated:
        return
    for table in snapshot.stored_tables():
        if table.name not in effect.asked.sql or table.ownership.owner != "project" or not table.stores_rows:
            continue
        keys = tuple(IndexKey(column=name) for name in looked_up(effect.asked, table, snapshot)[:WIDTH])
        if len(keys) > 1:
            whole = Candidate(table=table.name, schema=table.schema, keys=keys)
            candidate = natural(whole, table, [effect.asked], snapshot)
            if serving(candidate, table) is None and replaced(candidate, table):
                yield candidate


def _ratio(advice: Advice, effect: Effect, candidate: Candidate, planner: Planner) -> float:
    """What the statement costs with it, too, as a part of what it costs with the choice alone."""
    present = {one.candidate for one in advice.chosen if one.candidate.table in effect.asked.sql} | {candidate}
    try:
        planned = planner.cost(effect.asked, frozenset(present))
    except UnplannableError:
        return 1.0
    return planned.cost / effect.after.cost if candidate in planned.used and effect.after.cost else 1.0


def _with(advice: Advice, candidate: Candidate, planner: Planner, snapshot: Snapshot) -> Advice:
    """The advice with the candidate, or as it is where it is not worth its place beside what is chosen by now."""
    table = snapshot.table(candidate.table, candidate.schema)
    if table is None or any(one.candidate == candidate for one in advice.chosen):
        return advice
    try:
        size = planner.size(candidate)
    except UnplannableError:
        return advice
    instead = replaced(candidate, table)
    worth = WORTH_RATIO_REPLACING if spares(instead, advice) else WORTH_RATIO
    if crowd(candidate, advice, snapshot, instead) >= ALIKE or advice.bytes + size > advice.budget_bytes:
        return advice
    effects = replanned(advice, {*(one.candidate for one in advice.chosen), candidate}, candidate.table, planner)
    both = list(zip(advice.effects, effects, strict=True))
    helped = [(old, new) for old, new in both if candidate in new.after.used and not old.asked.repeated]
    if not any(new.after.cost <= worth * old.after.cost for old, new in helped):
        return advice
    if any(new.after.cost > old.after.cost * EQUAL for old, new in both):
        return advice
    gain = sum(old.share * (old.ratio - new.ratio) for old, new in both)
    one = Chosen(
        candidate=candidate,
        bytes=size,
        gain=gain,
        alone=gain,
        written=written(candidate, snapshot, changes(snapshot)),
        replaces=instead,
    )
    rejected = tuple(each for each in advice.rejected if each.candidate != candidate)
    chosen = sorted((*advice.chosen, one), key=lambda each: (-each.gain, each.candidate))
    return retold(replace(advice, rejected=rejected), tuple(chosen), effects)
