"""What statements cost with sets of candidates: planned once, then known.

Candidates are numbered, sets are the bits of an integer.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from dbaudit.advisor.candidate import Asked, Candidate, Planned, Planner, UnplannableError
from dbaudit.advisor.flips import risk_cost


@dataclass(frozen=True, slots=True)
class Seen:
    """A plan that was made: with these present, it used these, and cost that."""

    present: int
    used: int
    cost: float


@dataclass
class Costs:
    """The costs of the statements. After ``deadline`` (of ``time.monotonic``) nothing is planned any more: what is not
    known is then taken from the best known plan that a set allows."""

    planner: Planner
    asked: Sequence[Asked]
    deadline: float = float("inf")
    candidates: list[Candidate] = field(default_factory=list)
    _numbers: dict[Candidate, int] = field(default_factory=dict)
    _relevant: list[int] = field(default_factory=list)
    _seen: list[dict[int, Seen]] = field(default_factory=list)
    _known: list[dict[int, float]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._relevant = [0] * len(self.asked)
        self._seen = [{} for _ in self.asked]
        self._known = [{} for _ in self.asked]

    @property
    def late(self) -> bool:
        """Whether the time is up."""
        return time.monotonic() > self.deadline

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

    def cost(self, question: int, chosen: int) -> float:
        """What a statement costs with a set of candidates, summed over its samples."""
        present = chosen & self._relevant[question]
        seen = self._find(question, present)
        if seen is None:
            if self.late and self._known[question]:
                return self.bound(question, present)
            seen = self._plan(question, present)
        return seen.cost

    def used(self, question: int, chosen: int) -> int:
        """Which candidates of a set a statement's plans use, by the plan that is known for it."""
        seen = self._find(question, chosen & self._relevant[question])
        return seen.used if seen else 0

    def bound(self, question: int, chosen: int) -> float:
        """The cost of the best known plan that the set allows: never less than what the planner would find."""
        return min(cost for used, cost in self._known[question].items() if not used & ~chosen)

    def configurations(self, question: int) -> list[tuple[int, float]]:
        """The sets by which the statement is known to be served, the cheapest first, without those that another one
        beats with fewer indexes."""
        kept: list[tuple[int, float]] = []
        for used, cost in sorted(self._known[question].items(), key=lambda one: (one[1], one[0].bit_count(), one[0])):
            if not any(other & ~used == 0 for other, _ in kept):
                kept.append((used, cost))
        return kept

    def planned(self, question: int, chosen: int) -> Planned:
        """The plans themselves, made anew."""
        return self.planner.cost(self.asked[question], frozenset(self.members(chosen & self._relevant[question])))

    def _find(self, question: int, present: int) -> Seen | None:
        exact = self._seen[question].get(present)
        if exact is not None:
            return exact
        for seen in self._seen[question].values():
            if not seen.used & ~present and not present & ~seen.present:
                return seen
        return None

    def _plan(self, question: int, present: int) -> Seen:
        try:
            planned = self.planner.cost(self.asked[question], frozenset(self.members(present)))
        except UnplannableError:
            if 0 not in self._known[question]:
                raise
            # It was planned before: with these it takes too long to plan, so they are of no use to it.
            self._seen[question][present] = Seen(present, 0, self._known[question][0])
            return self._seen[question][present]
        return self._note(question, present, planned)

    def learn(self, question: int, planned: Planned) -> None:
        """Take in the plans without candidates, which were made before."""
        self._note(question, 0, planned)

    def _note(self, question: int, present: int, planned: Planned) -> Seen:
        used = sum(self._numbers[one] for one in planned.used)
        seen = Seen(present, used, risk_cost(planned))
        self._seen[question][present] = seen
        known = self._known[question]
        known[used] = min(seen.cost, known.get(used, float("inf")))
        return seen


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
