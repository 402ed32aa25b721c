from __future__ import annotations

from collections.abc import Iterator

from dbaudit.facts import Skipped, Snapshot
from dbaudit.findings import Evidence, Finding, Remedy, RunSql
from dbaudit.findings.commands import manage
from dbaudit.registry import check


@check(severity="error", needs=["schema", "models"])
def conflicting_migrations(snapshot: Snapshot) -> Iterator[Finding | Skipped]:
    """An application has several latest migrations.

    Why: Two branches were merged that each added one. ``migrate`` refuses to run until somebody says in which order
    they belong, which is best not learnt during a deployment.

    Fix: ``manage.py makemigrations --merge``.

    Silent when: Every application has one latest migration, or none.
    """
    history = snapshot.migrations
    if history is None:
        yield Skipped("conflicting_migrations", "The migrations or the record of those applied were not read.")
        return
    for app, names in history.conflicts:
        own = next((model for model in snapshot.models if model.app == app), None)
        yield Finding(
            subject=f"Application {app} has {len(names)} latest migrations",
            detail=f"Nothing says in which order {' and '.join(names)} belong.",
            identity=(app,),
            owner=own.owner if own else "project",
            app=app,
            evidence=tuple(Evidence("latest migration", name, source="MigrationLoader") for name in names),
            remedy=Remedy(
                action=RunSql(purpose="Merge them by a migration that depends on each."),
                orm=manage("makemigrations", "--merge", app),
            ),
        )
