"""The edited files, tried before anything is written: a second process loads them in place of those on disk.

It asks Django's autodetector what ``makemigrations`` would still write once the files and their migrations are there.
That must be what it would write today: nothing, in a project whose migrations are made.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from importlib.machinery import SourceFileLoader
from typing import Any, Final

from dbaudit.codemods.changed import Changed
from dbaudit.errors import AuditError

#: Seconds after which a project that does not load is given up.
PATIENCE: Final = 120
_MARK: Final = "dbaudit rehearsal: "


def refuse(changed: Iterable[Changed]) -> None:
    """Raise `AuditError` where models and migrations would not agree with these files, or would not load.

    Nothing is said where the settings have no module that a second process could load.
    """
    files = [one for one in changed if one.after is not None]
    if not files or not os.environ.get("DJANGO_SETTINGS_MODULE"):
        return
    then = _run(*_overlay(files))
    # What the project owes its migrations today is not the edits' doing.
    today = _run({}, []) if then else []
    more = [words for words in then if words not in today]
    if more:
        raise AuditError(
            f"With the edited models, makemigrations would still write: {'; '.join(more)}. Nothing was changed."
        )


def _overlay(files: Iterable[Changed]) -> tuple[dict[str, str], list[tuple[str, str]]]:
    """The texts of edited modules by path, and those of new migrations by the app's label."""
    modules: dict[str, str] = {}
    migrations: list[tuple[str, str]] = []
    for file in files:
        if file.migration:
            migrations.append((file.migration.partition(".")[0], file.after or ""))
        else:
            modules[str(file.path)] = file.after or ""
    return modules, migrations


def _run(modules: Mapping[str, str], migrations: Iterable[tuple[str, str]]) -> list[str]:
    asked = json.dumps({"modules": modules, "migrations": [*migrations]})
    try:
        done = subprocess.run(
            [sys.executable, "-m", __name__],
            input=asked,
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "PYTHONDONTWRITEBYTECODE": "1"},
        )
    except subprocess.TimeoutExpired as error:
        raise AuditError(f"The edited models did not load within {PATIENCE} s. Nothing was changed.") from error
    answer = next((line for line in reversed(done.stdout.splitlines()) if line.startswith(_MARK)), "")
    if not answer:
        last = (done.stderr.strip().splitlines() or ["no error was printed"])[-1]
        raise AuditError(f"The edited models do not load: {last}. Nothing was changed.")
    found: list[str] = json.loads(answer.removeprefix(_MARK))
    return found


def _operations(migrations: Iterable[tuple[str, str]]) -> list[str]:
    """In the second process: what makemigrations would write, an operation a line."""
    import django  # noqa: PLC0415 - the overlay must be there before any model is imported
    from django.apps import apps  # noqa: PLC0415
    from django.db.migrations.autodetector import MigrationAutodetector  # noqa: PLC0415
    from django.db.migrations.loader import MigrationLoader  # noqa: PLC0415
    from django.db.migrations.state import ProjectState  # noqa: PLC0415

    django.setup()
    loader = MigrationLoader(None)
    state = loader.project_state()
    for app, text in migrations:
        names: dict[str, Any] = {}
        exec(compile(text, f"new migration of {app}", "exec"), names)  # noqa: S102 - the text that will be the file
        for operation in names["Migration"].operations:
            operation.state_forwards(app, state)
    changes = MigrationAutodetector(state, ProjectState.from_apps(apps)).changes(loader.graph)
    return sorted(
        f"{app}: {operation.describe()}"
        for app, found in changes.items()
        for migration in found
        for operation in migration.operations
    )


class _Overlay:
    """Reads these files' texts from memory, and never their compiled form."""

    def __init__(self, modules: Mapping[str, str]) -> None:
        self.modules = {path: text.encode() for path, text in modules.items()}

    def install(self) -> None:
        """From now on every import reads through it."""
        read, stats = SourceFileLoader.get_data, SourceFileLoader.path_stats
        modules = self.modules

        def get_data(loader: SourceFileLoader, path: str) -> bytes:
            found = modules.get(path)
            return read(loader, path) if found is None else found

        def path_stats(loader: SourceFileLoader, path: str) -> Mapping[str, Any]:
            if path in modules:
                raise OSError(path)  # so that no compiled file is taken
            return stats(loader, path)

        SourceFileLoader.get_data = get_data  # type: ignore[assignment, method-assign]
        SourceFileLoader.path_stats = path_stats  # type: ignore[assignment, method-assign]


if __name__ == "__main__":
    given = json.load(sys.stdin)
    _Overlay(given["modules"]).install()
    sys.stdout.write(f"\n{_MARK}{json.dumps(_operations(given['migrations']))}\n")
