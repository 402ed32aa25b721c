"""Which checks an audit runs, and what it says of the others."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace

from dbaudit import conf
from dbaudit.errors import AuditError, nearest
from dbaudit.facts import Skipped, Snapshot
from dbaudit.findings import Rule
from dbaudit.registry import Check, identified


def selected(
    known: tuple[Check, ...], settings: conf.Settings, asked: Collection[str], skip: Collection[str]
) -> tuple[Check, ...]:
    """The checks to run: those asked for by id, otherwise all that run unasked or are enabled in the settings.

    Raises `AuditError` for an id that no check has.
    """
    ids = {check.id for check in known}

    def meant(names: Iterable[str]) -> set[str]:
        found = {identified(name, ids) for name in names}
        verified("check", found, ids)
        return found

    wanted, unwanted = meant(asked), meant(skip)
    if wanted:
        return tuple(check for check in known if check.id in wanted - unwanted)
    unwanted |= meant(settings.skip)
    enabled = meant(settings.enable)
    return tuple(check for check in known if (check.enabled or check.id in enabled) and check.id not in unwanted)


def not_run(known: tuple[Check, ...], selected: tuple[Check, ...]) -> tuple[Skipped, ...]:
    """What is said of the checks that do not run."""
    return tuple(
        Skipped(
            check.id,
            "Not asked for." if check.enabled else "Off unless enabled by DBAUDIT['ENABLE'] or --check.",
            "check",
        )
        for check in known
        if check not in selected
    )


def rule(check: Check) -> Rule:
    """What a report tells of a check."""
    return Rule(
        id=check.id,
        title=check.title,
        why=check.why,
        fix=check.fix,
        silent_when=check.silent_when,
        severity=check.severity,
        needs=tuple(check.needs),
    )


def verified(what: str, given: Iterable[str], valid: Iterable[str]) -> None:
    """Refuse a name that does not exist, with the nearest one that does."""
    names = set(valid)
    for name in given:
        if name not in names:
            raise AuditError(f"Unknown {what} {name!r}. {nearest(name, names)}")


def restricted(snapshot: Snapshot, labels: tuple[str, ...]) -> Snapshot:
    """Only these applications' tables and models, where any are named."""
    if not labels:
        return snapshot
    return replace(
        snapshot,
        tables=tuple(table for table in snapshot.tables if table.ownership.app in labels),
        models=tuple(model for model in snapshot.models if model.app in labels),
        migrations=snapshot.migrations.of(labels) if snapshot.migrations else None,
        skipped=(
            *snapshot.skipped,
            Skipped("Other applications", f"The audit was asked for {', '.join(labels)} only."),
        ),
    )
