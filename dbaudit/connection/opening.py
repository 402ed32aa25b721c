"""Where a connection is opened, made sure of, and closed."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured
from django.db import Error, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from dbaudit.connection.errors import is_lost
from dbaudit.connection.own_statements import marked
from dbaudit.connection.refusals import misconfigured, refused
from dbaudit.errors import AuditError


def of_alias(alias: str) -> BaseDatabaseWrapper:
    """The alias's connection in this thread. Raises `AuditError` where its engine or driver cannot be loaded."""
    try:
        return connections[alias]
    except ImproperlyConfigured as error:
        raise misconfigured(alias, error) from error


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
        try:
            _ask(connection)
        except Error as error:
            # A server that restarts ends also sessions that have just begun.
            if connection.in_atomic_block or connection.connection is None or not is_lost(error):
                raise
            close(connection)
            _ask(connection)
    except ImproperlyConfigured as error:
        raise misconfigured(connection.alias, error) from error
    except Error as error:
        raise refused(connection, error) from error


def _ask(connection: BaseDatabaseWrapper) -> None:
    with marked(connection), connection.cursor() as cursor:
        cursor.execute("PRAGMA schema_version" if connection.vendor == "sqlite" else "SELECT 1")


def close(connection: BaseDatabaseWrapper) -> None:
    """Close it, as Django's own ``close`` does not with a database in memory, and whatever a lost one says to that."""
    try:
        BaseDatabaseWrapper.close(connection)
    except Error:
        connection.connection = None


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
