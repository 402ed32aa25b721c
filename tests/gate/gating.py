"""What the tests of the gate have in common: remedies of their own, tried on a scratch database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.apps.registry import Apps

from dbaudit.findings import Attempt, CreateIndex, Finding, Remedy, RunSql
from dbaudit.gate.passing import Gate

if TYPE_CHECKING:
    from tests.scratch import Scratch

NONE = Apps([])


def attempt(scratch: Scratch, remedy: Remedy, apps: Apps = NONE, **options: Any) -> Attempt:
    """What comes of a remedy on this database, as a finding brings it to the gate."""
    [found] = attempts(scratch, [remedy], apps, **options)
    return found


def attempts(scratch: Scratch, remedies: list[Remedy], apps: Apps = NONE, **options: Any) -> list[Attempt]:
    """What comes of several, in their order."""
    gate = Gate(scratch.connection, scratch.snapshot(apps, **options), apps, lock_timeout_ms=500)
    told = gate.findings(
        Finding(subject="A defect", detail="", identity=(str(number),), remedy=remedy)
        for number, remedy in enumerate(remedies)
    )
    return [found for one in told if (found := one.remedy.attempt)]


def sql(text: str, undo: str = "") -> Remedy:
    """A remedy that is a text of SQL."""
    return Remedy(action=RunSql(purpose="Change it."), sql=text, undo_sql=undo)


def index(table: str, *columns: str, text: str, orm: str = "", name: str = "new_idx", **more: Any) -> Remedy:
    """A remedy that builds an index."""
    return Remedy(action=CreateIndex(table=table, columns=columns, name=name, **more), orm=orm, sql=text)
