"""A second connection that watches the first: it tells how far a build is, and cancels it when others suffer.

A ``lock_timeout`` would be the wrong guard: it ends a concurrent build in its last wait, with all work done, and
leaves an invalid index. The watchdog knows who waits for whom.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from django.db import Error

from dbaudit.apply.postgresql import load, locks, progress
from dbaudit.apply.postgresql.catalogue import Relation
from dbaudit.apply.postgresql.sessions import Session
from dbaudit.apply.steps import Limits

BUILDER: Final = """
SELECT a.wait_event_type = 'Lock', CASE WHEN a.wait_event_type = 'Lock' THEN pg_blocking_pids(a.pid) ELSE '{}' END,
    coalesce(p.phase, ''), coalesce(p.blocks_done, 0), coalesce(p.blocks_total, 0), coalesce(p.tuples_done, 0),
    coalesce(p.tuples_total, 0), coalesce(p.lockers_done, 0), coalesce(p.lockers_total, 0)
FROM pg_stat_activity a
LEFT JOIN pg_stat_progress_create_index p ON p.pid = a.pid
WHERE a.pid = %s AND a.state = 'active'
"""
# Whoever queues for these makes writers, or everybody, wait behind it.
QUEUED: Final = """
SELECT l.pid
FROM pg_locks l
WHERE l.locktype = 'relation' AND l.relation = %s::oid AND NOT l.granted
    AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND l.mode IN ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
    AND %s = ANY(pg_blocking_pids(l.pid))
"""
# The builder waits for a session that itself waits for the advisory lock of the session that watches.
OUR_WAITERS: Final = "SELECT FROM unnest(%s::int[]) AS pid WHERE %s = ANY(pg_blocking_pids(pid))"
CANCEL: Final = "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE pid = %s AND state = 'active'"

#: Seconds between two looks at lag and load.
SELDOM: Final = 1.0


@dataclass(frozen=True, slots=True)
class Stop:
    """Why the watchdog cancelled: one sentence, and whether another attempt can succeed."""

    sentence: str
    again: bool


class Watchdog:
    """Watches what ``builder`` runs on a table for as long as the block lasts; ``stopped`` says why it was ended."""

    def __init__(
        self,
        watch: Session,
        builder: Session,
        relation: Relation,
        limits: Limits,
        see: Callable[[progress.Seen], None],
        disk: Path | None = None,
    ) -> None:
        self.stopped: Stop | None = None
        self._watch, self._builder, self._relation, self._limits = watch, builder, relation, limits
        self._see, self._disk = see, disk
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="dbaudit watchdog", daemon=True)
        self._waits_since: tuple[str, float] | None = None
        self._phase_since = ("", time.monotonic())
        self._queued: dict[int, float] = {}
        self._looked = float("-inf")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        blind_since: float | None = None
        while not self._over.wait(self._limits.poll):
            try:
                if self.stopped is None:
                    self.stopped = self._reason()
                if self.stopped is not None:
                    self._watch.ask(CANCEL, [self._builder.pid])
                blind_since = None
            except Exception:  # noqa: BLE001 - whatever it was, a build is not left unwatched
                blind_since = blind_since or time.monotonic()
                self._look_again()
                if time.monotonic() - blind_since > self._limits.blind:
                    self.stopped = Stop(
                        "The watching connection was lost, and a build is not left unwatched.", again=True
                    )
                    self._builder.cancel()

    def _look_again(self) -> None:
        self._watch.close()
        with suppress(Error):  # tried again at the next look
            self._watch.open()

    def _reason(self) -> Stop | None:
        """Why the build must end now, None while it may go on."""
        now = time.monotonic()
        waits_for = self._follow(now)
        return self._queue(now) or self._patience(now, waits_for) or self._load(now)

    def _follow(self, now: float) -> str:
        """Look at the builder; tell the progress, and give whom it waits for."""
        rows = self._watch.ask(BUILDER, [self._builder.pid])
        if not rows:
            self._waits_since = None
            return ""
        waiting, pids, phase, *figures = rows[0]
        if phase != self._phase_since[0]:
            self._phase_since = (phase, now)
        waits_for = self._whom(pids) if waiting else ""
        if waiting and self._watch.ask(OUR_WAITERS, [pids, self._watch.pid]):
            locks.let_go(self._watch)
        if not waiting:
            self._waits_since = None
        elif self._waits_since is None or self._waits_since[0] != phase:
            self._waits_since = (phase, now)
        blocks, tuples, lockers = (tuple(figures[at : at + 2]) for at in (0, 2, 4))
        seconds = now - self._phase_since[1]
        self._see(progress.seen(phase or "working", blocks, tuples, lockers, seconds, waits_for))
        return waits_for

    def _whom(self, pids: list[int]) -> str:
        words = [locks.describe(self._watch, [pid for pid in pids if pid and pid != self._watch.pid])]
        if 0 in pids:  # how the server names a prepared transaction
            words += locks.prepared(self._watch, self._relation) or ["a prepared transaction"]
        return "; ".join(filter(None, words))

    def _queue(self, now: float) -> Stop | None:
        """Give way to a statement that needs the whole table: everybody else waits behind it."""
        pids = [pid for (pid,) in self._watch.ask(QUEUED, [self._relation.oid, self._builder.pid])]
        self._queued = {pid: self._queued.get(pid, now) for pid in pids}
        late = [pid for pid, since in self._queued.items() if now - since > self._limits.give_way]
        if not late:
            return None
        return Stop(
            f"It gave way to {locks.describe(self._watch, late) or 'another session'}, which needs the whole table and "
            "made everybody else wait behind it.",
            again=True,
        )

    def _patience(self, now: float, waits_for: str) -> Stop | None:
        if self._waits_since is None or now - self._waits_since[1] <= self._limits.max_wait:
            return None
        return Stop(
            f"It waited for longer than {self._limits.max_wait:g} s for {waits_for or 'other sessions'}. "
            "Let them end, or wait longer by --max-wait.",
            again=False,
        )

    def _load(self, now: float) -> Stop | None:
        if now - self._looked < SELDOM:
            return None
        self._looked = now
        over = load.excess(self._watch, self._limits, self._disk)
        return Stop(f"It was too much for the server: {over}.", again=True) if over else None
