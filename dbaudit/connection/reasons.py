"""Errors of databases and drivers in words: why something was not read, and why no connection came about."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from django.core.exceptions import ImproperlyConfigured
from django.db import Error
from django.db.backends.base.base import BaseDatabaseWrapper

from dbaudit.errors import AuditError

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


def misconfigured(alias: str, error: ImproperlyConfigured) -> AuditError:
    """What to raise where Django refuses a database's settings, or finds no driver (as ``connections[alias]`` does)."""
    return AuditError(f"Database {alias!r} is not usable as configured: {' '.join(str(error).split())}")


def refused(connection: BaseDatabaseWrapper, error: Error) -> AuditError:
    """What to raise where no connection came about: alias, place, problem and remedy, never the password."""
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
