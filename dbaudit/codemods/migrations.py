"""The migrations that belong to the edits: what they change in Django's state, and nothing else that models want."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.apps.registry import Apps
from django.db import migrations
from django.db.migrations.autodetector import MigrationAutodetector
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations import AddIndex, RemoveIndex
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState
from django.db.migrations.writer import MigrationWriter
from django.db.models import Index
from django.db.models.options import normalize_together

from dbaudit.codemods.edits import AddToMeta, Edit, Foreign, NoIndexOfField, RemoveFromMeta
from dbaudit.errors import AuditError
from dbaudit.operations import EnsureIndex, EnsureNoIndex
from dbaudit.sql.entry import Entry


@dataclass(frozen=True, slots=True)
class Written:
    """A new file. ``text`` is what it is to hold, ``migration`` the migration's name (``shop.0002_more``)."""

    path: Path
    text: str
    migration: str


def check(labels: Iterable[str], apps: Apps) -> None:
    """Raise `AuditError` where one of these applications cannot take a migration: it has none, or several last ones."""
    loader = _loader(apps)
    for app in sorted(labels):
        if app not in loader.migrated_apps:
            raise AuditError(f"The application {app} has no migrations; run `manage.py makemigrations {app}` first.")


def written(edits: Iterable[Edit], apps: Apps) -> tuple[Written, ...]:
    """A migration for each application whose models are edited, after its last one.

    Raises:
        AuditError: an application has no migrations, or several last ones.
    """
    loader = _loader(apps)
    by_app: defaultdict[str, list[Edit]] = defaultdict(list)
    for edit in edits:
        by_app[apps.get_model(edit.model)._meta.app_label].append(edit)
    found = []
    check(by_app, apps)
    for app in sorted(by_app):
        before = _normalized(loader.project_state())
        after = before.clone()
        for edit in by_app[app]:
            _change(after, apps, edit)
        changes = MigrationAutodetector(before, after).changes(loader.graph, trim_to_apps={app}, convert_apps=None)
        found += [_file(each, _ensuring) for each in changes.get(app, ())]
    return tuple(found)


def foreign(wanted: Iterable[Foreign], into: str, apps: Apps, before: Iterable[Written] = ()) -> tuple[Written, ...]:
    """A migration of the application ``into`` that builds indexes of models which are not the project's. It comes after
    those of ``before``, which are yet to be written.

    Their own state stays as it is: no file of a third party is touched, and none of its migrations is contradicted.

    Raises:
        AuditError: there is no such application, or it has no migrations.
    """
    wanted = tuple(wanted)
    if not wanted:
        return ()
    check([into], apps)
    loader = _loader(apps)
    (leaf,) = loader.graph.leaf_nodes(into)
    for new in before:
        app, _, name = new.migration.partition(".")
        leaf = (app, name) if app == into else leaf
    operations: list[Operation] = []
    after: dict[tuple[str, str], None] = {leaf: None}
    for one in wanted:
        label, model = one.model.split(".")
        for node in loader.graph.leaf_nodes(label):
            after[node] = None
        operations.append(EnsureIndex(model_name=model.lower(), index=_index(one.entry), app_label=label))
    number = (MigrationAutodetector.parse_number(leaf[1]) or 0) + 1
    made = type(
        "Migration",
        (migrations.Migration,),
        {"operations": operations, "dependencies": [*after], "atomic": False},
    )
    migration = made(f"{number:04}_indexes_of_{'_'.join(sorted({one.model.split('.')[0] for one in wanted}))}", into)
    return (_file(migration, lambda operation: operation),)


def _loader(apps: Apps) -> MigrationLoader:
    loader = MigrationLoader(None)
    for app, names in loader.detect_conflicts().items():
        if apps.is_installed(apps.get_app_config(app).name):
            raise AuditError(
                f"The application {app} has several last migrations ({', '.join(sorted(names))}); "
                "run `manage.py makemigrations --merge` first."
            )
    return loader


def _change(state: ProjectState, apps: Apps, edit: Edit) -> None:
    meta = apps.get_model(edit.model)._meta
    key = meta.app_label, str(meta.model_name)
    if key not in state.models:
        raise AuditError(
            f"No migration of {meta.app_label} creates {edit.model}; run `manage.py makemigrations` first."
        )
    match edit:
        case AddToMeta():
            state.add_index(*key, _index(edit.entry))
        case RemoveFromMeta():
            state.remove_index(*key, _name_in(state, key, edit))
        case NoIndexOfField():
            field = state.models[key].fields[edit.field].clone()
            field.db_index = False
            state.alter_field(*key, edit.field, field, preserve_default=True)


def _name_in(state: ProjectState, key: tuple[str, str], edit: RemoveFromMeta) -> str:
    """What the migrations call the entry: an index that Django names keeps its name when its model is renamed."""
    indexes: list[Index] = state.models[key].options.get("indexes", [])
    named = [index.name for index in indexes if index.name == edit.name]
    plain = [index for index in indexes if index.condition is None and not index.include]
    alike = [index.name for index in plain if [name for name, _ in index.fields_orders] == [*edit.fields]]
    found = next(iter((*named, *alike)), "")
    if not found:
        raise AuditError(
            f"No migration adds {edit.name} to {edit.model}; run `manage.py makemigrations {key[0]}` first."
        )
    return found


def _normalized(state: ProjectState) -> ProjectState:
    """The state with its options as Django's own models have them: old migrations write lists of lists, and the
    autodetector takes those of the newer state as they are."""
    for model in state.models.values():
        for name in ("unique_together", "index_together"):
            if model.options.get(name):
                model.options[name] = {*normalize_together(model.options[name])}
    return state


def _index(entry: Entry) -> Index:
    """The index that the entry makes. It is this program's own text, and the same that goes into the models."""
    names: dict[str, Any] = {}
    for line in ("from django.db import models", *entry.imports):
        exec(line, names)  # noqa: S102 - as the docstring says
    made = eval(entry.code, names)  # noqa: S307 - as above
    assert isinstance(made, Index)  # noqa: S101 - forms write nothing else
    return made


def _ensuring(operation: Operation) -> Operation:
    """The operation that does not mind whether the database is already as it wants it."""
    if isinstance(operation, AddIndex):
        return EnsureIndex(model_name=operation.model_name, index=operation.index)
    if isinstance(operation, RemoveIndex):
        return EnsureNoIndex(model_name=operation.model_name, name=operation.name)
    return operation  # AlterField looks for the indexes that it drops


def _file(migration: Any, replaced: Callable[[Operation], Operation]) -> Written:
    migration.operations = [replaced(one) for one in migration.operations]
    if any(isinstance(one, EnsureIndex | EnsureNoIndex) for one in migration.operations):
        migration.atomic = False
    writer = MigrationWriter(migration, include_header=False)
    text = writer.as_string()
    if not migration.atomic and "    atomic = False\n" not in text:  # Django before 6.1 forgets it
        text = text.replace(
            "class Migration(migrations.Migration):\n",
            "class Migration(migrations.Migration):\n    atomic = False\n",
            1,
        )
    return Written(Path(writer.path), text, f"{migration.app_label}.{migration.name}")
