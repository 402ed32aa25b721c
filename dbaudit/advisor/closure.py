"""Advice that the next audit has nothing to add to.

What an index is worth is measured against the others. Once those that were chosen are there, the workload costs less,
and what was too little beside it may be enough. Whoever follows the advice must not be told the next thing each time:
so it is asked for again with the chosen indexes in place, as the next audit would, until nothing new comes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from dbaudit.advisor.allowance import PLANS_A_SECOND
from dbaudit.advisor.candidate import Asked, Candidate, Execution, Planned, Planner
from dbaudit.advisor.flips import flagged
from dbaudit.advisor.proof import refuted
from dbaudit.advisor.propose import advise
from dbaudit.advisor.prune import planned_with, retold, settled
from dbaudit.advisor.remembering import Remembering
from dbaudit.advisor.served import as_index, replaced
from dbaudit.advisor.swap import paired
from dbaudit.advisor.values import Advice, Chosen
from dbaudit.facts import Snapshot, Table

#: How often it is asked for again at most.
ROUNDS = 3
#: How often it is made again without what was refuted when it was executed.
PROOFS = 4


@dataclass(frozen=True)
class Standing:
    """A `Planner` to which some candidates are indexes that exist."""

    planner: Planner
    built: frozenset[Candidate]

    @property
    def calls(self) -> int:
        """The plans that were made."""
        return self.planner.calls

    @property
    def work(self) -> float:
        """What was done so far, in plans."""
        return self.planner.work

    def cost(self, asked: Asked, present: frozenset[Candidate]) -> Planned:
        """Plan one statement with these candidates beside those."""
        there = frozenset(one for one in self.built if one.table in asked.sql)
        planned = self.planner.cost(asked, present | there)
        return replace(planned, used=planned.used - self.built)

    def executed(self, asked: Asked, present: frozenset[Candidate]) -> Execution | None:
        """Execute one statement with these candidates beside those."""
        there = frozenset(one for one in self.built if one.table in asked.sql)
        found = self.planner.executed(asked, present | there)
        return found and replace(found, used=found.used - self.built)

    def size(self, candidate: Candidate) -> int:
        """Bytes that the index would take."""
        return self.planner.size(candidate)

    def refusal(self, candidate: Candidate) -> str:
        """Why an index like that could not be tried."""
        return self.planner.refusal(candidate)


def closed(
    planner: Planner,
    snapshot: Snapshot,
    asked: Iterable[Asked],
    *,
    budget_bytes: int,
    seconds: float,
    quick: bool,
    worth_telling: Callable[[Advice], Advice] = lambda advice: advice,
) -> Advice:
    """The advice on this workload, so complete that following it brings no other. See `dbaudit.advisor.propose.advise`
    for what is given; ``worth_telling`` leaves out what nobody wants to be told, each time as the next audit would."""
    planner = Remembering(planner)
    questions = tuple(asked)
    began = planner.work
    advice = worth_telling(_once(planner, snapshot, questions, budget_bytes, seconds, quick=quick))
    for _ in range(ROUNDS):
        left = seconds - (planner.work - began) / PLANS_A_SECOND
        if quick or not advice.chosen or not advice.complete or left <= 0:
            break
        standing = Standing(planner, frozenset(one.candidate for one in advice.chosen))
        room = max(0, budget_bytes - advice.bytes)
        more = worth_telling(_once(standing, _built(snapshot, advice.chosen), questions, room, left, quick=quick))
        if not more.chosen:
            break
        advice = _joined(advice, more, planner, snapshot)
    return flagged(replace(advice, calls=planner.calls), snapshot)


def _once(
    planner: Planner, snapshot: Snapshot, asked: tuple[Asked, ...], room: int, seconds: float, *, quick: bool
) -> Advice:
    refused: dict[Candidate, str] = {}
    for _ in range(PROOFS):
        found = advise(planner, snapshot, asked, budget_bytes=room, seconds=seconds, quick=quick, refused=refused)
        found = paired(settled(found, planner, snapshot), planner, snapshot)
        wrong = refuted(found, planner, snapshot)
        if not wrong:
            break
        refused |= wrong
    return found


def _built(snapshot: Snapshot, chosen: Iterable[Chosen]) -> Snapshot:
    """The snapshot with these indexes, and without those that have nothing left to do."""
    by_table: dict[tuple[str, str], list[Chosen]] = {}
    for one in chosen:
        by_table.setdefault((one.candidate.schema, one.candidate.table), []).append(one)

    def changed(table: Table) -> Table:
        mine = by_table.get((table.schema, table.name), ())
        gone = {index.name for one in mine for index in one.replaces}
        kept = [index for index in table.indexes if index.name not in gone]
        new = [replace(as_index(one.candidate, table), bytes=one.bytes) for one in mine]
        return replace(table, indexes=(*kept, *new)) if mine else table

    return replace(snapshot, tables=tuple(map(changed, snapshot.tables)))


def _joined(advice: Advice, more: Advice, planner: Planner, snapshot: Snapshot) -> Advice:
    """Both in one. What the second makes needless of the first is not built in the first place."""
    needless = {index.name for one in more.chosen for index in one.replaces}
    kept = [one for one in advice.chosen if one.candidate.name not in needless]
    share = advice.ratio  # the second saves parts of what the first leaves
    added = []
    for one in more.chosen:
        table = snapshot.table(one.candidate.table, one.candidate.schema)
        gone = replaced(one.candidate, table) if table else ()
        added.append(replace(one, gain=one.gain * share, alone=one.alone * share, replaces=gone))
    chosen = tuple(sorted((*kept, *added), key=lambda one: (-one.gain, one.candidate)))
    present = frozenset(one.candidate for one in chosen)
    effects = tuple(replace(effect, after=planned_with(planner, effect, present)) for effect in advice.effects)
    rejected = tuple(one for one in advice.rejected if one.candidate not in present)
    return retold(replace(advice, rejected=rejected), chosen, effects)
