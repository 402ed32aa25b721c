"""What ``apply-indexes --migrations`` does when the indexes stand: models edited, migrations written, both shown; and
how ``--undo`` takes that back."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from django.apps import apps
from django.db import Error, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from dbaudit import places
from dbaudit.apply import running
from dbaudit.apply.edited import Edited, edited
from dbaudit.apply.journal import Journal
from dbaudit.apply.steps import Done, Step
from dbaudit.codemods import edits, files, migrations, taking_back
from dbaudit.codemods.changed import Changed
from dbaudit.connection.reasons import reason
from dbaudit.errors import AuditError
from dbaudit.facts import Snapshot
from dbaudit.report import write

Say = Callable[[str], None]
_METHOD = re.compile(r"USING (\w+)", re.IGNORECASE)


def check(into: str) -> None:
    """Raise `AuditError` before anything is audited where the edits could not be written."""
    if into and into not in {config.label for config in apps.get_app_configs()}:
        raise AuditError(f"--into-app {into}: no application has that label.")


def foresee(snapshot: Snapshot, steps: Iterable[Step], into: str) -> None:
    """Raise `AuditError` before anything is built where an application of these steps cannot take a migration, or the
    project has not installed what declares one of the indexes."""
    steps = tuple(steps)
    for one in () if apps.is_installed("django.contrib.postgres") else steps:
        method = _METHOD.match(one.definition.body)
        if one.action == "create" and method and method[1] != "btree":
            raise AuditError(
                f"The model would declare {one.definition.name} by an index class of django.contrib.postgres, which is "
                "not in INSTALLED_APPS; put it there first."
            )
    tables = [snapshot.table(one.table, one.schema) for one in steps]
    owners = [one.ownership for one in tables if one is not None]
    labels = {apps.get_model(one.model)._meta.app_label for one in owners if one.owner == "project" and one.model}
    migrations.check({*labels, *filter(None, (into,))}, apps)


def declare(snapshot: Snapshot, done: Iterable[Done], into: str, journal: Journal, say: Say) -> None:
    """Bring models and migrations level with the database; every changed file is shown as a difference.

    Raises:
        AuditError: a file cannot be written; then all of them are as they were.
    """
    needed = edits.needed(snapshot, done)
    models = files.models(needed.edits, apps)
    made = [*migrations.written(models.edits, apps)]
    refused = [*needed.refused, *models.refused]
    if into:
        made += migrations.foreign(needed.foreign, into, apps, made)
    else:
        refused += [
            edits.Refused(
                name=one.model,
                reason="Its model is not the project's to edit; --into-app LABEL puts the migration into one of yours.",
            )
            for one in needed.foreign
        ]
    changed = [*(Changed(one.path, None, one.text, one.migration) for one in made), *models.files]
    for file in reversed(changed):
        say(file.diff())
    write_files(changed, journal)
    for one in refused:
        say(f"Not written, {one.name}: {one.reason}")
    if needed.foreign and into:
        say(f"Models of other packages are left as they are; the migration in {into} builds their indexes.")
    if changed:
        count = f"{len(changed)} file{'' if len(changed) == 1 else 's'}"
        say(f"{count} written. `manage.py migrate` records the migrations, and finds the indexes in place.")


def half_written(batches: Sequence[Iterable[Edited]]) -> tuple[str, ...]:
    """Take the last files back where only some of them were written before the process was killed; their names."""
    last = tuple(batches[-1]) if batches else ()
    try:
        back = taking_back.files(last)
    except AuditError:  # somebody has worked on them since
        return ()
    if len(back) == len(last):
        return ()
    for one in back:
        _put(one)
    return tuple(places.within(one.path) for one in back)


class Files:
    """The files that a run wrote, to be taken back. ``told`` says what will be done, in lines.

    Raises:
        AuditError: one has changed since, or somebody else builds on a migration.
    """

    def __init__(self, edits: Iterable[Edited], connection: BaseDatabaseWrapper) -> None:
        self._edits, self._connection = tuple(edits), connection
        self._back = taking_back.judged(self._edits, connection)
        self.told = [one.diff() for one in self._back.files]
        self.told += [
            f"{app}.{name} is recorded as applied here; that is taken out of django_migrations."
            for app, name in self._back.recorded
        ]
        self.told += self._elsewhere()

    def take_back(self, journal: Journal) -> None:
        """Do it: first the record, then the migrations, then the models, so that they agree at any moment."""
        if not self._edits:
            return
        taking_back.forget(self._back, self._connection)
        for one in self._back.files:
            _put(one)
        journal.files_undone()

    def _elsewhere(self) -> Iterable[str]:
        """Refuse migrations that another database has applied; name those that do not answer."""
        here = running.place(self._connection) if self._back.files else ""
        for alias in connections if self._back.files else ():
            other = connections[alias]
            try:
                if alias != self._connection.alias and running.place(other) != here:
                    taking_back.refuse_applied(self._back, other)
            except Error as error:
                yield f"Whether database {alias!r} has applied the migrations was not seen: {reason(error)}"


def write_files(changed: Iterable[Changed], journal: Journal) -> None:
    """Write the files, the migrations first, or none of them. Raises `AuditError` where one cannot be written."""
    changed = tuple(changed)
    if not changed:
        return
    for one in changed:
        write.check(one.path)
    journal.writing(edited(places.within(one.path), one.before, one.after or "", one.migration) for one in changed)
    written: list[Changed] = []
    try:
        for one in changed:
            _put(one)
            written.append(one)
    except AuditError as error:
        for one in reversed(written):
            _put(Changed(one.path, one.after, one.before))
        raise AuditError(
            f"{error} The indexes stand, models and migrations are as they were; then go on by --resume."
        ) from error


def _put(one: Changed) -> None:
    if one.after is not None:
        write.write(one.after, one.path)
        return
    try:
        one.path.unlink(missing_ok=True)
    except OSError as error:
        raise AuditError(f"Cannot remove {places.within(one.path)!r}: {error.strerror}.") from error
