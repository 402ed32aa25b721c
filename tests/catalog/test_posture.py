"""How the database is run and connected to, read off real servers."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from functools import partial
from math import inf
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError, transaction
from django.db import connection as default_connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from dbaudit.catalog.server import posture
from dbaudit.facts import PostgresqlServer, Posture, Skipped
from tests.pgbouncer import pooler
from tests.postgres import main_server
from tests.scratch import Scratch, connected

read_posture = partial(posture.read, statement_timeout_ms=30_000, lock_timeout_ms=2_000)


def read(scratch: Scratch) -> tuple[Posture, tuple[Skipped, ...]]:
    return read_posture(scratch.connection)


def server(scratch: Scratch) -> PostgresqlServer:
    found, skipped = read(scratch)
    assert found.server
    assert not skipped
    return found.server


@contextmanager
def changed(scratch: Scratch, **settings: Any) -> Iterator[Scratch]:
    """The same database through an entry of DATABASES that says something else."""
    with connected("changed", {**scratch.connection.settings_dict, **settings}) as connection:
        yield Scratch(connection)


def test_every_server_version_is_read_whole(postgres_versions: Scratch) -> None:
    found = server(postgres_versions)
    unseen = [name for name in found.__slots__ if getattr(found, name) is None]
    assert not unseen
    assert (found.pooling, found.address, found.client_address) == ("none", "127.0.0.1", "127.0.0.1")
    assert found.local
    assert found.superuser
    assert found.database_bytes
    assert found.database_bytes > 1_000_000
    assert found.outdated_collations == ()


def test_the_number_of_statements_does_not_depend_on_the_number_of_tables(postgres: Scratch) -> None:
    with CaptureQueriesContext(postgres.connection) as few:
        read(postgres)
    for number in range(30):
        postgres.execute(f"CREATE TABLE t{number} (id bigint PRIMARY KEY, name text UNIQUE)")
    with CaptureQueriesContext(postgres.connection) as many:
        read(postgres)
    assert len(many) == len(few)


def test_timeouts_are_those_of_django_s_connection_and_not_the_audit_s(postgres: Scratch) -> None:
    database = postgres.connection.settings_dict["NAME"]
    postgres.execute(f"ALTER DATABASE {database} SET lock_timeout = '7s'")
    with changed(postgres, OPTIONS={"options": "-c statement_timeout=9000"}) as other:
        other.execute("SET idle_in_transaction_session_timeout = '5s'")
        found = server(other)
        assert other.rows("SHOW statement_timeout") == [("9s",)]
    values = {one.name: (one.value, one.unit, one.source) for one in found.settings}
    assert values["statement_timeout"] == ("9000", "ms", "client")
    assert values["lock_timeout"] == ("7000", "ms", "database")
    assert values["idle_in_transaction_session_timeout"] == ("5000", "ms", "session")


def test_a_role_without_privileges_sees_its_own_limits(postgres: Scratch) -> None:
    entry = postgres.role("clerk")
    postgres.execute("ALTER ROLE clerk CONNECTION LIMIT 4")
    postgres.execute("CREATE TABLE t (id bigint); ALTER TABLE t ENABLE ROW LEVEL SECURITY; GRANT SELECT ON t TO clerk")
    with connected("clerk", entry) as connection:
        found = server(Scratch(connection))
    assert (found.superuser, found.bypasses_row_security, found.row_security_tables) == (False, False, 0)
    limits = {one.name: (one.used, one.limit) for one in found.limits or ()}
    assert limits["role"] == (1, 4)
    assert limits["max_connections"][1] == 97
    assert limits["max_connections"][0] >= 2
    assert dict(found.states or ()) == {"active": 1}


def test_a_superuser_is_bound_by_no_policy_and_no_role_limit(postgres: Scratch) -> None:
    postgres.execute("CREATE TABLE t (id bigint); ALTER TABLE t ENABLE ROW LEVEL SECURITY")
    found = server(postgres)
    assert found.row_security_tables == 1
    assert [(one.name, one.limit) for one in found.limits or ()] == [("max_connections", 100)]


def test_r27_a_statement_that_is_refused_costs_only_what_it_tells(postgres: Scratch) -> None:
    entry = postgres.role("clerk")
    postgres.execute("REVOKE SELECT ON pg_stat_activity FROM PUBLIC")
    try:
        with connected("clerk", entry) as connection:
            found, skipped = read(Scratch(connection))
    finally:
        postgres.execute("GRANT SELECT ON pg_stat_activity TO PUBLIC")
    assert found.server
    assert (found.server.limits, found.server.states) == (None, None)
    assert (found.server.superuser, found.server.outdated_collations) == (False, ())
    assert [one.what for one in skipped] == ["Sessions of the server"]
    assert "permission denied" in skipped[0].reason.lower()


def test_it_may_be_read_inside_a_transaction_that_goes_on(postgres: Scratch) -> None:
    with transaction.atomic(using=postgres.alias):
        assert server(postgres).pooling == "none"
        assert postgres.rows("SELECT 1") == [(1,)]


@pytest.mark.needs("openssl", "ssl")
def test_a_connection_under_tls_is_seen_at_both_ends(postgres: Scratch, tmp_path: Path) -> None:
    with tls(postgres, tmp_path), changed(postgres, OPTIONS={"sslmode": "require"}) as other:
        found, _ = read(other)
    assert found.server
    assert (found.server.encrypted, found.server.encrypted_at_server) == (True, True)
    assert found.django.sslmode == "require"


@contextmanager
def tls(scratch: Scratch, folder: Path) -> Iterator[None]:
    """The server with a certificate that nobody vouches for."""
    [(data,)] = scratch.rows("SHOW data_directory")
    where = Path(data)
    subprocess.run(
        shlex.split("openssl req -new -x509 -nodes -subj /CN=localhost -days 1 -keyout server.key -out server.crt"),
        cwd=folder,
        check=True,
        capture_output=True,
    )
    for name in ("server.key", "server.crt"):
        (where / name).write_bytes((folder / name).read_bytes())
        (where / name).chmod(0o600)
        os.chown(where / name, where.stat().st_uid, where.stat().st_gid)
    scratch.execute("ALTER SYSTEM SET ssl = on; SELECT pg_reload_conf()")
    try:
        yield
    finally:
        scratch.execute("ALTER SYSTEM RESET ssl; SELECT pg_reload_conf()")


@pytest.mark.needs("pgbouncer")
@pytest.mark.parametrize(("mode", "seen"), [("transaction", "transaction"), ("session", "unknown")])
def test_a_pooler_is_seen_and_pooling_by_transaction_is_proved(
    postgres: Scratch, tmp_path: Path, mode: Any, seen: str
) -> None:
    with (
        pooler(postgres.connection.settings_dict, tmp_path, mode) as entry,
        connected("pooled", entry) as connection,
    ):
        found = server(Scratch(connection))
    assert found.pooling == seen
    assert found.encrypted is False


@pytest.mark.needs("pgbouncer")
def test_a_pooler_whose_pool_is_empty_keeps_the_audit_waiting_for_moments_only(
    postgres: Scratch, tmp_path: Path
) -> None:
    with (
        pooler(postgres.connection.settings_dict, tmp_path, "session", pool_size=1) as entry,
        connected("pooled", entry) as connection,
    ):
        assert server(Scratch(connection)).pooling == "unknown"


def test_django_s_side_is_read_from_its_settings(
    postgres: Scratch, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.DEBUG = True
    monkeypatch.setenv("WEB_CONCURRENCY", "3")
    entry = {"CONN_MAX_AGE": None, "CONN_HEALTH_CHECKS": True, "ATOMIC_REQUESTS": True}
    with changed(postgres, **entry, DISABLE_SERVER_SIDE_CURSORS=True) as other:
        django = read(other)[0].django
    assert (django.debug, django.max_age_seconds, django.health_checks) == (True, inf, True)
    assert (django.atomic_requests, django.server_side_cursors, django.workers) == (True, False, 3)


@pytest.mark.parametrize(("pool", "size"), [(True, 4), ({"min_size": 2, "max_size": 6}, 6), (None, 0)])
def test_the_pool_s_size_is_what_psycopg_makes_of_the_option(postgres: Scratch, pool: object, size: int) -> None:
    with changed(postgres, OPTIONS={"pool": pool}) as other:
        try:
            found, skipped = read(other)
        finally:
            other.connection.close_pool()  # type: ignore[attr-defined]
    assert found.django.pool_size == size
    assert found.server
    assert found.server.pooling == "none"
    assert not skipped


def test_sqlite_s_pragmas_are_those_of_django_s_connection(sqlite: Scratch) -> None:
    options = {"transaction_mode": "IMMEDIATE", "timeout": 20, "init_command": "PRAGMA journal_mode=WAL"}
    with changed(sqlite, OPTIONS=options) as other:
        found, skipped = read(other)
    assert found.file
    assert (found.file.journal_mode, found.file.synchronous, found.file.busy_timeout_ms) == ("wal", 2, 20_000)
    assert (found.django.transaction_mode, found.django.timeout_seconds) == ("IMMEDIATE", 20)
    assert not found.file.in_memory
    assert not found.development
    assert not skipped


@pytest.mark.django_db
def test_an_sqlite_database_in_memory_is_known_as_one() -> None:
    found, _ = read_posture(default_connection)
    assert found.file
    assert found.file.in_memory
    assert found.product == "SQLite"


def test_today_is_in_utc_unless_it_is_given(sqlite: Scratch) -> None:
    given, _ = read_posture(sqlite.connection, today=date(2027, 1, 31))
    assert given.today == date(2027, 1, 31)
    assert abs(read(sqlite)[0].today - datetime.now(UTC).date()).days <= 1


def test_a_server_that_stopped_answering_is_asked_again_on_another_connection(postgres: Scratch) -> None:
    [(pid,)] = postgres.rows("SELECT pg_backend_pid()")
    with main_server().connect() as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
    with pytest.raises(OperationalError):
        read(postgres)  # the catalog's reader decides: see tests/connection/test_losing.py
    postgres.connection.close()
    assert read(postgres)[0].server is not None
