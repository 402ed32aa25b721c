"""Migrations: what the code has, what the database has recorded, and what models declare beyond both."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from django.apps import apps as installed
from django.apps.registry import Apps
from django.db import DatabaseError, router
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations import Migration as DjangoMigration
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations import RenameModel, RunSQL, SeparateDatabaseAndState
from django.db.migrations.operations.base import Operation
from django.db.migrations.operations.models import ModelOperation

from dbaudit.catalog.models import changes, own_sql
from dbaudit.connection.exceptions import describe
from dbaudit.connection.losing import ends
from dbaudit.connection.reasons import reason
from dbaudit.connection.rollback import attempt
from dbaudit.facts import Change, HalfSquashed, Migration, Migrations, Skipped, Snapshot

Key = tuple[str, str]

TABLE: Final = "django_migrations"


def recorded(connection: BaseDatabaseWrapper, snapshot: Snapshot) -> tuple[frozenset[Key] | None, tuple[Skipped, ...]]:
    """The applied migrations as (application, name), in one statement; empty without a table of them, None unread."""
    record = snapshot.reached(TABLE)
    if record is None:
        return frozenset(), ()
    try:
        with attempt(connection), connection.cursor() as cursor:
            cursor.execute(f"SELECT app, name FROM {snapshot.dialect.quote(record.schema, record.name)}")
            return frozenset((app, name) for app, name in cursor.fetchall()), ()
    except DatabaseError as error:
        if ends(connection, error):
            raise
        return None, (Skipped("migrations", reason(error)),)


def read(
    connection: BaseDatabaseWrapper, apps: Apps, snapshot: Snapshot, applied: frozenset[Key] | None
) -> tuple[Migrations | None, tuple[Skipped, ...]]:
    """The migrations of these applications against those applied. Executes nothing and raises nothing.

    None, with the reason, where the record was not read or the migrations cannot be loaded. A registry of models that
    are not installed (in a test) has no migrations.
    """
    labels = {config.label for config in apps.get_app_configs()}
    known = {config.label for config in installed.get_app_configs()}
    if applied is None or not labels & known:
        return None, ()
    try:
        loader = MigrationLoader(None, ignore_no_migrations=True)
        state = loader.project_state()
    except Exception as error:  # noqa: BLE001 - a migration is code of the project, which may raise anything
        return None, (Skipped("migrations", f"They cannot be loaded: {describe(error)}"),)
    here = {label for label in labels if router.allow_migrate(connection.alias, label)}
    on_disk = {key: one for key, one in loader.disk_migrations.items() if key[0] in labels}
    replaced = {key for one in on_disk.values() for key in one.replaces}
    conflicts = {app: names for app, names in loader.detect_conflicts().items() if app in labels}
    changed: tuple[Change, ...] | None = None
    skipped: tuple[Skipped, ...] = ()
    try:
        # An application may leave its models out on purpose; to the autodetector they look deleted.
        loaded = {config.label for config in apps.get_app_configs() if config.models_module is not None}
        changed = changes.changes(apps, loader, state, here & loader.migrated_apps & loaded)
    except Exception as error:  # noqa: BLE001 - the classes of models and fields are the project's own code, too
        skipped = (Skipped("unmade_migration", f"Django's autodetector failed: {describe(error)}"),)
    return Migrations(
        unapplied=tuple(_migration(on_disk[key]) for key in _unapplied(loader, applied) if key[0] in here),
        gone=tuple(
            Migration(app=app, name=name)
            for app, name in sorted(applied - on_disk.keys() - replaced)
            if app in labels or app not in known
        ),
        conflicts=tuple((app, tuple(names)) for app, names in sorted(conflicts.items())),
        changes=changed,
        at_import=frozenset(changes.at_import(apps)),
        own_sql=own_sql.read(on_disk),
        half_squashed=tuple(one for one in _half_squashed(loader, applied) if one.migration.app in here),
        installed=frozenset(labels),
        apps=frozenset(loader.migrated_apps & labels),
        recorded=snapshot.reached(TABLE) is not None,
        latest=tuple(Migration(app=app, name=name) for app, name in sorted(loader.graph.leaf_nodes()) if app in labels),
    ), skipped


def _half_squashed(loader: MigrationLoader, applied: frozenset[Key]) -> Iterator[HalfSquashed]:
    """Squashed migrations that stand for some that ran here and for some that are neither on record nor in the code:
    the loader then takes the squashed one out, and nothing is left in its place."""
    for key in sorted(loader.disk_migrations):
        replaces = _replaced(key, loader.disk_migrations)
        ran = [one for one in replaces if one in applied]
        gone = [one for one in replaces if one not in applied and one not in loader.disk_migrations]
        if key not in applied and ran and gone:
            yield HalfSquashed(
                migration=Migration(app=key[0], name=key[1]),
                applied=tuple(Migration(app=app, name=name) for app, name in ran),
                gone=tuple(Migration(app=app, name=name) for app, name in gone),
            )


def _unapplied(loader: MigrationLoader, applied: frozenset[Key]) -> Iterator[Key]:
    """The migrations that ``migrate`` would run, in its order.

    Without a connection the loader prefers every squashed migration to those that it replaces. It counts as applied
    where these all are, and where only some are, the others are what is left to run.
    """
    plan = dict.fromkeys(key for leaf in loader.graph.leaf_nodes() for key in loader.graph.forwards_plan(leaf))
    for key in plan:
        replaces = _replaced(key, loader.disk_migrations)
        left = [one for one in replaces if one not in applied]
        if key in applied or (replaces and not left):
            continue
        yield from (one for one in left if one in loader.disk_migrations) if len(left) < len(replaces) else (key,)


def _replaced(key: Key, on_disk: Mapping[Key, DjangoMigration]) -> list[Key]:
    """The migrations that a squashed one stands for; those that it replaces may be squashed themselves."""
    found = []
    for one in on_disk[key].replaces if key in on_disk else ():
        found += _replaced(one, on_disk) or [one]
    return found


def _migration(migration: DjangoMigration) -> Migration:
    touched = [_touched(operation, migration.app_label) for operation in migration.operations]
    labels = frozenset(label for one in touched if one is not None for label in one)
    return Migration(app=migration.app_label, name=migration.name, models=None if None in touched else labels)


def _touched(operation: Operation, app: str) -> set[str] | None:
    """The models whose tables an operation changes, by label in lower case; None for SQL, which may change any."""
    if isinstance(operation, RunSQL):
        return None
    if isinstance(operation, SeparateDatabaseAndState):
        parts = [_touched(one, app) for one in (*operation.database_operations, *operation.state_operations)]
        return None if None in parts else {label for part in parts if part for label in part}
    names = [getattr(operation, "model_name", "")]
    if isinstance(operation, ModelOperation):
        names.append(operation.name)
    if isinstance(operation, RenameModel):
        names.append(operation.new_name)
    return {f"{app}.{name}".lower() for name in names if name}
