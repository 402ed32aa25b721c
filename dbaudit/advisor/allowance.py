"""How much work an advice may be: counted in plans, so that a busy machine gets the same advice as an idle one."""

from __future__ import annotations

import time

from dbaudit.advisor.candidate import Planner

#: A second of allowance is so many plans: what a server of moderate speed makes for statements of many joins.
PLANS_A_SECOND = 200
#: So many times the allowed seconds may pass by the clock before the work is broken off all the same.
BRAKE = 5.0


class Allowance:
    """What is left to do. ``seconds`` are turned into plans; the clock itself only pulls the emergency brake."""

    def __init__(self, planner: Planner, seconds: float) -> None:
        self.seconds = seconds
        self.braked = False
        self._planner = planner
        self._most = planner.work + seconds * PLANS_A_SECOND
        self._end = time.monotonic() + seconds * BRAKE

    @property
    def spent(self) -> bool:
        """Whether nothing more may be planned."""
        if self._planner.work >= self._most:
            return True
        self.braked = self.braked or time.monotonic() > self._end
        return self.braked

    @property
    def left(self) -> float:
        """The seconds that are left of it, by the plans that were not made."""
        return max(0.0, (self._most - self._planner.work) / PLANS_A_SECOND)

    def told(self) -> str:
        """That the brake was pulled, in one sentence; ``""`` where it was not."""
        if not self.braked:
            return ""
        return (
            f"The search for indexes was broken off after {self.seconds * BRAKE:,.0f} s on the clock, before it had "
            "made the plans that it may: on a machine that is less busy it may find more."
        )
