"""``apply-indexes --pull-request``: model edits, migrations and a description of them; no database is changed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from django.apps import apps
from django.core.management.base import BaseCommand
from django.db.migrations.loader import MigrationLoader

from dbaudit import places
from dbaudit.apply.narrowing import without
from dbaudit.apply.steps import Plan
from dbaudit.codemods.changed import Changed
from dbaudit.errors import AuditError
from dbaudit.facts import Snapshot
from dbaudit.management import declaring
from dbaudit.management.printing import printed
from dbaudit.management.telling import Teller
from dbaudit.report import pull_request, write

#: Options that say how a database is changed.
DEEDS: Final = ("resume", "undo", "window", "max_load", "max_active", "max_lag", "max_wait", "min_free", "journal")
UNDECLARED: Final = "No migration completes an index; run apply-indexes, which does."


def refuse(options: dict[str, Any]) -> None:
    """Raise `AuditError` for options that say nothing beside ``--pull-request``, or nothing without it."""
    if not options["pull_request"]:
        if options["output"]:
            raise AuditError("--output is where --pull-request writes its description; add that, or leave it out.")
        return
    for name in DEEDS:
        if options[name] not in (None, False):
            option = f"--{name.replace('_', '-')}"
            raise AuditError(f"{option} says nothing beside --pull-request, which changes no database.")
    if options["format"] != "text":
        raise AuditError("--format says nothing beside --pull-request, which writes Markdown.")
    if options["output"]:
        write.check(options["output"])


def make(command: BaseCommand, options: dict[str, Any], snapshot: Snapshot, made: Plan, teller: Teller) -> None:
    """Write the files and the description; with ``--dry-run`` show both and write nothing.

    Raises:
        AuditError: the edits cannot be worked out, or a file cannot be written; then none was.
    """
    into = str(options["into_app"])
    made = without(made, {step.number: UNDECLARED for step in made.steps if step.completes})
    declaring.foresee(snapshot, made.steps, into)
    made, paper = declaring.agreed(snapshot, made, into)
    before = {app: name for app, name in MigrationLoader(None).graph.leaf_nodes() if app in _labels()}
    names = [places.within(file.path) for file in paper.files]
    told = pull_request.describe(made, names, before, (file.migration for file in paper.files if file.migration))
    if options["dry_run"]:
        printed(command, told, ending="")
        for diff in paper.diffs:
            printed(command, diff)
        return
    _write(paper.files)
    if options["output"]:
        write.write(told, options["output"])
        teller.tell(f"Description written to {options['output']}")
    else:
        printed(command, told, ending="")
    for name in names:
        teller.tell(f"Written: {name}")


def _labels() -> set[str]:
    return {config.label for config in apps.get_app_configs()}


def _write(files: Iterable[Changed]) -> None:
    """All of the files or none."""
    files = tuple(files)
    for file in files:
        write.check(file.path)
    written: list[Changed] = []
    try:
        for file in files:
            declaring.put(file)
            written.append(file)
    except AuditError:
        for file in reversed(written):
            declaring.put(Changed(file.path, file.after, file.before))
        raise
