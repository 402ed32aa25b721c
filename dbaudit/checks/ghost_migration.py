from __future__ import annotations

from collections.abc import Iterator

from dbaudit.facts import Migration, Skipped, Snapshot
from dbaudit.findings import Evidence, Finding, Remedy, RunSql, Severity
from dbaudit.findings.commands import manage
from dbaudit.registry import check


@check(severity="warning", needs=["schema", "models"])
def ghost_migration(snapshot: Snapshot) -> Iterator[Finding | Skipped]:
    """A migration was applied to this database and is gone from the code.

    Why: What it did to the schema is still there, and nothing in the code knows of it. It may come from a branch that
    was never merged, or from a migration that was renamed: then the new one will be applied once more.

    Fix: Bring the file back from version control, and take the migration back with ``migrate`` if nobody wants it.
    Where it went on purpose (squashed, its application removed), take it out of the record.

    Silent when: A squashed migration in the code says that it replaces it. Of an application that is no longer
    installed it is a remark, in one group.
    """
    history = snapshot.migrations
    if history is None:
        yield Skipped("ghost_migration", "The migrations or the record of those applied were not read.")
        return
    for migration in history.gone:
        yield _finding(snapshot, migration, installed=migration.app in history.installed)


def _finding(snapshot: Snapshot, migration: Migration, *, installed: bool) -> Finding:
    own = next((model for model in snapshot.models if model.app == migration.app), None)
    record = snapshot.dialect.quote("django_migrations")
    app, name = (text.replace("'", "''") for text in (migration.app, migration.name))
    orm = "Remove its rows from the record once its tables are gone as well."
    if installed:
        orm = f"{manage('migrate', migration.app, '--prune', '--database', snapshot.alias)}  # if it went on purpose"
    return Finding(
        subject=f"Migration {migration} is applied and gone from the code",
        detail="The code has no migration of this name."
        if installed
        else f"No installed application has the label {migration.app}.",
        identity=(str(migration),),
        severity=Severity.DEFAULT if installed else Severity.INFO,
        owner=own.owner if own else "project",
        app=migration.app,
        group="" if installed else f"Migrations of {migration.app}, which is not installed, are on record",
        evidence=(Evidence("recorded", "yes", source="django_migrations"),),
        remedy=Remedy(
            action=RunSql(purpose="Take the migration out of the record, if it went on purpose."),
            orm=orm,
            sql=f"DELETE FROM {record} WHERE app = '{app}' AND name = '{name}';",
            undo_sql=f"INSERT INTO {record} (app, name, applied) VALUES ('{app}', '{name}', CURRENT_TIMESTAMP);",
        ),
    )
