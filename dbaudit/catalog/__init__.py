"""Reading: a database and the app registry go in, one `Snapshot` comes out, in a constant number of statements."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import date

from django.apps.registry import Apps
from django.db.backends.base.base import BaseDatabaseWrapper

from dbaudit.catalog.database import generic, postgresql, sqlite
from dbaudit.catalog.models import expected, ignores, intent, limits, listings, migrations, owners, schemas
from dbaudit.catalog.rows import counting, data, positions
from dbaudit.catalog.server import posture
from dbaudit.connection.opening import connect
from dbaudit.connection.own_statements import marked
from dbaudit.connection.read_only import read_only
from dbaudit.facts import Snapshot


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
    with marked(connection):
        connect(connection)
        timeouts = {"statement_timeout_ms": statement_timeout_ms, "lock_timeout_ms": lock_timeout_ms}
        with read_only(connection, **timeouts):
            snapshot = _database(connection, apps)
            applied, unread = migrations.recorded(connection, snapshot)
            deterministic = expected.collations(connection, apps)
        snapshot = owners.assign(snapshot, owners.read_models(apps, connection), connection)
        snapshot, beyond = schemas.reachable(snapshot)
        snapshot = intent.read(snapshot, apps, connection)
        snapshot = limits.read(snapshot, apps, connection)
        snapshot, unlisted = listings.read(snapshot, apps, connection)
        declared, unknown = expected.read(connection, apps, snapshot.models, deterministic)
        history, unloaded = migrations.read(connection, apps, snapshot, applied)
        with read_only(connection, **timeouts):
            tables, skipped = counting.count(
                connection, snapshot.tables, limit_bytes=count_limit_bytes, exact=exact_counts
            )
        snapshot = replace(snapshot, tables=tables, expected=declared)
        with read_only(connection, **timeouts):
            snapshot, unplaced = positions.read(connection, snapshot)
            values, untold = data.read(
                connection, snapshot, limit_bytes=count_limit_bytes, unlimited=read_data, checks=data_for
            )
        found, unseen = posture.read(connection, **timeouts, today=today)
        return replace(
            snapshot,
            data=values,
            migrations=history,
            posture=found,
            ignores=ignores.read(apps),
            skipped=(
                *snapshot.skipped,
                *beyond,
                *unread,
                *unknown,
                *unlisted,
                *unloaded,
                *skipped,
                *unplaced,
                *untold,
                *unseen,
            ),
        )


def _database(connection: BaseDatabaseWrapper, apps: Apps) -> Snapshot:
    """What the vendor's reader sees, or the generic one."""
    if connection.vendor == "postgresql":
        named, tables = schemas.named(apps, connection)
        snapshot = postgresql.read(connection, named)
        seen = snapshot.schemas
        return replace(snapshot, schemas=postgresql.hidden(connection, seen, tables)) if seen else snapshot
    return sqlite.read(connection) if connection.vendor == "sqlite" else generic.read(connection)
