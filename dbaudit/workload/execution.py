"""One execution of project code: rolled back on every alias that it touches, within limits, and ended by a clock."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from dbaudit.connection.own_statements import uncounted
from dbaudit.connection.read_only import limited
from dbaudit.connection.rollback import rolled_back
from dbaudit.workload.limits import Limits
from dbaudit.workload.recording.template import kind

#: Seconds after which code that swallowed the interrupt meets the next one.
_AGAIN_S = 5.0


class OutOfTimeError(KeyboardInterrupt):
    """The wall-clock limit. Not an `Exception`: the project's code must not swallow it, and psycopg cancels the
    statement for an interrupt."""


def interrupted(error: BaseException) -> bool:
    """Whether somebody wants the audit to end: Ctrl-C. Whatever else the project's code raises is its own."""
    return isinstance(error, KeyboardInterrupt) and not isinstance(error, OutOfTimeError)


class RefusedError(Exception):
    """A statement that could not be rolled back."""


class RolledBack:
    """One execution's transaction on every alias that it touches. ``guard`` is called before each statement."""

    def __init__(self, connection: BaseDatabaseWrapper, limits: Limits, *, writes: bool) -> None:
        self._limits = limits
        self._writes = writes
        self._stack = ExitStack()
        self._entered: list[BaseDatabaseWrapper] = []
        self._entering = False
        self._thread = threading.get_ident()
        self._deadline = 0.0
        self._connection = connection

    @contextmanager
    def open(self) -> Iterator[RolledBack]:
        """Begin on the audited alias; whatever happens, everything is rolled back at the end."""
        with self._stack:
            self._enter(self._connection)
            yield self

    @contextmanager
    def timed(self) -> Iterator[None]:
        """The block that the wall-clock limit is for."""
        seconds = self._limits.wall_ms / 1000
        self._deadline = time.monotonic() + seconds
        with _alarm(seconds):
            yield

    def guard(self, sql: Any, context: dict[str, Any]) -> None:
        """Refuse what could not be undone, and follow the code to other aliases."""
        if self._entering:
            return
        if time.monotonic() > self._deadline:
            raise OutOfTimeError
        connection = context["connection"]
        if connection not in self._entered:
            if threading.get_ident() == self._thread:
                self._enter(connection)
            elif kind(str(sql)) != "select":
                raise RefusedError("it writes from a thread of its own, which could not be rolled back.")
        first = str(sql)[:20].lstrip().upper()
        if first.startswith(("COMMIT", "END", "ROLLBACK", "ABORT")) and not first.startswith("ROLLBACK TO"):
            raise RefusedError("it ends the transaction by itself, so that nothing could be rolled back.")

    def _enter(self, connection: BaseDatabaseWrapper) -> None:
        self._entering = True
        try:
            self._stack.enter_context(rolled_back(connection, durable_within=True))
            self._entered.append(connection)
            self._stack.enter_context(
                limited(
                    connection,
                    statement_timeout_ms=self._limits.statement_timeout_ms,
                    lock_timeout_ms=self._limits.lock_timeout_ms,
                    writes=self._writes,
                )
            )
            if self._writes:  # by code of the project: what is made up carries the audit's comment instead
                uncounted(connection)
        finally:
            self._entering = False


@contextmanager
def _alarm(seconds: float) -> Iterator[None]:
    """Interrupt the block by a signal. Only the main thread of a Unix process can; elsewhere statements look at the
    clock."""
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "setitimer"):
        yield
        return

    def ring(*_: Any) -> None:
        raise OutOfTimeError

    earlier = signal.signal(signal.SIGALRM, ring)
    began = time.monotonic()
    left, interval = signal.setitimer(signal.ITIMER_REAL, seconds, _AGAIN_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, earlier)
        if left:
            signal.setitimer(signal.ITIMER_REAL, max(0.001, left - (time.monotonic() - began)), interval)
