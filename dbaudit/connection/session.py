"""The connection an audit reads through: opened, and held read-only."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured
from django.db import Error, OperationalError, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from dbaudit.connection.own_statements import marked
from dbaudit.connection.reasons import LOCKED, misconfigured, reason, refused, sqlstate
from dbaudit.errors import AuditError

__all__ = [
    "LOCKED",
    "attempt",
    "connect",
    "misconfigured",
    "read_only",
    "reason",
    "rolled_back",
    "sqlstate",
    "uncollected",
]

# SQLite asks whether to go on after so many of its virtual machine's instructions: some tenths of a millisecond.
INSTRUCTIONS: Final = 10_000


def connect(connection: BaseDatabaseWrapper) -> None:
    """Make sure that the database answers. No SQLite file is created where there is none.

    Raises:
        AuditError: it does not; one sentence that names the alias, the place and the remedy, never the password.
    """
    try:
        if connection.connection is not None and connection.get_autocommit() and not connection.is_usable():
            connection.close()
        if connection.connection is None and connection.vendor == "sqlite":
            _require_file(connection)
        with marked(connection), connection.cursor() as cursor:
            cursor.execute("PRAGMA schema_version" if connection.vendor == "sqlite" else "SELECT 1")
    except ImproperlyConfigured as error:
        raise misconfigured(connection.alias, error) from error
    except Error as error:
        raise refused(connection, error) from error


@contextmanager
def read_only(connection: BaseDatabaseWrapper, *, statement_timeout_ms: int, lock_timeout_ms: int) -> Iterator[None]:
    """A block in which the database refuses to be written, and which leaves no trace on the session, however it ends.

    PostgreSQL holds it to both timeouts. SQLite holds it to the statement timeout and waits for locks as the connection
    is configured to. MySQL and MariaDB refuse writes without timeouts; on other vendors the block is rolled back, which
    undoes a write and does not refuse it. The block may stand inside a transaction, which goes on unharmed; it may not
    commit. Its statements carry the audit's comment (`dbaudit.connection.own_statements`).

    Args:
        connection: a connection of ``django.db.connections``.
        statement_timeout_ms: milliseconds a statement may run, 0 for no limit.
        lock_timeout_ms: milliseconds a statement may wait for a lock, 0 for no limit.
    """
    guard = GUARDS.get(connection.vendor, _any_other)
    with marked(connection), guard(connection, statement_timeout_ms, lock_timeout_ms):
        yield


@contextmanager
def rolled_back(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """A transaction, or a savepoint inside of one, that is always taken back, with the settings local to it."""
    if connections[connection.alias] is not connection:
        raise ValueError(f"This is not the connection {connection.alias!r} of this thread.")
    with transaction.atomic(using=connection.alias):
        try:
            yield
        finally:
            transaction.set_rollback(True, using=connection.alias)


@contextmanager
def attempt(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """A block whose failure does not abort the transaction around it: a savepoint. The error goes on."""
    if connection.get_autocommit():
        yield
        return
    with transaction.atomic(using=connection.alias):
        yield


@contextmanager
def uncollected() -> Iterator[None]:
    """A block that builds facts or findings. They are many and make no cycles: looking for some among them would take
    almost as long as building them."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


@contextmanager
def _postgresql(connection: BaseDatabaseWrapper, statement_ms: int, lock_ms: int) -> Iterator[None]:
    """Settings local to the transaction: a pooler may give the session to anyone afterwards."""
    with rolled_back(connection):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT set_config('transaction_read_only', 'on', true),"
                " set_config('statement_timeout', %s, true), set_config('lock_timeout', %s, true)",
                [str(statement_ms), str(lock_ms)],
            )
        yield


@contextmanager
def _mysql(connection: BaseDatabaseWrapper, _statement_ms: int, _lock_ms: int) -> Iterator[None]:
    """Read-only where the transaction is ours: inside another one the server offers no such thing."""
    ours = not connection.in_atomic_block
    with rolled_back(connection):
        if ours:
            with connection.cursor() as cursor:
                cursor.execute("START TRANSACTION READ ONLY")
        yield


@contextmanager
def _sqlite(connection: BaseDatabaseWrapper, statement_ms: int, _lock_ms: int) -> Iterator[None]:
    """No transaction: it would keep writers waiting for as long as the audit reads."""
    connection.ensure_connection()
    raw = connection.connection
    (before,) = raw.execute("PRAGMA query_only").fetchone()
    deadline = float("inf")

    def timed(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        nonlocal deadline
        deadline = time.monotonic() + statement_ms / 1000
        try:
            return execute(sql, params, many, context)
        except OperationalError as error:
            if sqlstate(error) != "SQLITE_INTERRUPT":
                raise
            raise OperationalError(f"The statement ran longer than {statement_ms} ms.") from error.__cause__

    raw.execute("PRAGMA query_only = 1")
    if statement_ms:
        raw.set_progress_handler(lambda: time.monotonic() > deadline, INSTRUCTIONS)
    try:
        with connection.execute_wrapper(timed):
            yield
    finally:
        if connection.connection is raw:
            raw.set_progress_handler(None, 0)
            raw.execute(f"PRAGMA query_only = {before}")


@contextmanager
def _any_other(connection: BaseDatabaseWrapper, _statement_ms: int, _lock_ms: int) -> Iterator[None]:
    with rolled_back(connection):
        yield


GUARDS: Final[dict[str, Callable[[BaseDatabaseWrapper, int, int], AbstractContextManager[None]]]] = {
    "postgresql": _postgresql,
    "sqlite": _sqlite,
    "mysql": _mysql,
}


def _require_file(connection: BaseDatabaseWrapper) -> None:
    """Refuse what sqlite3 would create, or could not open."""
    name = str(connection.settings_dict["NAME"])
    if connection.is_in_memory_db():  # type: ignore[attr-defined]
        return
    path = Path(unquote(urlsplit(name).path) if name.startswith("file:") else name)
    try:
        if path.is_file():
            return
        if path.exists():
            problem, remedy = "is not a file", "correct NAME"
        elif path.parent.is_dir():
            problem, remedy = "does not exist", "run migrate"
        else:
            problem, remedy = f"does not exist, nor does the directory {path.parent}", "correct NAME"
    except OSError as error:
        problem, remedy = f"cannot be looked at ({error.strerror})", "let this user read it"
    raise AuditError(f"Database {connection.alias!r}: {path} {problem}; {remedy}.")
