"""A planner that plans nothing twice."""

from __future__ import annotations

from dataclasses import dataclass, field

from dbaudit.advisor.candidate import Asked, Candidate, Execution, Planned, Planner


@dataclass
class Remembering:
    """A `Planner` in front of another one, for advice that is asked for again with other candidates.

    Where a plan used U of the candidates S, it is the plan for whatever lies between U and S, too: the planner had the
    choice of all these, and took U.
    """

    planner: Planner
    _exact: dict[tuple[str, frozenset[Candidate]], Planned] = field(default_factory=dict)
    _seen: dict[str, list[tuple[frozenset[Candidate], Planned]]] = field(default_factory=dict)

    @property
    def calls(self) -> int:
        """The plans that were made."""
        return self.planner.calls

    @property
    def work(self) -> float:
        """What was done so far, in plans."""
        return self.planner.work

    def cost(self, asked: Asked, present: frozenset[Candidate]) -> Planned:
        """Plan one statement, or remember its plan."""
        named = frozenset(one for one in present if one.table in asked.sql)
        key = (asked.fingerprint, named)
        if key not in self._exact:
            known = self._seen.setdefault(asked.fingerprint, [])
            found = next((plan for there, plan in known if plan.used <= named <= there), None)
            if found is None:
                found = self.planner.cost(asked, named)
                known.append((named, found))
            self._exact[key] = found
        return self._exact[key]

    def executed(self, asked: Asked, present: frozenset[Candidate]) -> Execution | None:
        """Execute one statement."""
        return self.planner.executed(asked, present)

    def size(self, candidate: Candidate) -> int:
        """Bytes that the index would take."""
        return self.planner.size(candidate)

    def refusal(self, candidate: Candidate) -> str:
        """Why an index like that could not be tried."""
        return self.planner.refusal(candidate)
