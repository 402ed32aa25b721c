from __future__ import annotations

from collections.abc import Iterator

from dbaudit.facts import Migration, Skipped, Snapshot
from dbaudit.findings import Evidence, Finding, Remedy, RunSql
from dbaudit.findings.commands import manage
from dbaudit.registry import check


@check(severity="warning", needs=["schema", "models"])
def unapplied_migration(snapshot: Snapshot) -> Iterator[Finding | Skipped]:
    """A migration is in the code and was not applied to this database.

    Why: The code that runs expects what the migration makes. Until it is applied queries fail on columns and tables
    that are not there, and whatever else is found on its tables may have no other cause.

    Fix: Run ``manage.py migrate``. Where its changes are in the database already, record it with ``migrate --fake``.

    Silent when: It is recorded, or squashed into one that is; the router keeps the application on another database.
    """
    if snapshot.migrations is None:
        yield Skipped("unapplied_migration", "The migrations or the record of those applied were not read.")
        return
    for migration in snapshot.migrations.unapplied:
        yield _finding(snapshot, migration, recorded=snapshot.migrations.recorded)


def _finding(snapshot: Snapshot, migration: Migration, *, recorded: bool) -> Finding:
    own = next((model for model in snapshot.models if model.app == migration.app), None)
    changes = "tables of its application" if migration.models is None else ", ".join(sorted(migration.models))
    return Finding(
        subject=f"Migration {migration} is not applied",
        detail=f"It changes {changes}." if changes else "It changes no table.",
        identity=(str(migration),),
        owner=own.owner if own else "project",
        app=migration.app,
        group=f"Migrations of {migration.app} are not applied here"
        if recorded
        else "This database has no record of migrations",
        evidence=(Evidence("recorded", "no", source="django_migrations"),),
        remedy=Remedy(
            action=RunSql(purpose=f"Apply the migrations of {migration.app}."),
            orm=manage("migrate", migration.app, "--database", snapshot.alias),
        ),
    )
