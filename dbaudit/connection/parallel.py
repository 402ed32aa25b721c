"""Several databases at once: a thread and a connection of its own for each; one that fails costs only itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, TypeVar

from django.db.backends.base.base import BaseDatabaseWrapper

from dbaudit.connection.opening import close, of_alias
from dbaudit.errors import AuditError

T = TypeVar("T")
#: So many threads at most: they wait for servers, and the work between takes one processor at a time anyway.
THREADS: Final = 8


def on_each(aliases: Iterable[str], work: Callable[[BaseDatabaseWrapper], T]) -> dict[str, T | AuditError]:
    """Do some work on the connection of every alias, in parallel; what it gave, or why it did not.

    The caller's own thread works on what no other could see: a database in memory, a connection in a transaction. With
    a single alias there is no thread. ``work`` must keep to its connection and to what threads may share.
    """
    aliases = tuple(dict.fromkeys(aliases))
    results: dict[str, T | AuditError] = {}
    apart: dict[str, list[Any]] = {}
    for alias in aliases:
        try:
            connection = of_alias(alias)
        except AuditError as error:
            results[alias] = error
            continue
        if len(aliases) > 1 and _is_separable(connection):
            apart[alias] = list(connection.execute_wrappers)

    def in_thread(alias: str) -> T | AuditError:
        connection = of_alias(alias)
        # Whoever listens to the caller's connection listens to this one.
        connection.execute_wrappers[:] = apart[alias]
        try:
            return _done(connection, work)
        finally:
            close(connection)

    with ThreadPoolExecutor(max_workers=THREADS, thread_name_prefix="dbaudit") as threads:
        waiting = {alias: threads.submit(in_thread, alias) for alias in apart}
        for alias in aliases:
            if alias not in results and alias not in waiting:
                results[alias] = _done(of_alias(alias), work)
        results |= {alias: future.result() for alias, future in waiting.items()}
    return {alias: results[alias] for alias in aliases}


def _done(connection: BaseDatabaseWrapper, work: Callable[[BaseDatabaseWrapper], T]) -> T | AuditError:
    try:
        return work(connection)
    except AuditError as error:
        return error


def _is_separable(connection: BaseDatabaseWrapper) -> bool:
    """Whether another connection to the database sees the same."""
    if connection.vendor == "sqlite" and connection.is_in_memory_db():  # type: ignore[attr-defined]
        return False
    return not connection.in_atomic_block and (connection.connection is None or connection.get_autocommit())
