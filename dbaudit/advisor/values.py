"""What the advisor says: the indexes to build, what they do for each statement, and what was not chosen, and why."""

from __future__ import annotations

from dataclasses import dataclass

from dbaudit.advisor.candidate import Asked, Candidate, Planned
from dbaudit.advisor.writes import Written
from dbaudit.facts import Index, Skipped


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """An index to build.

    ``bytes`` is its estimated size; ``gain`` the share of the workload's cost (0 to 1) that it saves beside all the
    others of the choice; ``alone`` what it would save without them. ``helps`` are the fingerprints of the statements
    whose plans use it, ``replaces`` the indexes that have nothing left to do beside it, ``flips`` those statements
    whose plan walks it in the hope of an early stop (see `dbaudit.advisor.flips`): to be timed after it is built.
    ``source`` says where its figures come from where that is not the trial of all.
    """

    candidate: Candidate
    bytes: int
    gain: float
    alone: float
    written: Written
    helps: tuple[str, ...] = ()
    replaces: tuple[Index, ...] = ()
    flips: tuple[str, ...] = ()
    source: str = ""


#: From this ratio on a statement takes as much as before.
NO_HELP = 0.99


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """A statement before and after. ``share`` is its part of the workload's cost before (0 to 1)."""

    asked: Asked
    share: float
    before: Planned
    after: Planned

    @property
    def ratio(self) -> float:
        """Its cost after as a part of that before."""
        return self.after.cost / self.before.cost if self.before.cost else 1.0

    def is_helped_by(self, candidate: Candidate) -> bool:
        """Whether the plan uses the index and takes less than before: using it for the same work is no help."""
        return candidate in self.after.used and self.ratio < NO_HELP


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """An index that was thought of and not chosen; ``reason`` is one sentence."""

    candidate: Candidate
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """The set of indexes to build for a workload, the greatest gain first.

    ``before`` and ``after`` are the workload's cost in the planner's units, weighted; ``after`` holds the price of the
    writes. ``bytes`` is the set's size, ``budget_bytes`` what it had to stay within. ``calls`` counts the plans that
    were made. ``complete`` is False where the time ran out, and what is here is the best that was found by then.
    """

    chosen: tuple[Chosen, ...] = ()
    effects: tuple[Effect, ...] = ()
    rejected: tuple[Rejected, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    before: float = 0.0
    after: float = 0.0
    bytes: int = 0
    budget_bytes: int = 0
    calls: int = 0
    complete: bool = True

    @property
    def ratio(self) -> float:
        """The workload's cost after as a part of that before."""
        return self.after / self.before if self.before else 1.0
