"""The files that a run wrote, taken back: models as they were, migrations gone, nothing recorded of them."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from django.db import Error
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from dbaudit import places
from dbaudit.apply.edited import Edited
from dbaudit.codemods.changed import Changed, read
from dbaudit.connection.reasons import reason
from dbaudit.errors import AuditError

Name = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Return:
    """What leads back: the files that change, migrations before models, and those of the migrations that this database
    has recorded as applied."""

    files: tuple[Changed, ...] = ()
    recorded: tuple[Name, ...] = ()


def files(edits: Iterable[Edited]) -> tuple[Changed, ...]:
    """The changes that take the files back. What is as it was before already needs none.

    Raises:
        AuditError: a file has changed since, or cannot be read.
    """
    now: dict[Path, str | None] = {}
    then: dict[Path, str | None] = {}
    migrations: dict[Path, str] = {}
    for one in reversed(tuple(edits)):
        path = places.located(one.path)
        try:
            if path not in now:
                now[path] = then[path] = read(path)
            then[path] = one.taken_back(then[path])
        except OSError as error:
            raise AuditError(f"Cannot read {one.path!r}: {error.strerror}.") from error
        except ValueError as error:
            raise AuditError(
                f"{one.path} has changed since the run, so nothing was taken back: take the indexes out of the models "
                "by hand, then run `manage.py makemigrations` and `migrate`."
            ) from error
        migrations[path] = one.migration
    changed = (Changed(path, now[path], then[path], migrations[path]) for path in now if now[path] != then[path])
    return tuple(sorted(changed, key=lambda one: (not one.migration, str(one.path))))


def judged(edits: Iterable[Edited], connection: BaseDatabaseWrapper) -> Return:
    """What takes the files back, with what the database has recorded of them.

    Raises:
        AuditError: a file has changed since, or a later migration builds on one of them.
    """
    edits = tuple(edits)
    names = tuple(_name(one.migration) for one in edits if one.migration)
    changed = files(edits)
    _refuse_followed(names)
    try:
        applied = MigrationRecorder(connection).applied_migrations() if names else {}
    except Error as error:
        raise AuditError(f"Cannot read which migrations are applied: {reason(error)}") from error
    return Return(files=changed, recorded=tuple(one for one in names if one in applied))


def refuse_applied(back: Return, other: BaseDatabaseWrapper) -> None:
    """Raise `AuditError` where another database has applied one of the migrations that go, `django.db.Error` where it
    does not tell."""
    applied = MigrationRecorder(other).applied_migrations()
    for app, name in (_name(one.migration) for one in back.files if one.migration):
        if (app, name) in applied:
            raise AuditError(
                f"The migration {app}.{name} is applied on database {other.alias!r}, too, so nothing was taken back: "
                f"first migrate that one back, by "
                f"`manage.py migrate {app} PREVIOUS --database {shlex.quote(other.alias)}`."
            )


def forget(back: Return, connection: BaseDatabaseWrapper) -> None:
    """Take the migrations out of ``django_migrations``. Raises `AuditError` where the database refuses."""
    recorder = MigrationRecorder(connection)
    try:
        for app, name in back.recorded:
            recorder.record_unapplied(app, name)
    except Error as error:
        raise AuditError(f"Cannot take a migration out of django_migrations: {reason(error)}") from error


def _refuse_followed(names: tuple[Name, ...]) -> None:
    loader = MigrationLoader(None) if names else None
    for migration in loader.disk_migrations.values() if loader else ():
        own = (migration.app_label, migration.name)
        needed = {(app, name) for app, name in (*migration.dependencies, *migration.replaces)}
        for app, name in names:
            if own not in names and (app, name) in needed:
                raise AuditError(
                    f"The migration {own[0]}.{own[1]} builds on {app}.{name}, so nothing was taken back: take that one "
                    "back first, or the indexes out of the models by hand, then run `manage.py makemigrations` and "
                    "`migrate`."
                )


def _name(migration: str) -> Name:
    app, _, name = migration.partition(".")
    return app, name
