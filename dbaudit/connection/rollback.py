"""Transactions that are always taken back, and savepoints."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from dbaudit.connection.errors import is_closed


@contextmanager
def rolled_back(connection: BaseDatabaseWrapper, *, durable_within: bool = False) -> Iterator[None]:
    """A transaction, or a savepoint inside of one, that is always taken back, with the settings local to it.

    A connection that was lost meanwhile is let go where the transaction is ours: the next statement opens another.

    Args:
        connection: that of its alias in this thread.
        durable_within: the project's code runs in it and may use ``atomic(durable=True)``, as in Django's ``TestCase``.
    """
    if connections[connection.alias] is not connection:
        raise ValueError(f"This is not the connection {connection.alias!r} of this thread.")
    outermost = not connection.in_atomic_block
    block = transaction.atomic(using=connection.alias)
    if durable_within:
        block._from_testcase = True  # type: ignore[attr-defined]  # noqa: SLF001 - Django offers nothing else
    try:
        with block:
            try:
                yield
            finally:
                if connection.in_atomic_block:
                    connection.set_rollback(True)
    finally:
        if outermost and is_closed(connection):
            connection.close()


@contextmanager
def attempt(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """A block whose failure does not abort the transaction around it: a savepoint. The error goes on."""
    if connection.get_autocommit():
        yield
        return
    with transaction.atomic(using=connection.alias):
        yield
