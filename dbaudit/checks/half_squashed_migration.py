from __future__ import annotations

from collections.abc import Iterator

from dbaudit.facts import HalfSquashed, Skipped, Snapshot
from dbaudit.findings import Evidence, Finding, Remedy, RunSql
from dbaudit.findings.commands import manage
from dbaudit.registry import check


@check(severity="error", needs=["schema", "models"])
def half_squashed_migration(snapshot: Snapshot) -> Iterator[Finding | Skipped]:
    """A squashed migration is half applied, and its originals are gone from the code.

    Why: Some of the migrations that it replaces ran here, others did not and were deleted. Django can run neither: it
    leaves the squashed one out because part of it ran, and ``migrate`` ends with a NodeNotFoundError as soon as
    another migration depends on it.

    Fix: Bring the deleted files back from version control, run ``migrate`` here, and delete them again once every
    database has all of them.

    Silent when: All or none of the originals are on record; those that did not run are still in the code, so that
    ``migrate`` runs them; the squashed migration itself is on record; the router keeps the application on another
    database.
    """
    if snapshot.migrations is None:
        yield Skipped("half_squashed_migration", "The migrations or the record of those applied were not read.")
        return
    for one in snapshot.migrations.half_squashed:
        yield _finding(snapshot, one)


def _finding(snapshot: Snapshot, squashed: HalfSquashed) -> Finding:
    migration = squashed.migration
    own = next((model for model in snapshot.models if model.app == migration.app), None)
    gone = ", ".join(map(str, squashed.gone))
    return Finding(
        subject=f"Migration {migration} can neither be run nor counted as applied",
        detail=f"It stands for {len(squashed.applied)} migrations that ran here and for {gone}, which did not run "
        "and are gone from the code.",
        identity=(str(migration),),
        owner=own.owner if own else "project",
        app=migration.app,
        evidence=(
            *(Evidence("applied", str(one), source="django_migrations") for one in squashed.applied),
            *(Evidence("not applied and gone", str(one), source="MigrationLoader") for one in squashed.gone),
        ),
        remedy=Remedy(
            action=RunSql(purpose="Run the originals that did not run here, once their files are back."),
            orm=f"Bring back the files of {gone}, then: "
            + manage("migrate", migration.app, "--database", snapshot.alias),
        ),
    )
