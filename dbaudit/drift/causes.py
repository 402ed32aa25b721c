"""Why models and database differ, as far as the migrations tell, and so which side is to be changed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from dbaudit.facts import Snapshot, Table


class Why(StrEnum):
    """How a table came to differ from its model."""

    NOT_APPLIED = "not applied"
    NOT_MADE = "not made"
    BY_HAND = "by hand"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Cause:
    """Why, the commands that help, a sentence for the finding, and one for all findings of the same cause."""

    why: Why
    commands: str = ""
    sentence: str = ""
    group: str = ""

    @property
    def by_migration(self) -> bool:
        """Whether migrations will change it, so that nobody should by hand."""
        return self.why in (Why.NOT_APPLIED, Why.NOT_MADE)


def cause(snapshot: Snapshot, table: Table, names: Iterable[str] = ()) -> Cause:
    """Why this table differs from its model in what these names stand for: a field, an index, ``unique_together``.

    No names for something that the database has and no model declares.
    """
    who, history = table.ownership, snapshot.migrations
    if history is None or who.app not in history.apps:
        return Cause(Why.UNKNOWN)
    waiting = [str(one) for one in history.unapplied if one.touches(who.app, who.model)]
    migrate = f"python manage.py migrate {who.app} --database {snapshot.alias}"
    if waiting:
        return Cause(
            Why.NOT_APPLIED,
            migrate,
            f"Not applied here: {', '.join(waiting)}.",
            f"Migrations of {who.app} are not applied here",
        )
    if any((who.model, name) in history.unmade for name in names):
        return Cause(
            Why.NOT_MADE,
            f"python manage.py makemigrations {who.app}\n{migrate}",
            "No migration has it yet.",
            f"Models of {who.app} were changed and no migration was made",
        )
    return Cause(Why.BY_HAND, "", "All migrations are applied, so the database was changed by other means.")
