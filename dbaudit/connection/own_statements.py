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

from django.db.backends.base.base import BaseDatabaseWrapper

COMMENT: Final = "/* dbaudit */"


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
