"""What statements cost with sets of candidates: planned once, then known.

Candidates are numbered, sets are the bits of an integer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from dbaudit.advisor.allowance import Allowance
from dbaudit.advisor.candidate import Asked, Candidate, Planned, Planner, UnplannableError


class Configuration(NamedTuple):
    """A set of candidates by which a statement is served: what the planner says that it costs then, by which it
    chooses among them, and what it is taken to cost (with the risk)."""

    used: int
    cost: float
    price: float


class Seen(NamedTuple):
    """A plan that was made: with these present."""

    present: int
    plan: Configuration


@dataclass
class Costs:
    """What the statements cost. ``risk`` is what plans are taken to cost beyond what the planner says.

    Once the ``allowance`` is spent nothing is planned any more: what is not known is then taken from the best known
    plan that a set allows.
    """

    planner: Planner
    asked: Sequence[Asked]
    risk: Callable[[Planned], float]
    allowance: Allowance | None = None
    candidates: list[Candidate] = field(default_factory=list)
    _numbers: dict[Candidate, int] = field(default_factory=dict)
    _relevant: list[int] = field(default_factory=list)
    _seen: list[dict[int, Seen]] = field(default_factory=list)
    _known: list[dict[int, Configuration]] = field(default_factory=list)
    _kept: list[list[Configuration] | None] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._relevant = [0] * len(self.asked)
        self._seen = [{} for _ in self.asked]
        self._known = [{} for _ in self.asked]
        self._kept = [None for _ in self.asked]

    @property
    def late(self) -> bool:
        """Whether nothing more may be planned."""
        return self.allowance is not None and self.allowance.spent

    def number(self, candidate: Candidate) -> int:
        """The bit of a candidate."""
        if candidate not in self._numbers:
            self._numbers[candidate] = 1 << len(self.candidates)
            self.candidates.append(candidate)
        return self._numbers[candidate]

    def members(self, chosen: int) -> list[Candidate]:
        """The candidates of a set, in the order of their numbers."""
        return [self.candidates[place] for place in bits(chosen)]

    def relevant(self, question: int) -> int:
        """The candidates that may change how a statement is planned."""
        return self._relevant[question]

    def relate(self, question: int, chosen: int) -> None:
        """Let a statement be planned with these candidates, too."""
        self._relevant[question] |= chosen

    def price(self, question: int, chosen: int) -> float:
        """What a statement is taken to cost with a set of candidates, summed over its samples."""
        present = chosen & self._relevant[question]
        seen = self._find(question, present)
        if seen is None:
            if self.late and self._known[question]:
                return self._expected(question, present)
            seen = self._plan(question, present)
        return seen.plan.price

    def used(self, question: int, chosen: int) -> int:
        """Which candidates of a set a statement's plans use, by the plan that is known for it."""
        seen = self._find(question, chosen & self._relevant[question])
        return seen.plan.used if seen else 0

    def _expected(self, question: int, chosen: int) -> float:
        """By the plan that the planner would choose among those that are known."""
        return next(one.price for one in self.configurations(question) if not one.used & ~chosen)

    def configurations(self, question: int) -> list[Configuration]:
        """The sets by which the statement is known to be served, in the order in which the planner prefers them,
        without those to which it prefers another one with fewer indexes."""
        remembered = self._kept[question]
        if remembered is not None:
            return remembered
        kept: list[Configuration] = []
        for one in sorted(self._known[question].values(), key=lambda one: (one.cost, one.used.bit_count(), one.used)):
            if not any(other.used & ~one.used == 0 for other in kept):
                kept.append(one)
        self._kept[question] = kept
        return kept

    def planned(self, question: int, chosen: int) -> Planned:
        """The plans themselves, made anew."""
        return self.planner.cost(self.asked[question], frozenset(self.members(chosen & self._relevant[question])))

    def _find(self, question: int, present: int) -> Seen | None:
        exact = self._seen[question].get(present)
        if exact is not None:
            return exact
        for seen in self._seen[question].values():
            if not seen.plan.used & ~present and not present & ~seen.present:
                return seen
        return None

    def _plan(self, question: int, present: int) -> Seen:
        try:
            planned = self.planner.cost(self.asked[question], frozenset(self.members(present)))
        except UnplannableError:
            if 0 not in self._known[question]:
                raise
            # It was planned before: with these it takes too long to plan, so they are of no use to it.
            self._seen[question][present] = Seen(present, self._known[question][0])
            return self._seen[question][present]
        return self._note(question, present, planned)

    def learn(self, question: int, planned: Planned) -> float:
        """Take in the plans without candidates, which were made before; what the statement is taken to cost."""
        return self._note(question, 0, planned).plan.price

    def _note(self, question: int, present: int, planned: Planned) -> Seen:
        used = sum(self._numbers[one] for one in planned.used)
        plan = Configuration(used, planned.cost, planned.cost + self.risk(planned))
        self._seen[question][present] = Seen(present, plan)
        known = self._known[question]
        if used not in known or plan.cost < known[used].cost:
            known[used] = plan
            self._kept[question] = None
        return self._seen[question][present]


def bits(chosen: int) -> Iterator[int]:
    """The places of the bits that are set, lowest first."""
    while chosen:
        lowest = chosen & -chosen
        yield lowest.bit_length() - 1
        chosen ^= lowest


def union(sets: Iterable[int]) -> int:
    """All members of some sets."""
    together = 0
    for one in sets:
        together |= one
    return together
