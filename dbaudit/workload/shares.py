"""A limit shared fairly: of several kinds of workload, the one that has had least goes on.

Work is counted in statements, and in seconds of the processor where they are many. Neither grows when other programs
keep the machine busy, so that an audit reaches the same whenever it is made.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from dbaudit.facts import QueryRun
from dbaudit.workload.limits import Limits


@dataclass(slots=True)
class Tally:
    """How many statements measuring has executed."""

    statements: int = 0


@dataclass(slots=True)
class Share:
    """One kind of workload: what it has had of the limit, from 0 to 1, how many of its runs came, and whether all."""

    runs: Iterator[QueryRun]
    had: float = 0.0
    count: int = 0
    finished: bool = False


class Budget:
    """What a part of the workload may take, from the moment on when it begins."""

    def __init__(self, statements: int, limits: Limits, tally: Tally) -> None:
        self._statements = statements
        self._limits = limits
        self._tally = tally
        self._began = time.monotonic()
        self._used = 0.0
        self._before = (tally.statements, time.process_time())

    def spend(self) -> float:
        """Which part of the budget was used since this was asked last."""
        now = (self._tally.statements, time.process_time())
        statements = (now[0] - self._before[0]) / self._statements
        processor = (now[1] - self._before[1]) * 1000 / self._limits.cpu_ms
        self._before = now
        self._used += max(statements, processor)
        return max(statements, processor)

    def over(self) -> str:
        """Why nothing more may be measured, "" while there is something left."""
        if self._used >= 1:
            seconds = self._limits.cpu_ms / 1000
            return f"it had executed {self._statements:,} statements or used {seconds:g} s of the processor"
        if (time.monotonic() - self._began) * 1000 > self._limits.waiting_ms:
            return f"it had lasted {self._limits.waiting_ms / 1000:g} s"
        return ""


def fairly(
    kinds: Mapping[str, Iterator[QueryRun]], budget: Budget, stopped: Callable[[str], None]
) -> Iterator[QueryRun]:
    """The runs of all kinds, until all are finished or the budget is used up.

    ``stopped`` is called with the sentence that says which kinds did not come to their end, where some did not.
    """
    shares = {name: Share(runs) for name, runs in kinds.items()}
    while waiting := [share for share in shares.values() if not share.finished]:
        reason = budget.over()
        if reason:
            left = [f"{name} (after {share.count:,})" for name, share in shares.items() if not share.finished]
            stopped(f"Measuring was stopped when {reason}. These did not come to their end: {', '.join(left)}.")
            return
        share = min(waiting, key=lambda share: share.had)
        budget.spend()
        run = next(share.runs, None)
        share.had += budget.spend()
        if run is None:
            share.finished = True
            continue
        share.count += 1
        yield run
