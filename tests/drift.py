"""All that is said of models and database apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.apps import apps as installed

from dbaudit import checks
from dbaudit.registry import registered

if TYPE_CHECKING:
    from django.apps.registry import Apps

    from dbaudit.facts import Snapshot
    from tests.scratch import Scratch

CHECKS = (
    "changed_column",
    "changed_constraint",
    "changed_foreign_key",
    "changed_index",
    "conflicting_migrations",
    "ghost_migration",
    "half_squashed_migration",
    "missing_column",
    "missing_constraint",
    "missing_index",
    "renamed_constraint",
    "renamed_index",
    "unapplied_migration",
    "unmade_migration",
    "undeclared_column",
    "undeclared_constraint",
    "undeclared_foreign_key",
    "undeclared_index",
)
#: Models of ``isolate_apps`` are not installed, so that no migrations belong to them.
WITHOUT_MIGRATIONS = (
    "conflicting_migrations",
    "ghost_migration",
    "half_squashed_migration",
    "unapplied_migration",
    "unmade_migration",
)


def said_of(scratch: Scratch, apps: Apps) -> list[str]:
    """The keys of all findings, and what could not be compared, in words."""
    return said(scratch.snapshot(apps), without=WITHOUT_MIGRATIONS)


def said(snapshot: Snapshot, *, without: tuple[str, ...] = ()) -> list[str]:
    """The same of what was read already."""
    checks.load(installed)
    outcome = checks.run(snapshot, [one for one in registered() if one.id in CHECKS and one.id not in without])
    assert not outcome.crashed
    return [
        *(one.key for one in outcome.findings),
        *(f"{one.what}: {one.reason}" for one in (*outcome.skipped, *snapshot.skipped)),
    ]
