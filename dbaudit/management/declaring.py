"""What ``apply-indexes --migrations`` does when the indexes stand: models edited, migrations written, both shown."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterable

from django.apps import apps

from dbaudit.apply.steps import Done
from dbaudit.errors import AuditError
from dbaudit.facts import Snapshot
from dbaudit.report import write

Say = Callable[[str], None]


def check(into: str) -> None:
    """Raise `AuditError` before anything is built where the edits could not be written."""
    if importlib.util.find_spec("libcst") is None:
        raise AuditError("--migrations edits Python files by libcst: pip install 'django-dbaudit[migrations]'.")
    if into and into not in {config.label for config in apps.get_app_configs()}:
        raise AuditError(f"--into-app {into}: no application has that label.")


def declare(snapshot: Snapshot, done: Iterable[Done], into: str, say: Say) -> None:
    """Bring models and migrations level with the database; every changed file is shown as a difference.

    Raises:
        AuditError: an application has no migrations or several last ones, or a file cannot be written.
    """
    from dbaudit.declaring import edits, files, migrations  # noqa: PLC0415 - libcst is an extra

    needed = edits.needed(snapshot, done)
    models = files.models(needed.edits, apps)
    made = [*migrations.written(models.edits, apps)]
    refused = [*needed.refused, *models.refused]
    if into:
        made += migrations.foreign(needed.foreign, into, apps)
    else:
        refused += [
            edits.Refused(
                name=one.model,
                reason="Its model is not the project's to edit; --into-app LABEL puts the migration into one of yours.",
            )
            for one in needed.foreign
        ]
    changed = [*models.files, *(files.Changed(one.path, "", one.text) for one in made)]
    for file in changed:
        say(file.diff())
    for file in changed:
        write.write(file.after, file.path)
    for one in refused:
        say(f"Not written, {one.name}: {one.reason}")
    if needed.foreign and into:
        say(f"Models of other packages are left as they are; the migration in {into} builds their indexes.")
    if changed:
        say(f"{len(changed)} files written. `manage.py migrate` records them, and finds the indexes in place.")
