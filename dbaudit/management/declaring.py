"""What ``apply-indexes --migrations`` does when the indexes stand: models edited, migrations written, both shown; and
how ``--undo`` takes that back."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from django.apps import apps
from django.db import Error, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from dbaudit import places
from dbaudit.apply import running
from dbaudit.apply.edited import Edited, edited
from dbaudit.apply.foreseen import foreseen, succeeded
from dbaudit.apply.journal import Journal
from dbaudit.apply.narrowing import without
from dbaudit.apply.steps import Done, Plan, Step
from dbaudit.codemods import edits, files, migrations, rehearsal, style, taking_back
from dbaudit.codemods.changed import Changed
from dbaudit.connection.reasons import reason
from dbaudit.errors import AuditError
from dbaudit.facts import Snapshot
from dbaudit.report import write

Say = Callable[[str], None]
NOT_OURS = "Its model is not the project's to edit; --into-app LABEL puts the migration into one of yours."
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """The files that bring models and migrations level, the migrations first, and the indexes for which there are
    none, each with the reason. ``foreign`` says that models of other packages are among those with a migration."""

    files: tuple[Changed, ...] = ()
    refused: tuple[edits.Refused, ...] = ()
    foreign: bool = False

    @property
    def diffs(self) -> tuple[str, ...]:
        """Every file as a difference, models first."""
        return tuple(file.diff() for file in reversed(self.files))


def agreed(snapshot: Snapshot, made: Plan, into: str) -> tuple[Plan, Paper]:
    """The plan without the steps whose model cannot be edited, and the files of the others. Nothing is written.

    Raises:
        AuditError: migrations cannot be worked out, or models and migrations would not agree with the files.
    """
    while True:
        paper = worked_out(foreseen(snapshot, made.steps), succeeded(made.steps), into)
        refused = {one.name: one.reason for one in paper.refused}
        reasons = {
            step.number: f"Not with --migrations: {refused[step.definition.name]}"
            for step in made.steps
            if step.definition.name in refused
        }
        kept = without(made, reasons)
        if len(kept.steps) == len(made.steps):
            rehearse(paper)
            return made, paper
        made = kept


def rehearse(paper: Paper) -> None:
    """Raise `AuditError` where the edited models do not load, or do not agree with the migrations."""
    rehearsal.refuse(paper.files)


def worked_out(snapshot: Snapshot, done: Iterable[Done], into: str) -> Paper:
    """What models and migrations lack after these steps, by a snapshot of the database as it is after them.

    Raises:
        AuditError: an application has no migrations, several last ones, or some that cannot be used.
    """
    needed = edits.needed(snapshot, (one for one in done if not one.step.completes))
    models = files.models(needed.edits, apps)
    refused = [*needed.refused, *models.refused]
    try:
        made = [*migrations.written(models.edits, apps)]
        made += migrations.foreign(needed.foreign, into, apps, made) if into else ()
    except AuditError:
        raise
    except Exception as error:  # what the project's own migrations raise
        raise AuditError(
            f"The migrations cannot be worked out: {type(error).__name__}: {error}. Nothing was changed."
        ) from error
    if not into:
        refused += [edits.Refused(name=one.name, reason=NOT_OURS) for one in needed.foreign]
    new = (Changed(one.path, None, one.text, one.migration) for one in made)
    return Paper(
        files=tuple(style.formatted(file) for file in (*new, *models.files)),
        refused=tuple(refused),
        foreign=bool(needed.foreign and into),
    )


def declare(paper: Paper, into: str, journal: Journal, say: Say) -> None:
    """Write the files, which were shown before.

    Raises:
        AuditError: a file cannot be written; then all of them are as they were.
    """
    write_files(paper.files, journal)
    for one in paper.refused:
        say(f"Not written, {one.name}: {one.reason}")
    if paper.foreign:
        say(f"Models of other packages are left as they are; the migration in {into} builds their indexes.")
    if paper.files:
        count = f"{len(paper.files)} file{'' if len(paper.files) == 1 else 's'}"
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
        put(one)
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
            put(one)
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
            put(one)
            written.append(one)
    except AuditError as error:
        for one in reversed(written):
            put(Changed(one.path, one.after, one.before))
        raise AuditError(
            f"{error} The indexes stand, models and migrations are as they were; then go on by --resume."
        ) from error


def put(one: Changed) -> None:
    """Let the file be as it is afterwards. Raises `AuditError` where it cannot be written or removed."""
    if one.after is not None:
        write.write(one.after, one.path)
        return
    try:
        one.path.unlink(missing_ok=True)
    except OSError as error:
        raise AuditError(f"Cannot remove {places.within(one.path)!r}: {error.strerror}.") from error
