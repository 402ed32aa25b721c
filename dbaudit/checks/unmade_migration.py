from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from dbaudit.facts import Change, Location, Model, Skipped, Snapshot
from dbaudit.facts.snapshot import NAMED
from dbaudit.findings import EditModel, Evidence, Finding, Remedy, Severity
from dbaudit.findings.commands import manage
from dbaudit.registry import check


@check(severity="warning", needs=["schema", "models"])
def unmade_migration(snapshot: Snapshot) -> Iterator[Finding | Skipped]:
    """Models were changed and no migration was made.

    Why: No database gets the change, neither this one nor that of the tests. Queries ask for columns that are not
    there, and a constraint that was taken out of the model is enforced for ever. The next person who runs
    makemigrations for something else finds it in their migration.

    Fix: ``manage.py makemigrations``, and ``makemigrations --check`` in continuous integration.

    Silent when: Django's autodetector sees no change; the application has no migrations, or the router keeps it on
    another database; the application is a package's and only Python would learn of it. It is a remark where only
    Python would learn of it in the project's own (``verbose_name``, ``choices``, managers), and where a package's
    tables would change: that comes from a setting of the project, usually ``DEFAULT_AUTO_FIELD``. Where the models
    or migrations cannot be loaded, that is named as not examined.
    """
    history = snapshot.migrations
    if history is None or history.changes is None:
        yield Skipped("unmade_migration", "Django's autodetector could not be asked.")
        return
    for app, changes in groupby(sorted(history.changes, key=lambda one: one.app), key=lambda one: one.app):
        finding = _finding(snapshot, app, tuple(changes))
        if finding.owner == "project" or finding.group:
            yield finding


def _finding(snapshot: Snapshot, app: str, changes: tuple[Change, ...]) -> Finding:
    stored = [one for one in changes if one.stored]
    first = next(iter(stored), changes[0])
    own = [model for model in snapshot.models if model.app == app]
    model = next((one for one in own if one.label == first.model), None)
    owner = own[0].owner if own else "project"
    told = [one.words for one in (stored or changes)]
    more = f" and {len(told) - NAMED} more" if len(told) > NAMED else ""
    touches = "" if stored else " None of it changes the database."
    return Finding(
        subject=f"Models of {app} were changed and no migration was made",
        detail=f"makemigrations would write: {'; '.join(told[:NAMED])}{more}.{touches}",
        identity=(app,),
        severity=Severity.DEFAULT if stored and owner == "project" else Severity.INFO,
        owner=owner,
        app=app,
        model=first.model,
        location=_location(model, first),
        group=f"Models of {app} were changed and no migration was made" if stored else "",
        evidence=tuple(Evidence("operation", one.words, source="MigrationAutodetector") for one in changes),
        remedy=Remedy(
            action=EditModel(model=first.model, change="make the migration that is missing, and apply it"),
            orm=_commands(snapshot, app)
            if owner == "project"
            else f"{app} is a package: set default_auto_field in a subclass of its AppConfig (or DEFAULT_AUTO_FIELD) "
            "to what its migrations have, or name a module of your own for it in MIGRATION_MODULES.",
        ),
    )


def _commands(snapshot: Snapshot, app: str) -> str:
    return f"{manage('makemigrations', app)}\n{manage('migrate', app, '--database', snapshot.alias)}"


def _location(model: Model | None, change: Change) -> Location | None:
    if model is None:
        return None
    return next((field.location for field in model.fields if field.name in change.names), None) or model.location
