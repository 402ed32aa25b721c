"""What to do, in which order, and how far the targets are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from dbaudit.findings.remedy import Remedy

Priority = Literal["high", "medium", "low"]
Risk = Literal["safe", "review"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gain:
    """What was measured or planned before and after, in ``unit``; ``source`` says by what."""

    before: float
    after: float
    unit: str
    source: str

    @property
    def ratio(self) -> float | None:
        """After divided by before; None where there was nothing before."""
        return self.after / self.before if self.before else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What a recommendation takes: bytes on disk (negative when it frees them), and the writes that it slows."""

    bytes: int | None = None
    writes_slowed: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recommendation:
    """One thing to do, with the findings that it answers (their keys). ``rank`` counts from 1, the best first."""

    rank: int
    priority: Priority
    phase: int
    title: str
    remedy: Remedy
    findings: tuple[str, ...]
    gain: Gain | None = None
    cost: Cost | None = None
    risk: Risk = "review"


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """A step of the implementation plan: the ranks of its recommendations."""

    number: int
    title: str
    recommendations: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreLine:
    """One success criterion; ``why`` says why it was not measured."""

    criterion: str
    target: str
    measured: str = ""
    state: Literal["met", "missed", "not measured"] = "not measured"
    why: str = ""
