"""Why no connection came about, in one sentence with the remedy and without passwords."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from django.core.exceptions import ImproperlyConfigured
from django.db import Error
from django.db.backends.base.base import BaseDatabaseWrapper

from dbaudit.connection.errors import first_line, sqlstate
from dbaudit.errors import AuditError

PORTS: Final = {"postgresql": "5432", "mysql": "3306"}


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
    Refusal("terminating connection", "the server ends the session at once", "try again"),
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
    words = _without_password(first_line(error).rstrip("."))
    password = str(connection.settings_dict.get("PASSWORD") or "")
    return words.replace(password, "***") if password else words


def _without_password(words: str) -> str:
    """Words that may repeat a connection string: a driver's, or a NAME that is one by mistake."""
    return re.sub(r"(://[^:/@\s]*:)[^@\s]*@", r"\1***@", re.sub(r"(password=)\S+", r"\1***", words))
