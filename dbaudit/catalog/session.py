"""The connection an audit reads through: opened, held read-only, and its errors put into words."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured
from django.db import Error, OperationalError, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from dbaudit.errors import AuditError

# SQLite asks whether to go on after so many of its virtual machine's instructions: some tenths of a millisecond.
INSTRUCTIONS: Final = 10_000
PORTS: Final = {"postgresql": "5432", "mysql": "3306"}

TIMEOUT: Final = "The statement ran longer than the statement timeout, or someone cancelled it."
LOCKED: Final = "Another session keeps it locked for longer than the lock timeout."
LOST: Final = "The connection to the server was lost."
# By SQLSTATE, SQLite's name or MySQL's number; the longest beginning that fits counts.
REASONS: Final = {
    "08": LOST,
    "40": "The server ended the statement because of a conflict with another session.",
    "53": "The server is out of resources.",
    "55P03": LOCKED,
    "57014": TIMEOUT,
    "57P": LOST,
    "MYSQL_1044": "The role has no permission.",
    "MYSQL_1142": "The role has no permission.",
    "MYSQL_1143": "The role has no permission.",
    "MYSQL_1146": "The table does not exist.",
    "MYSQL_1205": LOCKED,
    "MYSQL_1969": TIMEOUT,
    "MYSQL_2006": LOST,
    "MYSQL_2013": LOST,
    "MYSQL_3024": TIMEOUT,
    "SQLITE_BUSY": "Another connection keeps the file locked.",
    "SQLITE_CANTOPEN": "The file cannot be opened.",
    "SQLITE_CORRUPT": "The file is damaged.",
    "SQLITE_FULL": "The disk is full.",
    "SQLITE_INTERRUPT": "The statement ran longer than the statement timeout.",
    "SQLITE_IOERR": "The file cannot be read.",
    "SQLITE_LOCKED": "Another connection keeps the table locked.",
    "SQLITE_NOTADB": "The file is not an SQLite database.",
    "SQLITE_READONLY": "The statement would have written.",
}
# Here the server's own words name objects and nothing else: privilege, table, column, function, schema, read-only.
SPOKEN: Final = frozenset({"42501", "42P01", "42703", "42883", "3F000", "25006"})
SPOKEN_BY_SQLITE: Final = re.compile(r"no such (?:table|column|function|module|collation sequence|index)\b.*")


class Refusal(NamedTuple):
    """Why no connection came about: what the driver's words match, what that means, and what helps."""

    words: str
    problem: str
    remedy: str


REFUSALS: Final = (
    Refusal("password authentication failed", "the server refuses this user and password", "correct USER and PASSWORD"),
    Refusal("no password supplied", "the server asks for a password", "set PASSWORD"),
    Refusal(r"Access denied|role .* does not exist", "the server refuses this user", "correct USER and PASSWORD"),
    Refusal(
        r"database .* does not exist|Unknown database",
        "the server has no such database",
        "correct NAME, or create it and run migrate",
    ),
    Refusal("pg_hba.conf", "the server's pg_hba.conf admits no such connection", "correct USER, HOST or sslmode"),
    Refusal(
        "could not translate host|name or service not known|nodename nor servname|name resolution|resolve|getaddrinfo",
        "the host name is unknown",
        "correct HOST",
    ),
    Refusal(
        "too many (clients|connections)|connection slots|couldn't get a connection",
        "no connection is free",
        "try again, or raise max_connections or the pool's max_size",
    ),
    Refusal("starting up|shutting down|not yet accepting", "the server is starting or stopping", "try again"),
    Refusal(
        "timed? ?out|timeout expired|unreachable|no route to host",
        "the server does not answer",
        "correct HOST and PORT, or look at the network between",
    ),
    Refusal(
        "connection refused|no such file or directory|is the server running|can't connect",
        "nothing listens there",
        "start the server, or correct HOST and PORT",
    ),
    Refusal("SQLITE_NOTADB", "the file is not an SQLite database, or it is encrypted", "correct NAME"),
    Refusal("SQLITE_CORRUPT", "the file is damaged", "restore it from a backup"),
    Refusal("SQLITE_BUSY", "another connection keeps the file locked", "try again"),
    Refusal("SQLITE_CANTOPEN", "the file cannot be opened", "correct NAME, or let this user read it"),
)


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
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA schema_version" if connection.vendor == "sqlite" else "SELECT 1")
    except ImproperlyConfigured as error:
        raise AuditError(f"Database {connection.alias!r} is not usable as configured: {_first_line(error)}") from error
    except Error as error:
        raise _refused(connection, error) from error


@contextmanager
def read_only(connection: BaseDatabaseWrapper, *, statement_timeout_ms: int, lock_timeout_ms: int) -> Iterator[None]:
    """A block in which the database refuses to be written, and which leaves no trace on the session, however it ends.

    PostgreSQL holds it to both timeouts. SQLite holds it to the statement timeout and waits for locks as the connection
    is configured to. MySQL and MariaDB refuse writes without timeouts; on other vendors the block is rolled back, which
    undoes a write and does not refuse it. The block may stand inside a transaction, which goes on unharmed; it may not
    commit.

    Args:
        connection: a connection of ``django.db.connections``.
        statement_timeout_ms: milliseconds a statement may run, 0 for no limit.
        lock_timeout_ms: milliseconds a statement may wait for a lock, 0 for no limit.
    """
    guard = GUARDS.get(connection.vendor, _rolled_back)
    with guard(connection, statement_timeout_ms, lock_timeout_ms):
        yield


@contextmanager
def attempt(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """A block whose failure does not abort the transaction around it: a savepoint. The error goes on."""
    if connection.get_autocommit():
        yield
        return
    with transaction.atomic(using=connection.alias):
        yield


def sqlstate(error: BaseException) -> str:
    """The server's code of an error: SQLSTATE, SQLite's name of it, or ``MYSQL_`` and a number; ``""`` for none."""
    cause = error.__cause__ or error
    for attribute in ("sqlstate", "pgcode", "sqlite_errorname"):
        if code := getattr(cause, attribute, None):
            return str(code)
    number = cause.args[0] if cause.args else None
    return f"MYSQL_{number}" if isinstance(number, int) else ""


def reason(error: BaseException) -> str:
    """One sentence on a database error, without values of rows and without passwords."""
    code = sqlstate(error)
    spoken = _first_line(error)
    if code in SPOKEN or (code == "SQLITE_ERROR" and SPOKEN_BY_SQLITE.fullmatch(spoken)):
        return f"{spoken[:1].upper()}{spoken[1:].rstrip('.')}."
    for length in range(len(code), 1, -1):
        if sentence := REASONS.get(code[:length]):
            return sentence
    if not code and isinstance(error, Error) and "connection" in spoken.lower():
        return LOST
    return f"The database refused the statement ({code or type(error).__name__})."


@contextmanager
def _rolled_back(connection: BaseDatabaseWrapper, _statement_ms: int = 0, _lock_ms: int = 0) -> Iterator[None]:
    """A transaction, or a savepoint inside of one, that is always taken back."""
    if connections[connection.alias] is not connection:
        raise ValueError(f"This is not the connection {connection.alias!r} of this thread.")
    with transaction.atomic(using=connection.alias):
        try:
            yield
        finally:
            transaction.set_rollback(True, using=connection.alias)


@contextmanager
def _postgresql(connection: BaseDatabaseWrapper, statement_ms: int, lock_ms: int) -> Iterator[None]:
    """Settings local to the transaction: a pooler may give the session to anyone afterwards."""
    with _rolled_back(connection):
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
    with _rolled_back(connection):
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


def _refused(connection: BaseDatabaseWrapper, error: Error) -> AuditError:
    said = f"{sqlstate(error)} {error}"
    for refusal in REFUSALS:
        if re.search(refusal.words, said, re.IGNORECASE):
            problem, remedy = refusal.problem, refusal.remedy
            break
    else:
        problem, remedy = _driver_words(connection, error), "look at its entry in settings.DATABASES"
    return AuditError(f"Database {connection.alias!r} ({_place(connection)}) cannot be opened: {problem}; {remedy}.")


def _place(connection: BaseDatabaseWrapper) -> str:
    """Where the database is, in the words of its settings."""
    settings = connection.settings_dict
    name = _without_password(str(settings["NAME"] or "no NAME"))
    if connection.vendor == "sqlite":
        return name
    host = settings["HOST"] or "the local socket"
    port = settings["PORT"] or PORTS.get(connection.vendor, "")
    user = f" as {settings['USER']}" if settings["USER"] else ""
    return f"{name} on {host}{':' if port else ''}{port}{user}"


def _driver_words(connection: BaseDatabaseWrapper, error: Error) -> str:
    words = _without_password(_first_line(error).rstrip("."))
    password = str(connection.settings_dict.get("PASSWORD") or "")
    return words.replace(password, "***") if password else words


def _without_password(words: str) -> str:
    """Words that may repeat a connection string: a driver's, or a NAME that is one by mistake."""
    return re.sub(r"(://[^:/@\s]*:)[^@\s]*@", r"\1***@", re.sub(r"(password=)\S+", r"\1***", words))


def _first_line(error: BaseException) -> str:
    cause = error.__cause__ or error
    primary = getattr(getattr(cause, "diag", None), "message_primary", None)
    return str(primary or error).strip().partition("\n")[0]
