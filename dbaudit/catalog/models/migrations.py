"""Migrations: what the code has, what the database has recorded, and what models declare beyond both."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from django.apps import apps as installed
from django.apps.registry import Apps
from django.db import DatabaseError, models, router
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations import Migration as DjangoMigration
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations import RenameModel, RunSQL, SeparateDatabaseAndState
from django.db.migrations.operations.base import Operation
from django.db.migrations.operations.models import ModelOperation
from django.db.migrations.state import ModelState, ProjectState

from dbaudit.connection.reasons import reason
from dbaudit.connection.rollback import attempt
from dbaudit.facts import Migration, Migrations, Skipped, Snapshot

Key = tuple[str, str]

TABLE: Final = "django_migrations"
# What of a field a migration would have to change in the database.
_OPTIONS: Final = (
    "null", "unique", "db_index", "primary_key", "max_length", "max_digits", "decimal_places",
    "db_collation", "db_comment", "db_constraint", "db_persist",
)  # fmt: skip


def recorded(connection: BaseDatabaseWrapper, snapshot: Snapshot) -> tuple[frozenset[Key] | None, tuple[Skipped, ...]]:
    """The applied migrations as (application, name), in one statement; empty without a table of them, None unread."""
    if snapshot.table(TABLE) is None:
        return frozenset(), ()
    try:
        with attempt(connection), connection.cursor() as cursor:
            cursor.execute(f"SELECT app, name FROM {snapshot.dialect.quote(TABLE)}")
            return frozenset((app, name) for app, name in cursor.fetchall()), ()
    except DatabaseError as error:
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
        return None, (Skipped("migrations", f"They cannot be loaded: {type(error).__name__}: {error}"),)
    here = {label for label in labels if router.allow_migrate(connection.alias, label)}
    on_disk = {key: one for key, one in loader.disk_migrations.items() if key[0] in labels}
    replaced = {key for one in on_disk.values() for key in one.replaces}
    conflicts = {app: names for app, names in loader.detect_conflicts().items() if app in labels}
    return Migrations(
        unapplied=tuple(_migration(on_disk[key]) for key in _unapplied(loader, applied) if key[0] in here),
        gone=tuple(
            Migration(app=app, name=name)
            for app, name in sorted(applied - on_disk.keys() - replaced)
            if app in labels or app not in known
        ),
        conflicts=tuple((app, tuple(names)) for app, names in sorted(conflicts.items())),
        unmade=frozenset(_unmade(apps, state, loader.migrated_apps)),
        installed=frozenset(labels),
        apps=frozenset(loader.migrated_apps & labels),
        recorded=snapshot.table(TABLE) is not None,
        latest=tuple(Migration(app=app, name=name) for app, name in sorted(loader.graph.leaf_nodes()) if app in labels),
    ), ()


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


def _unmade(apps: Apps, state: ProjectState, migrated: Iterable[str]) -> Iterator[tuple[str, str]]:
    """What models declare and no migration does, by the model's label and the name."""
    migrated = frozenset(migrated)
    for model in apps.get_models():
        meta = model._meta
        made = state.models.get((meta.app_label, str(meta.model_name)))
        if meta.app_label not in migrated or not meta.managed or meta.proxy or made is None:
            continue
        yield from ((meta.label, name) for name in _unmade_of(model, made))


def _unmade_of(model: type[models.Model], made: ModelState) -> Iterator[str]:
    for field in model._meta.local_fields:
        other = made.fields.get(field.name)
        if other is None or _options(field) != _options(other):
            yield field.name
    for option in ("indexes", "constraints"):
        there = {one.name: one for one in made.options.get(option, ())}
        yield from (one.name for one in getattr(model._meta, option) if there.get(one.name) != one)
    if set(model._meta.unique_together) != {tuple(names) for names in made.options.get("unique_together", ())}:
        yield "unique_together"


def _options(field: Any) -> tuple[Any, ...]:
    """What decides a column. A field out of a migration belongs to no model and has no column name yet."""
    column = getattr(field, "db_column", None)
    options = (getattr(field, name, None) for name in _OPTIONS)
    default = field.db_default if field.has_db_default() else None
    return (field.get_internal_type(), column, *options, default, getattr(field, "expression", None))
