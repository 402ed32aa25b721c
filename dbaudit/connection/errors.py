"""What kind of error a driver raised: its code, whether time ran out, whether the connection is gone."""

from __future__ import annotations

from typing import Any, Final

from django.db import Error
from django.db.backends.base.base import BaseDatabaseWrapper

TIMED_OUT: Final = frozenset({"57014", "SQLITE_INTERRUPT", "MYSQL_1969", "MYSQL_3024"})
# The session is over. Class 08 alone does not tell: a foreign table whose own server is away has errors of it, too.
ENDED: Final = frozenset({"57P01", "57P02", "57P03", "57P05", "25P03", "25P04", "MYSQL_2006", "MYSQL_2013"})
FATAL: Final = frozenset({"FATAL", "PANIC"})


def sqlstate(error: BaseException) -> str:
    """The server's code of an error: SQLSTATE, SQLite's name of it, or ``MYSQL_`` and a number; ``""`` for none."""
    cause = error.__cause__ or error
    for attribute in ("sqlstate", "pgcode", "sqlite_errorname"):  # psycopg, psycopg2, sqlite3
        if code := getattr(cause, attribute, None):
            return str(code)
    number = cause.args[0] if cause.args else None
    return f"MYSQL_{number}" if isinstance(number, int) else ""


def first_line(error: BaseException) -> str:
    """What the server says of an error in its first line. It may hold values of rows."""
    cause = error.__cause__ or error
    primary = getattr(getattr(cause, "diag", None), "message_primary", None)
    return str(primary or error).strip().partition("\n")[0]


def is_timeout(error: BaseException) -> bool:
    """Whether a statement was cancelled, by its timeout or by somebody."""
    return sqlstate(error) in TIMED_OUT


def is_lost(error: BaseException) -> bool:
    """Whether the error ends the connection on which it was raised: closed by the server, by the network, or refused.

    Drivers give no code to an error that they raise themselves, which is how most connections are lost.
    """
    code = sqlstate(error)
    if code:
        cause = error.__cause__ or error
        return code in ENDED or getattr(getattr(cause, "diag", None), "severity_nonlocalized", None) in FATAL
    return isinstance(error, Error) and "connection" in first_line(error).lower()


def is_closed(connection: BaseDatabaseWrapper) -> bool:
    """Whether the driver knows that nobody can ask anything of this connection any more. Asks the server nothing."""
    raw: Any = connection.connection
    return raw is not None and bool(getattr(raw, "closed", False) or getattr(raw, "broken", False))
