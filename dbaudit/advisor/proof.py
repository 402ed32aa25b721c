"""Chosen indexes whose costs are not to be believed, and what came of executing their statements on the copies."""

from __future__ import annotations

import re

from dbaudit.advisor import flips
from dbaudit.advisor.candidate import Candidate, Planner
from dbaudit.advisor.prune import NO_GAIN, TOO_DARING
from dbaudit.advisor.values import Advice, Chosen, Effect
from dbaudit.facts import Snapshot

#: Executed, an index must save a statement so much of its pages and rows.
SAVES = 0.9
#: A hope that cannot be tried may cost so many times what the statement takes without the index, at the worst.
DARING = 4.0
_DISTINCT_ON = re.compile(r"\bDISTINCT\s+ON\b", re.IGNORECASE)


def refuted(advice: Advice, planner: Planner, snapshot: Snapshot) -> dict[Candidate, str]:
    """Those of the chosen indexes that saved none of their doubtful statements anything when these were executed.

    What could not be executed is not refuted, unless it may end as several times what the statement takes today.
    """
    found = {
        one.candidate: _reason(
            [each for each in advice.effects if one.candidate in each.after.used], one, planner, snapshot
        )
        for one in flips.flagged(advice, snapshot).chosen
    }
    return {candidate: reason for candidate, reason in found.items() if reason}


def _reason(helped: list[Effect], one: Chosen, planner: Planner, snapshot: Snapshot) -> str:
    """Why an index is refuted, ``""`` where it is not."""
    doubted = [effect for effect in helped if _doubtful(effect, one)]
    found = [_saves(effect, one.candidate, planner) for effect in doubted]
    for saved, effect in zip(found, doubted, strict=True):
        if effect.asked.fingerprint in one.flips:
            if saved is False:
                return NO_GAIN
            if saved is None and flips.worst(effect.before, effect.after, one.candidate, snapshot) > DARING:
                return TOO_DARING
    all_of_it = bool(found) and len(doubted) == len(helped) and all(saved is False for saved in found)
    return NO_GAIN if all_of_it else ""


def _doubtful(effect: Effect, one: Chosen) -> bool:
    """Whether the planner's cost of this statement with this index is a guess."""
    if one.candidate.method in ("gin", "gist") or effect.asked.fingerprint in one.flips:
        return True
    if any(key.expression for key in one.candidate.keys) or _DISTINCT_ON.search(effect.asked.sql):
        return True
    nodes = (node for plan in effect.after.plans for node in plan.nodes if node.index == one.candidate.name)
    return any(node.type == "Index Scan" and not node.condition for node in nodes)  # walked whole, in disorder


def _saves(effect: Effect, candidate: Candidate, planner: Planner) -> bool | None:
    """Whether the index saved pages and rows beside the others of the plan; None where that could not be seen."""
    before = planner.executed(effect.asked, effect.after.used - {candidate})
    after = planner.executed(effect.asked, effect.after.used)
    if before is None or after is None or candidate not in after.used:
        return None
    return after.work <= before.work * SAVES
