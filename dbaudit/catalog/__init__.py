"""Reading: a database and the app registry go in, one `Snapshot` comes out, in a constant number of statements."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import date
from typing import Any

from django.apps import apps as installed
from django.apps.registry import Apps
from django.db.backends.base.base import BaseDatabaseWrapper

from dbaudit.catalog.database import generic, postgresql, sqlite
from dbaudit.catalog.models import expected, ignores, intent, limits, listings, migrations, owners, schemas, urlconf
from dbaudit.catalog.rows import counting, data, positions
from dbaudit.catalog.server import posture
from dbaudit.connection import losing
from dbaudit.connection.opening import connect
from dbaudit.connection.own_statements import marked
from dbaudit.connection.read_only import read_only
from dbaudit.errors import AuditError
from dbaudit.facts import Skipped, Snapshot


def read(
    connection: BaseDatabaseWrapper,
    *,
    apps: Apps,
    statement_timeout_ms: int,
    lock_timeout_ms: int,
    count_limit_bytes: int,
    exact_counts: bool = False,
    read_data: bool = False,
    today: date | None = None,
    data_for: Collection[str] | None = None,
) -> Snapshot:
    """Everything that checks look at, read in read-only transactions. ``today`` is the day in UTC unless given.

    With ``read_data`` tables above the limit are read, too, where a check of the rows takes it; ``data_for`` are the
    ids of those checks, None for all that there are. Catalog and rows are read in transactions of their own, so that
    the locks of counting are held briefly. Raises `AuditError` where the database cannot be reached.
    """
    timeouts = {"statement_timeout_ms": statement_timeout_ms, "lock_timeout_ms": lock_timeout_ms}

    def structure() -> tuple[Snapshot, Any, tuple[Skipped, ...], Any]:
        with read_only(connection, **timeouts):
            found = _database(connection, apps)
            return found, *migrations.recorded(connection, found), expected.collations(connection, apps)

    def counts() -> tuple[Snapshot, tuple[Skipped, ...]]:
        with read_only(connection, **timeouts):
            tables, uncounted = counting.count(
                connection, snapshot.tables, limit_bytes=count_limit_bytes, exact=exact_counts
            )
        return replace(snapshot, tables=tables), uncounted

    def rows() -> tuple[Snapshot, tuple[Skipped, ...]]:
        with read_only(connection, **timeouts):
            placed, unplaced = positions.read(connection, snapshot)
            values, untold = data.read(
                connection, placed, limit_bytes=count_limit_bytes, unlimited=read_data, checks=data_for
            )
        return replace(placed, data=values), (*unplaced, *untold)

    def server() -> tuple[Snapshot, tuple[Skipped, ...]]:
        found, unseen = posture.read(connection, **timeouts, today=today)
        return replace(snapshot, posture=found), unseen

    with marked(connection):
        unimported = urlconf.load() if apps is installed else ()
        connect(connection)
        snapshot, applied, unread, deterministic = losing.required(connection, "its catalog", structure)
        for unseen in snapshot.skipped:
            if unseen.kind == "schema":  # every model would be missing, which says nothing of the models
                raise AuditError(f"Database {connection.alias!r}: {unseen.reason}")
        snapshot = owners.assign(snapshot, owners.read_models(apps, connection), connection)
        snapshot, beyond = schemas.reachable(snapshot, connection)
        snapshot = intent.read(snapshot, apps, connection)
        snapshot = limits.read(snapshot, apps, connection)
        snapshot, unlisted = listings.read(snapshot, apps, connection)
        declared, unknown = expected.read(connection, apps, snapshot.models, deterministic)
        history, unloaded = migrations.read(connection, apps, snapshot, applied)
        snapshot = replace(snapshot, expected=declared, migrations=history, ignores=ignores.read(apps))
        skipped = [*snapshot.skipped, *unimported, *beyond, *unread, *unknown, *unlisted, *unloaded]
        stages = {"Row counts": counts, "What the rows tell": rows, "How the server is run": server}
        for what, stage in stages.items():
            try:
                snapshot, more = losing.with_reconnect(connection, stage)
            except losing.UNREAD as error:
                more = (Skipped(what, losing.sentence(error)),)
            skipped += more
        return replace(snapshot, skipped=tuple(skipped))


def _database(connection: BaseDatabaseWrapper, apps: Apps) -> Snapshot:
    """What the vendor's reader sees, or the generic one."""
    if connection.vendor == "postgresql":
        named, tables = schemas.named(apps, connection)
        snapshot = postgresql.read(connection, named)
        seen = snapshot.schemas
        return replace(snapshot, schemas=postgresql.hidden(connection, seen, tables)) if seen else snapshot
    return sqlite.read(connection) if connection.vendor == "sqlite" else generic.read(connection)
