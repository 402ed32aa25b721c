"""What becomes of a reading when its connection is lost on the way, or when something in it does not decode."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from django.db import Error
from django.db.backends.base.base import BaseDatabaseWrapper

from dbaudit.connection.errors import is_closed, is_lost
from dbaudit.connection.opening import close, connect
from dbaudit.connection.reasons import reason
from dbaudit.errors import AuditError

T = TypeVar("T")
#: What a reading raises that did not come to its end through no fault of its own.
UNREAD = (Error, UnicodeDecodeError, AuditError)


def with_reconnect(connection: BaseDatabaseWrapper, read: Callable[[], T]) -> T:
    """Read; where the connection is lost meanwhile, connect again and read once more from the beginning.

    Inside a transaction of the caller nothing is tried again: it is lost with its connection.

    Raises:
        django.db.Error: what the reading raised, the second time where it was lost in the first.
        AuditError: the database does not answer any more.
    """
    ours = not connection.in_atomic_block
    try:
        return read()
    except Error as error:
        if not ours or not ends(connection, error):
            raise
    close(connection)
    connect(connection)
    return read()


def ends(connection: BaseDatabaseWrapper, error: Error) -> bool:
    """Whether nothing more can be asked on this connection after the error."""
    return is_lost(error) or is_closed(connection)


def required(connection: BaseDatabaseWrapper, what: str, read: Callable[[], T]) -> T:
    """Read what an audit cannot do without. Raises `AuditError` in one sentence where that is not possible."""
    try:
        return with_reconnect(connection, read)
    except (Error, UnicodeDecodeError) as error:
        raise AuditError(f"Database {connection.alias!r}: {what} could not be read. {sentence(error)}") from error


def sentence(error: BaseException) -> str:
    """Why a reading of `UNREAD` did not come to its end."""
    if isinstance(error, UnicodeDecodeError):
        return (
            f"A name or text in it is not valid {error.encoding.upper()} (byte 0x{error.object[error.start]:02x}); "
            "rename it, or convert the database to UTF-8."
        )
    return reason(error) if isinstance(error, Error) else str(error)
