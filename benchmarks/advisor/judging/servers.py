"""Databases for a benchmark: on a server of its own, or kept on one that is running already."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import unquote, urlsplit

import psycopg

from tests.postgres import main_server

#: Disks that seek as fast as they read; and no compiling, which takes longer than many statements, before and after.
SETTINGS = ("random_page_cost = 1.1", "jit = off")

NO_HYPOPG = "Skipped: the PostgreSQL server has no extension hypopg (Debian: postgresql-15-hypopg)."

Connection = psycopg.Connection[tuple[Any, ...]]


@contextmanager
def database(name: str, fill: Callable[[dict[str, Any]], None], *, server: str = "") -> Iterator[dict[str, Any]]:
    """The entry of DATABASES for a database of that name, filled if it was not there.

    ``server`` is the URL of a running PostgreSQL server whose databases are kept from one run to the next; without
    it, a server is started that goes with this process. Both need HypoPG.
    """
    settings = settings_of(server)
    with connect(settings) as maintenance:
        if not maintenance.execute("SELECT FROM pg_available_extensions WHERE name = 'hypopg'").rowcount:
            print(NO_HYPOPG, file=sys.stderr)
            raise SystemExit(0)
        # Made under another name: one that is there is whole.
        if not maintenance.execute("SELECT FROM pg_database WHERE datname = %s", [name]).rowcount:
            maintenance.execute("DROP DATABASE IF EXISTS unfinished WITH (FORCE)")
            maintenance.execute("CREATE DATABASE unfinished")
            fill({**settings, "NAME": "unfinished"})
            with connect({**settings, "NAME": "unfinished"}) as connection:
                connection.execute("CREATE EXTENSION hypopg")
                connection.execute("VACUUM (ANALYZE)")
            maintenance.execute(f'ALTER DATABASE unfinished RENAME TO "{name}"')
        for setting in SETTINGS:
            maintenance.execute(f'ALTER DATABASE "{name}" SET {setting}')
    yield {**settings, "NAME": name}


def connect(settings: dict[str, Any]) -> Connection:
    """A connection in autocommit that puts parameters into the statement, as Django does by default."""
    return psycopg.connect(
        host=settings["HOST"],
        port=settings["PORT"],
        user=settings["USER"],
        password=settings["PASSWORD"],
        dbname=settings["NAME"],
        autocommit=True,
        cursor_factory=psycopg.ClientCursor,
    )


def version(connection: Connection) -> str:
    """PostgreSQL and HypoPG with their versions, and the settings that matter."""
    ((server, buffers, hypopg),) = connection.execute(
        """
        SELECT split_part(current_setting('server_version'), ' ', 1), current_setting('shared_buffers'), extversion
        FROM pg_extension WHERE extname = 'hypopg'
        """
    ).fetchall()
    own = ", ".join(SETTINGS)
    return f"PostgreSQL {server} with {buffers} of shared buffers, {own}, otherwise as it comes; HypoPG {hypopg}"


def settings_of(server: str) -> dict[str, Any]:
    """The entry of DATABASES for the database ``postgres`` of the server at this URL, or of one of this process's own
    where it is empty."""
    if not server:
        return main_server().settings("postgres")
    parts = urlsplit(server)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "HOST": parts.hostname or "127.0.0.1",
        "PORT": str(parts.port or 5432),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "NAME": "postgres",
    }
