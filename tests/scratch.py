"""An empty database of its own for one test, on either vendor."""

from __future__ import annotations

import itertools
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import sqlparse
from django.apps import apps as installed
from django.apps.registry import Apps
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg import OperationalError

from dbaudit import catalog, checks
from dbaudit.registry import registered

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from django.db.models import Model

    from dbaudit.facts import Snapshot
    from dbaudit.findings import Finding
    from tests.postgres import Server

# Other threads keep connections of their own by alias: what one leaves open must not be taken up by the next test.
_numbers = itertools.count(1)

# Each query gives statements that take something out of a PostgreSQL database.
LEFTOVERS = (
    "SELECT format('ROLLBACK PREPARED %L', gid) FROM pg_prepared_xacts WHERE database = current_database()",
    "SELECT format('DROP EVENT TRIGGER %I', evtname) FROM pg_event_trigger",
    "SELECT format('DROP PUBLICATION %I', pubname) FROM pg_publication",
    "SELECT format('DROP EXTENSION %I CASCADE', extname) FROM pg_extension WHERE extname <> 'plpgsql'",
    "SELECT format('DROP FOREIGN DATA WRAPPER %I CASCADE', fdwname) FROM pg_foreign_data_wrapper",
    """
    SELECT format('DROP SCHEMA %I CASCADE', nspname) FROM pg_namespace
    WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
    """,
    """
    SELECT format('DROP OWNED BY %1$I CASCADE; DROP ROLE %1$I', rolname) FROM pg_roles
    WHERE rolname !~ '^pg_' AND rolname <> current_user
    """,
    "SELECT format('ALTER DATABASE %I RESET ALL', current_database())",
    "SELECT 'CREATE SCHEMA public AUTHORIZATION pg_database_owner; GRANT USAGE ON SCHEMA public TO PUBLIC'",
)


class Scratch:
    """A database that was empty when the test began, and a Django connection to it in autocommit."""

    def __init__(self, connection: BaseDatabaseWrapper) -> None:
        self.connection = connection

    @property
    def alias(self) -> str:
        """The connection's alias in ``django.db.connections``."""
        return self.connection.alias

    @property
    def vendor(self) -> str:
        """The vendor as Django names it: "sqlite" or "postgresql"."""
        return self.connection.vendor

    @property
    def url(self) -> str:
        """The database as a DATABASE_URL, for programs that a test starts."""
        return url(self.connection.settings_dict)

    def execute(self, sql: str, params: Sequence[Any] | None = None) -> None:
        """Execute one statement with parameters, or any number of them, separated by ``;``, without.

        Each statement is sent by itself, so that ``CREATE INDEX CONCURRENTLY`` and ``VACUUM`` may be among them.
        """
        statements = [sql] if params is not None else sqlparse.split(sql)
        with self.connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement, params)

    def rows(self, sql: str, params: Sequence[Any] | None = None) -> list[tuple[Any, ...]]:
        """The rows of a query."""
        with self.connection.cursor() as cursor:
            cursor.execute(sql, params)
            return list(cursor.fetchall())

    def create(self, *models: type[Model]) -> None:
        """Create the tables of models, in whatever order they refer to each other."""
        with self.connection.schema_editor() as editor:
            for model in models:
                editor.create_model(model)

    def snapshot(self, apps: Apps | None = None, **options: Any) -> Snapshot:
        """What the catalog readers see here, with the models of this registry installed (default: none).

        ``isolate_apps("tests")`` gives such a registry. ``options`` are those of ``catalog.read``.
        """
        limits = {"statement_timeout_ms": 30_000, "lock_timeout_ms": 2_000, "count_limit_bytes": 16 * 1024 * 1024}
        return catalog.read(self.connection, apps=apps or Apps([]), **{**limits, **options})

    def findings(self, check: str, apps: Apps | None = None, **options: Any) -> tuple[Finding, ...]:
        """What one check finds here; a check that crashes fails the test."""
        checks.load(installed)
        outcome = checks.run(self.snapshot(apps, **options), [one for one in registered() if one.id == check])
        assert [one.id for one in outcome.ran] == [check], outcome.crashed or outcome.skipped
        return outcome.findings

    def role(self, name: str) -> dict[str, Any]:
        """Create a PostgreSQL role without privileges; it goes with the test.

        Returns:
            The entry for DATABASES that connects to this database as that role (see ``connected``).
        """
        password = f"password of {name}"
        with self.connection.cursor() as cursor:
            quoted = self.connection.ops.quote_name(name)
            cursor.execute(f"CREATE ROLE {quoted} LOGIN PASSWORD %s", [password])
        return {**self.connection.settings_dict, "USER": name, "PASSWORD": password}


@contextmanager
def connected(alias: str, settings: dict[str, Any]) -> Iterator[BaseDatabaseWrapper]:
    """Register a database under an alias in ``django.db.connections`` for a while.

    Args:
        alias: a name that is not in use.
        settings: an entry as in DATABASES.
    """
    if alias in connections.settings:
        raise ValueError(f"the alias {alias!r} is in use")
    connections.settings[alias] = settings
    connections.configure_settings(connections.settings)
    try:
        yield connections[alias]
    finally:
        BaseDatabaseWrapper.close(connections[alias])  # that of SQLite leaves databases in memory open
        del connections[alias]
        del connections.settings[alias]


@contextmanager
def sqlite_scratch(folder: Path) -> Iterator[Scratch]:
    """An empty SQLite file in a folder."""
    settings = {"ENGINE": "django.db.backends.sqlite3", "NAME": str(folder / "scratch.sqlite3")}
    with connected(f"scratch_{next(_numbers)}", settings) as connection:
        yield Scratch(connection)


@contextmanager
def postgres_scratch(server: Server) -> Iterator[Scratch]:
    """The scratch database of a server, emptied."""
    _empty(server)
    with connected(f"scratch_{next(_numbers)}", server.settings("scratch")) as connection:
        yield Scratch(connection)


def url(settings: dict[str, Any]) -> str:
    """An entry of DATABASES as a DATABASE_URL."""
    if settings["ENGINE"] == "django.db.backends.sqlite3":
        return f"sqlite:///{settings['NAME']}"
    user, password = quote(settings["USER"], safe=""), quote(settings["PASSWORD"], safe="")
    return f"postgres://{user}:{password}@{settings['HOST']}:{settings['PORT']}/{settings['NAME']}"


def _empty(server: Server) -> None:
    """Create the scratch database, or take everything out of it: much faster than creating it anew."""
    try:
        connection = server.connect("scratch")
    except OperationalError:
        with server.connect() as maintenance:
            maintenance.execute("CREATE DATABASE scratch")
        return
    with connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        for query in LEFTOVERS:
            for (statement,) in connection.execute(query).fetchall():
                connection.execute(statement)
