"""What models and migrations say a database should be."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Literal

from dbaudit.facts.ownership import Location


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """Where a model asks for an index or a constraint.

    ``by`` is the place in the model: a field's own option, ``unique_together``, ``indexes`` or ``constraints`` of its
    Meta. ``fields`` are the names of the fields, none for expressions. ``sql`` is the statement by which Django would
    make it alone, ``""`` where it only comes with its table.
    """

    model: str
    by: Literal["field", "unique_together", "indexes", "constraints"]
    fields: tuple[str, ...] = ()
    sql: str = ""
    location: Location | None = None

    @property
    def by_name(self) -> bool:
        """Whether a later migration finds it by its name, and not by its columns."""
        return self.by in ("indexes", "constraints")


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """A migration. ``models`` are the labels of the models whose tables it changes, None where SQL or Python of its
    own may change any of the application."""

    app: str
    name: str
    models: frozenset[str] | None = frozenset()

    def __str__(self) -> str:
        return f"{self.app}.{self.name}"

    def touches(self, app: str, model: str) -> bool:
        """Whether it may change this model's table."""
        return app == self.app if self.models is None else model.lower() in self.models


@dataclass(frozen=True, slots=True, kw_only=True)
class Migrations:
    """What the code has and what the database has recorded.

    ``unapplied`` are in the code alone, in the order in which they would run; ``gone`` are recorded alone;
    ``conflicts`` are applications with several latest migrations, and those. ``unmade`` names what models declare and
    no migration does: (model, name of the field, index or constraint, or ``unique_together``). ``latest`` are those
    of the code that no other one of their application follows. ``installed`` are the
    labels of all applications, ``apps`` of those that have migrations. ``recorded`` is False where the database keeps
    no record at all.
    """

    unapplied: tuple[Migration, ...] = ()
    gone: tuple[Migration, ...] = ()
    conflicts: tuple[tuple[str, tuple[str, ...]], ...] = ()
    unmade: frozenset[tuple[str, str]] = frozenset()
    installed: frozenset[str] = frozenset()
    apps: frozenset[str] = frozenset()
    recorded: bool = True
    latest: tuple[Migration, ...] = ()

    def of(self, apps: Collection[str]) -> Migrations:
        """Those of these applications alone."""
        return replace(
            self,
            unapplied=tuple(one for one in self.unapplied if one.app in apps),
            gone=tuple(one for one in self.gone if one.app in apps),
            conflicts=tuple(one for one in self.conflicts if one[0] in apps),
        )
