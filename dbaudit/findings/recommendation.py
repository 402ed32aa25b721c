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
    """What a recommendation takes: bytes on disk (negative when it frees them), and the writes that it slows.

    ``net_bytes`` leaves out the indexes that an index makes needless; ``build_seconds`` is how long building it takes
    about; ``lock`` says who has to wait meanwhile.
    """

    bytes: int | None = None
    writes_slowed: str = ""
    net_bytes: int | None = None
    build_seconds: float | None = None
    lock: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Helped:
    """A statement that an index helps: its cost without any new index and with all of those that are recommended.

    ``query`` names what asked it, ``fingerprint`` is that of the statement; ``ms`` is its mean time and ``rows`` what
    it returned, where that was seen.
    ``today_before`` and ``today_after`` are given beside a projection: the costs with the rows that there are.
    """

    query: str
    statement: str
    before: float
    after: float
    unit: str
    fingerprint: str = ""
    today_before: float | None = None
    today_after: float | None = None
    ms: float | None = None
    rows: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recommendation:
    """One thing to do, with the findings that it answers (their keys). ``rank`` counts from 1, the best first.

    ``value`` is gain times confidence divided by cost, for comparing. Of an index that the advisor chose, ``share`` is
    the part of the workload's cost (0 to 1) that it saves beside the others, ``share_alone`` without them; ``replaces``
    are the indexes that have nothing left to do then, and ``drops`` how those of the project are dropped when it is
    there. ``after`` names the index that must be there first. ``projected`` says that the gain is that of more rows
    than there are.
    """

    rank: int
    priority: Priority
    phase: int
    title: str
    remedy: Remedy
    findings: tuple[str, ...]
    gain: Gain | None = None
    cost: Cost | None = None
    risk: Risk = "review"
    value: float = 0.0
    helps: tuple[Helped, ...] = ()
    share: float | None = None
    share_alone: float | None = None
    replaces: tuple[str, ...] = ()
    drops: tuple[Remedy, ...] = ()
    after: str = ""
    caution: str = ""
    projected: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """An index that was thought of and not recommended; ``reason`` is one sentence."""

    table: str
    index: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexPlan:
    """All indexes to build and to drop, as one plan.

    ``before`` and ``after`` are the costs of the ``statements`` in ``unit``, as ``source`` gave them; ``projection``
    says on how much data where that is not what there is. Where only some tables are so small, ``projected`` is the
    number of indexes that the projection is of, and their bytes are not counted; otherwise it is 0. ``entries`` is by
    how many index entries more (or, negative, fewer) a new row in each of the tables is written. ``complete`` is False
    where the time ran out.
    """

    built: int
    dropped: int
    built_bytes: int
    freed_bytes: int
    entries: int
    statements: int
    before: float
    after: float
    unit: str
    source: str
    projection: str = ""
    projected: int = 0
    budget_bytes: int | None = None
    plans: int = 0
    complete: bool = True
    refused: tuple[Refused, ...] = ()

    @property
    def net_bytes(self) -> int:
        """What the plan takes on disk, negative where it frees more."""
        return self.built_bytes - self.freed_bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """A step of the implementation plan: the ranks of its recommendations."""

    number: int
    title: str
    recommendations: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreLine:
    """One success criterion; ``why`` says why it was not measured. ``percent`` is what was measured, as a share of the
    target where less is better and of everything where more is, 100 at most; None where that has no meaning."""

    criterion: str
    target: str
    measured: str = ""
    state: Literal["met", "missed", "not measured"] = "not measured"
    why: str = ""
    percent: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Targets:
    """What the scorecard holds the figures against: a mean time in milliseconds, shares in per cent."""

    average_query_ms: int = 50
    slow_query_percent: int = 1
    index_hit_percent: int = 90


@dataclass(frozen=True, slots=True, kw_only=True)
class Floor:
    """Below what nothing is recommended, for an index: ``table_rows`` of its table, ``statement_ms`` of the statements
    that it helps, their share of the evidenced time in per cent, and the per cent by which the best of them gets
    cheaper. What a canned query asks for has no floor but the last one."""

    table_rows: int = 1_000
    statement_ms: int = 1
    time_percent: int = 1
    gain_percent: int = 20
