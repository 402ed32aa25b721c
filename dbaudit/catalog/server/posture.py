"""How the database is run and how Django connects to it -> `Posture`, in at most six statements."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime
from math import inf
from typing import Any, Final

import django
from django.conf import settings as django_settings
from django.db import DatabaseError
from django.db.backends.base.base import BaseDatabaseWrapper

from dbaudit.connection import client_end
from dbaudit.connection.losing import ends
from dbaudit.connection.read_only import read_only
from dbaudit.connection.reasons import reason
from dbaudit.connection.rollback import attempt
from dbaudit.facts import (
    CollationVersion,
    DjangoConnection,
    Holder,
    PostgresqlServer,
    Posture,
    ServerSetting,
    SessionLimit,
    Skipped,
    SqliteFile,
)
from dbaudit.facts.posture import Pooling

# psycopg's own default of a pool's min_size, which is its max_size too where none is given.
PSYCOPG_POOL_SIZE: Final = 4
SETTINGS: Final = (
    "autovacuum_freeze_max_age",
    "autovacuum_multixact_freeze_max_age",
    "fsync",
    "full_page_writes",
    "idle_in_transaction_session_timeout",
    "lock_timeout",
    "max_connections",
    "reserved_connections",
    "statement_timeout",
    "superuser_reserved_connections",
    "transaction_timeout",
)
_SETTINGS = """
SELECT pg_backend_pid() AS pid, current_database()::text AS database, name, setting, coalesce(unit, '') AS unit, source
FROM pg_settings WHERE name = ANY(%s) ORDER BY name
"""
# row_security_active() asks what holds for this role: policies, ownership and BYPASSRLS.
_SESSION = """
SELECT pg_backend_pid() AS pid, coalesce(host(inet_client_addr()), '') AS client_address,
    (SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid())
        OR (SELECT encrypted FROM pg_stat_gssapi WHERE pid = pg_backend_pid()) AS encrypted,
    r.rolsuper AS superuser, r.rolbypassrls AS bypasses_row_security, r.rolconnlimit AS role_limit,
    d.datconnlimit AS database_limit, pg_is_in_recovery() AS in_recovery,
    age(d.datfrozenxid) AS transaction_age, mxid_age(d.datminmxid) AS multixact_age,
    (SELECT count(*) FROM pg_class c WHERE c.relrowsecurity AND NOT row_security_active(c.oid)) AS row_security_tables
FROM pg_roles r, pg_database d
WHERE r.rolname = current_user AND d.datname = current_database()
"""
_SIZE = "SELECT pg_database_size(current_database()) AS bytes"
# What kind of backend another role's session is, only members of pg_read_all_stats may see.
_SESSIONS = """
SELECT coalesce(datname = current_database(), false) AS here, coalesce(usename = current_user, false) AS ours,
    coalesce(state, '') AS state, count(*) AS sessions
FROM pg_stat_activity
WHERE backend_type = 'client backend' OR backend_type IS NULL AND usesysid IS NOT NULL
GROUP BY 1, 2, 3
"""
# Only what sorts an index matters. NULL stands for rules that never change, as those of "C" do.
_COLLATIONS = """
SELECT c.oid::regcollation::text AS name, c.collversion AS recorded, pg_collation_actual_version(c.oid) AS actual,
    used.indexes
FROM (
    SELECT sorting, count(*) AS indexes
    FROM (SELECT DISTINCT indexrelid, unnest(indcollation::oid[]) AS sorting FROM pg_index) AS of_index
    GROUP BY sorting
) AS used
JOIN pg_collation c ON c.oid = used.sorting
WHERE c.collversion <> pg_collation_actual_version(c.oid)
"""
_DATABASE_COLLATION = """
UNION ALL
SELECT '', d.datcollversion, pg_database_collation_actual_version(d.oid), (
    SELECT count(*) FROM pg_index
    WHERE 'pg_catalog."default"'::regcollation::oid = ANY(indcollation::oid[])
)
FROM pg_database d
WHERE d.datname = current_database() AND d.datcollversion <> pg_database_collation_actual_version(d.oid)
"""
_HOLDERS = """
SELECT 'replication slot' AS kind, slot_name::text AS name, active, greatest(age(xmin), age(catalog_xmin)) AS age,
    CASE WHEN NOT pg_is_in_recovery() THEN pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)::bigint END AS wal_bytes,
    NULL::bigint AS seconds
FROM pg_replication_slots
UNION ALL
SELECT 'prepared transaction', gid, true, age(transaction), NULL, extract(epoch FROM now() - prepared)::bigint
FROM pg_prepared_xacts
ORDER BY 1, 2
"""
_SQLITE = """
SELECT journal_mode, synchronous, timeout
FROM pragma_journal_mode, pragma_synchronous, pragma_busy_timeout
"""


def read(
    connection: BaseDatabaseWrapper, *, statement_timeout_ms: int, lock_timeout_ms: int, today: date | None = None
) -> tuple[Posture, tuple[Skipped, ...]]:
    """How the database is run, and what of it could not be seen.

    The server's settings are read before `read_only` puts the audit's own timeouts in their place. Where a
    pooler stands between, a second connection is opened for a moment, to find out whether it pools by transaction.
    ``today`` is the day in UTC unless given.
    """
    server: PostgresqlServer | None = None
    file: SqliteFile | None = None
    skipped: list[Skipped] = []
    version: tuple[int, ...] = ()
    limits = {"statement_timeout_ms": statement_timeout_ms, "lock_timeout_ms": lock_timeout_ms}
    try:
        version = connection.get_database_version()
        if connection.vendor == "postgresql":
            first = _rows(connection, _SETTINGS, [list(SETTINGS)])
            pooling = client_end.pooling(connection, first[0]["pid"])
            with read_only(connection, **limits):
                server, skipped = _postgresql(connection, first, pooling)
        elif connection.vendor == "sqlite":
            with read_only(connection, **limits):
                [row] = _rows(connection, _SQLITE)
            file = SqliteFile(
                in_memory=connection.is_in_memory_db(),  # type: ignore[attr-defined]
                journal_mode=row["journal_mode"],
                synchronous=row["synchronous"],
                busy_timeout_ms=row["timeout"],
            )
    except DatabaseError as error:
        if ends(connection, error):
            raise
        skipped.append(Skipped("How the server is run", reason(error)))
    found = Posture(
        today=today or datetime.now(UTC).date(),
        product=connection.display_name,
        version=version,
        django_version=django.VERSION[:2],
        django=_django(connection),
        server=server,
        file=file,
    )
    return found, tuple(skipped)


def _django(connection: BaseDatabaseWrapper) -> DjangoConnection:
    given = connection.settings_dict
    options = given["OPTIONS"]
    workers = os.environ.get("WEB_CONCURRENCY", "")
    max_age = given["CONN_MAX_AGE"]
    return DjangoConnection(
        debug=django_settings.DEBUG,
        use_tz=django_settings.USE_TZ,
        max_age_seconds=inf if max_age is None else max_age,
        health_checks=given["CONN_HEALTH_CHECKS"],
        pool_size=_pool_size(options.get("pool")),
        atomic_requests=given["ATOMIC_REQUESTS"],
        server_side_cursors=not given.get("DISABLE_SERVER_SIDE_CURSORS"),
        sslmode=options.get("sslmode") or "",
        transaction_mode=options.get("transaction_mode") or "",
        init_command=options.get("init_command") or "",
        timeout_seconds=options.get("timeout"),
        workers=int(workers) if workers.isdecimal() else None,
    )


def _pool_size(pool: Any) -> int:
    """The most connections of a process's pool; ``pool`` is Django's option: True, psycopg's arguments, or nothing."""
    if not pool:
        return 0
    given = pool if isinstance(pool, dict) else {}
    return int(given.get("max_size") or given.get("min_size", PSYCOPG_POOL_SIZE))


def _postgresql(
    connection: BaseDatabaseWrapper, settings: list[dict[str, Any]], pooling: Pooling | None
) -> tuple[PostgresqlServer, list[Skipped]]:
    skipped: list[Skipped] = []

    def rows(what: str, sql: str) -> list[dict[str, Any]] | None:
        try:
            with attempt(connection):
                return _rows(connection, sql)
        except DatabaseError as error:
            if ends(connection, error):
                raise
            skipped.append(Skipped(what, reason(error)))
            return None

    own = (rows("Role, encryption and transaction ages", _SESSION) or [{}])[0]
    size = rows("Size of the database", _SIZE)
    sessions = rows("Sessions of the server", _SESSIONS)
    collations = rows("Versions of collations", _COLLATIONS + _collation_of_database(connection))
    holders = rows("Replication slots and prepared transactions", _HOLDERS)
    if pooling == "unknown" and own.get("pid") != settings[0]["pid"]:
        pooling = "transaction"
    found = PostgresqlServer(
        database=settings[0]["database"],
        settings=tuple(ServerSetting(row["name"], row["setting"], row["unit"], row["source"]) for row in settings),
        pooling=pooling,
        address=client_end.address(connection.connection),
        client_address=own.get("client_address"),
        encrypted=client_end.encrypted(connection.connection, own.get("encrypted"), pooling),
        encrypted_at_server=own.get("encrypted"),
        superuser=own.get("superuser"),
        bypasses_row_security=own.get("bypasses_row_security"),
        row_security_tables=own.get("row_security_tables"),
        in_recovery=own.get("in_recovery"),
        database_bytes=size[0]["bytes"] if size else None,
        transaction_age=own.get("transaction_age"),
        multixact_age=own.get("multixact_age"),
        limits=_limits(sessions, own, {row["name"]: row["setting"] for row in settings}),
        states=_states(sessions),
        outdated_collations=None
        if collations is None
        else tuple(sorted((CollationVersion(**row) for row in collations), key=lambda one: one.name)),
        holders=None if holders is None else tuple(Holder(**row) for row in holders),
    )
    return found, skipped


def _collation_of_database(connection: BaseDatabaseWrapper) -> str:
    """Databases have a version of their own since server 15."""
    return _DATABASE_COLLATION if connection.get_database_version() >= (15,) else ""


def _limits(
    sessions: list[dict[str, Any]] | None, own: dict[str, Any], settings: dict[str, str]
) -> tuple[SessionLimit, ...] | None:
    """The limits that hold for this role, a superuser's being only the server's."""
    if sessions is None or not own:
        return None
    reserved = 0
    if not own["superuser"]:
        reserved = sum(int(settings.get(f"{who}reserved_connections", 0)) for who in ("superuser_", ""))
    limits = [
        SessionLimit(
            "max_connections", sum(row["sessions"] for row in sessions), int(settings["max_connections"]) - reserved
        )
    ]
    if own["database_limit"] >= 0 and not own["superuser"]:
        here = sum(row["sessions"] for row in sessions if row["here"])
        limits.append(SessionLimit("database", here, own["database_limit"]))
    if own["role_limit"] >= 0 and not own["superuser"]:
        ours = sum(row["sessions"] for row in sessions if row["ours"])
        limits.append(SessionLimit("role", ours, own["role_limit"]))
    return tuple(limits)


def _states(sessions: list[dict[str, Any]] | None) -> tuple[tuple[str, int], ...] | None:
    """How many sessions of this role in this database are in which state."""
    if sessions is None:
        return None
    return tuple(sorted((row["state"], row["sessions"]) for row in sessions if row["here"] and row["ours"]))


def _rows(connection: BaseDatabaseWrapper, sql: str, parameters: list[Any] | None = None) -> list[dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
