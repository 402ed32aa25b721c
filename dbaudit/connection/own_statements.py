"""The comment that every statement of the audit itself carries, so that it can be told from the project's.

Servers keep it: ``pg_stat_statements`` and ``pg_stat_activity`` show it, and so do logs. It stands at the end and
before a closing semicolon, as sqlcommenter's comments do: what stands behind the semicolon is cut off by
``pg_stat_statements``, and what stands before the first word may be.

One entry of ``pg_stat_statements`` has the text of its first execution. So what the project's own code asks is *not*
marked while it is measured: the project's traffic would be counted under the audit's name from then on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final
from weakref import WeakKeyDictionary

from django.db.backends.base.base import BaseDatabaseWrapper

COMMENT: Final = "/* dbaudit */"
_TRACK: Final = "pg_stat_statements.track"
_may_uncount: WeakKeyDictionary[BaseDatabaseWrapper, bool] = WeakKeyDictionary()


@contextmanager
def marked(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """A block whose statements on this connection carry the comment. Blocks may be nested.

    SQLite keeps no statements, so nothing is marked there.
    """
    if connection.vendor == "sqlite" or _mark in connection.execute_wrappers:
        yield
        return
    with connection.execute_wrapper(_mark):
        yield


@contextmanager
def unmarked(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """A block inside of `marked` in which the project's code runs: its statements stay as they are."""
    _exchange(connection, _mark, _leave)
    try:
        yield
    finally:
        _exchange(connection, _leave, _mark)


def uncounted(connection: BaseDatabaseWrapper) -> None:
    """Keep ``pg_stat_statements`` from counting the rest of the transaction, where this role may: what the project's
    code asks in an audit has no comment, and would come back as its traffic."""
    if connection.vendor != "postgresql":
        return
    if connection not in _may_uncount:
        _may_uncount[connection] = _asked_whether_it_may(connection)
    if _may_uncount[connection]:
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT set_config('{_TRACK}', 'none', true)")


def _asked_whether_it_may(connection: BaseDatabaseWrapper) -> bool:
    # From PostgreSQL 15 on, the right to set a parameter can be granted.
    granted = f"pg_catalog.has_parameter_privilege('{_TRACK}', 'SET')"
    may = granted if getattr(connection, "pg_version", 0) >= 150_000 else "current_setting('is_superuser') = 'on'"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT current_setting('{_TRACK}', true) IS NOT NULL AND {may}")
        return bool(cursor.fetchone()[0])


def with_comment(sql: str) -> str:
    """The statement with the comment. Of several in one text, the last has it."""
    bare = sql.rstrip()
    text = bare.rstrip(";").rstrip()
    # On a line of its own where the statement may end in a comment that goes to the end of the line.
    space = "\n" if "--" in text.rpartition("\n")[2] else " "
    return f"{text}{space}{COMMENT}{';' if bare.endswith(';') else ''}"


def has_comment(sql: str) -> bool:
    """Whether a statement, as a server remembers it, is one of the audit's own."""
    return COMMENT in sql


def _mark(execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: dict[str, Any]) -> Any:
    return execute(with_comment(sql) if isinstance(sql, str) else sql, params, many, context)


def _leave(execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: dict[str, Any]) -> Any:
    return execute(sql, params, many, context)


def _exchange(connection: BaseDatabaseWrapper, before: Any, after: Any) -> None:
    """Put one wrapper into the place of another: Django takes the last one away when a block ends."""
    wrappers = connection.execute_wrappers
    wrappers[:] = [after if wrapper is before else wrapper for wrapper in wrappers]
