"""What the audit sets on a session, and how it is put back as it was: with the transaction, or at the block's end."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from django.db import OperationalError
from django.db.backends.base.base import BaseDatabaseWrapper

from dbaudit.connection.errors import sqlstate

# SQLite asks whether to go on after so many of its virtual machine's instructions: some tenths of a millisecond.
INSTRUCTIONS: Final = 10_000

# sqlite3 has one handler for a connection and does not tell which: blocks within blocks are kept here, by the id of
# the driver's connection, for as long as one of them is open.
_clocks: dict[int, list[Callable[[], bool]]] = {}


def set_locally(connection: BaseDatabaseWrapper, **settings: int | str) -> None:
    """Set parameters of a PostgreSQL server for the rest of the transaction, or of the savepoint around: a pooler may
    give the session to anyone afterwards. Timeouts are in milliseconds."""
    calls = ", ".join("set_config(%s, %s, true)" for _ in settings)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {calls}", [part for name, value in settings.items() for part in (name, str(value))])


@contextmanager
def query_only(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """A block in which SQLite refuses to write. It stays so afterwards where it was so before."""
    connection.ensure_connection()
    raw = connection.connection
    (before,) = raw.execute("PRAGMA query_only").fetchone()
    raw.execute("PRAGMA query_only = 1")
    try:
        yield
    finally:
        if connection.connection is raw:
            raw.execute(f"PRAGMA query_only = {before}")


@contextmanager
def statement_clock(connection: BaseDatabaseWrapper, statement_timeout_ms: int) -> Iterator[None]:
    """A block in which SQLite interrupts a statement after so many milliseconds, 0 for never.

    Raises:
        django.db.OperationalError: from a statement that took longer.
    """
    if not statement_timeout_ms:
        yield
        return
    connection.ensure_connection()
    raw = connection.connection
    deadline = time.monotonic() + statement_timeout_ms / 1000

    def timed(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        nonlocal deadline
        deadline = time.monotonic() + statement_timeout_ms / 1000
        try:
            return execute(sql, params, many, context)
        except OperationalError as error:
            if sqlstate(error) != "SQLITE_INTERRUPT":
                raise
            raise OperationalError(f"The statement ran longer than {statement_timeout_ms} ms.") from error.__cause__

    clocks = _clocks.setdefault(id(raw), [])
    clocks.append(lambda: time.monotonic() > deadline)
    raw.set_progress_handler(lambda: any(late() for late in clocks), INSTRUCTIONS)
    try:
        with connection.execute_wrapper(timed):
            yield
    finally:
        clocks.pop()
        if not clocks:
            del _clocks[id(raw)]
            if connection.connection is raw:
                raw.set_progress_handler(None, 0)
