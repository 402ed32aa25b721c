"""What ``makemigrations`` would write: Django's autodetector is asked, in this process, and nothing is written."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any, Final

from django.apps.registry import Apps
from django.db.migrations.autodetector import MigrationAutodetector
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations import (
    AddConstraint,
    AddField,
    AddIndex,
    AlterField,
    AlterUniqueTogether,
    CreateModel,
    DeleteModel,
    RemoveConstraint,
    RemoveField,
    RemoveIndex,
    RenameField,
    RenameIndex,
    RenameModel,
)
from django.db.migrations.operations.base import Operation
from django.db.migrations.questioner import MigrationQuestioner
from django.db.migrations.state import ProjectState

from dbaudit.facts import Change

# What of a field a migration would have to change in the database.
_OPTIONS: Final = (
    "null", "unique", "db_index", "primary_key", "max_length", "max_digits", "decimal_places",
    "db_collation", "db_comment", "db_constraint", "db_persist",
)  # fmt: skip
#: Operations that only change what Python knows.
_STATE_ALONE: Final = ("AlterModelOptions", "AlterModelManagers")


def changes(apps: Apps, loader: MigrationLoader, made: ProjectState, labels: Collection[str]) -> tuple[Change, ...]:
    """The operations that no migration of these applications has, in the order in which they would run.

    The questions that ``makemigrations`` asks (was this field renamed, which default do rows get) are answered as it
    does for a script that cannot answer. Raises whatever a model's class or a migration raises.
    """
    wanted = ProjectState.from_apps(apps)
    detector = MigrationAutodetector(made, wanted, MigrationQuestioner(specified_apps=set(), dry_run=True))
    found = detector.changes(graph=loader.graph, trim_to_apps=None, convert_apps=None)
    names = {(model._meta.app_label, str(model._meta.model_name)): model._meta.label for model in apps.get_models()}
    return tuple(
        _change(operation, app, names, made, wanted)
        for app in sorted(found)
        if app in labels
        for migration in found[app]
        for operation in migration.operations
    )


def at_import(apps: Apps) -> Iterator[tuple[str, str]]:
    """Indexes and constraints that are put on a model while it is imported and that the autodetector does not see,
    because no ``Meta`` of the model has them: by the model's label and the name."""
    for model in apps.get_models():
        for option in ("indexes", "constraints"):
            if option not in model._meta.original_attrs:
                yield from ((model._meta.label, one.name) for one in getattr(model._meta, option))


def _change(
    operation: Operation, app: str, names: dict[tuple[str, str], str], made: ProjectState, wanted: ProjectState
) -> Change:
    name = str(getattr(operation, "model_name", "") or getattr(operation, "name", ""))
    return Change(
        app=app,
        model=names.get((app, name.lower()), f"{app}.{name}" if name else ""),
        names=tuple(dict.fromkeys(_names(operation, app, name.lower(), made))),
        words=operation.describe(),
        stored=_stored(operation, app, name.lower(), made, wanted),
    )


def _names(operation: Operation, app: str, model: str, made: ProjectState) -> Iterator[str]:
    """What the operation is about: fields, indexes and constraints by name, the columns of a field that goes."""
    match operation:
        case RemoveField():
            field = _field(made, app, model, operation.name)
            yield from filter(None, (operation.name, f"{operation.name}_id", getattr(field, "db_column", None)))
        case AddField() | AlterField():
            yield operation.name
        case RenameField() | RenameIndex():
            yield from filter(None, (operation.old_name, operation.new_name))
        case AddIndex():
            yield operation.index.name
        case AddConstraint():
            yield operation.constraint.name
        case RemoveIndex() | RemoveConstraint():
            yield operation.name
        case AlterUniqueTogether():
            yield "unique_together"


def _stored(operation: Operation, app: str, model: str, made: ProjectState, wanted: ProjectState) -> bool:
    """Whether the database would change, and not only what Python knows."""
    if isinstance(operation, AlterField):
        before = _field(made, app, model, operation.name)
        after = _field(wanted, app, model, operation.name)
        return before is None or after is None or _options(before) != _options(after)
    if isinstance(operation, CreateModel | DeleteModel):
        return bool(operation.name) and _has_table(operation, app, made)
    return isinstance(operation, RenameModel) or type(operation).__name__ not in _STATE_ALONE


def _has_table(operation: CreateModel | DeleteModel, app: str, made: ProjectState) -> bool:
    options = operation.options if isinstance(operation, CreateModel) else None
    if options is None:
        before = made.models.get((app, operation.name.lower()))
        options = before.options if before else {}
    return not options.get("proxy") and options.get("managed", True) is not False


def _field(state: ProjectState, app: str, model: str, name: str) -> Any:
    found = state.models.get((app, model))
    return found.fields.get(name) if found else None


def _options(field: Any) -> tuple[Any, ...]:
    """What decides a column. A field out of a migration belongs to no model and has no column name yet."""
    default = field.db_default if field.has_db_default() else None
    options = (getattr(field, name, None) for name in ("db_column", *_OPTIONS))
    return (field.get_internal_type(), *options, default, getattr(field, "expression", None), _action(field))


def _action(field: Any) -> str:
    """What a foreign key asks the database to do when its parent goes (Django 6.1), else nothing."""
    name = getattr(getattr(field.remote_field, "on_delete", None), "__name__", "")
    return name if name.startswith("DB_") else ""
