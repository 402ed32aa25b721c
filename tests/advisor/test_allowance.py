"""The time that an advice may take is counted in plans; the clock is the emergency brake alone."""

from __future__ import annotations

import time
from dataclasses import dataclass

import pytest

from dbaudit.advisor.allowance import PLANS_A_SECOND, Allowance
from dbaudit.advisor.candidate import Asked, Candidate, Planned


@dataclass
class Worked:
    """A planner that has done so much, in plans."""

    work: float = 0.0
    calls: int = 0

    def cost(self, asked: Asked, present: frozenset[Candidate]) -> Planned:
        raise NotImplementedError

    def executed(self, asked: Asked, present: frozenset[Candidate]) -> None:
        raise NotImplementedError

    def size(self, candidate: Candidate) -> int:
        raise NotImplementedError

    def refusal(self, candidate: Candidate) -> str:
        raise NotImplementedError


def test_work_that_was_done_before_is_not_counted() -> None:
    planner = Worked(work=1e6)
    given = Allowance(planner, 2.0)
    assert (given.spent, given.left) == (False, 2.0)
    planner.work += 2 * PLANS_A_SECOND
    assert (given.spent, given.left) == (True, 0.0)
    assert not given.told()


def test_the_brake_ends_it_by_the_clock_and_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    moments = iter([0.0, 1.0, 10.1])
    monkeypatch.setattr(time, "monotonic", lambda: next(moments))
    given = Allowance(Worked(), 2.0)
    assert [given.spent for _ in range(2)] == [False, True]
    assert "broken off after 10 s" in given.told()
