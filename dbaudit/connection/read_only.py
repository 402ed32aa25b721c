"""Where a connection is made read-only: the database itself refuses to be written, under timeouts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from django.db.backends.base.base import BaseDatabaseWrapper

from dbaudit.connection.own_statements import marked
from dbaudit.connection.rollback import rolled_back
from dbaudit.connection.settings import query_only, set_locally, statement_clock


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
    ours = not connection.in_atomic_block
    with marked(connection), ExitStack() as stack:
        if connection.vendor != "sqlite":  # where a transaction would keep writers waiting for as long as it is read
            stack.enter_context(rolled_back(connection))
        if connection.vendor == "mysql" and ours:  # inside another transaction these servers offer no such thing
            with connection.cursor() as cursor:
                cursor.execute("START TRANSACTION READ ONLY")
        stack.enter_context(
            limited(connection, statement_timeout_ms=statement_timeout_ms, lock_timeout_ms=lock_timeout_ms)
        )
        yield


@contextmanager
def limited(
    connection: BaseDatabaseWrapper, *, statement_timeout_ms: int, lock_timeout_ms: int, writes: bool = False
) -> Iterator[None]:
    """The limits of a transaction that is rolled back: timeouts in milliseconds and, unless it ``writes``, read-only.

    Vendors other than PostgreSQL and SQLite have none here.
    """
    if connection.vendor == "postgresql":
        guard = {} if writes else {"transaction_read_only": "on"}
        set_locally(connection, **guard, statement_timeout=statement_timeout_ms, lock_timeout=lock_timeout_ms)
        yield
    elif connection.vendor == "sqlite":
        with ExitStack() as stack:
            if not writes:
                stack.enter_context(query_only(connection))
            stack.enter_context(statement_clock(connection, statement_timeout_ms))
            yield
    else:
        yield
