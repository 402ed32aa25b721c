"""What models and migrations say a database should be."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Literal

from dbaudit.facts.ownership import Location, Owner


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """Where a model asks for an index or a constraint.

    ``by`` is the place in the model: a field's own option, ``unique_together``, ``indexes`` or ``constraints`` of its
    Meta. ``fields`` are the names of the fields, none for expressions. ``sql`` is the statement by which Django would
    make it alone, ``""`` where it only comes with its table. ``owner`` is as that of `ModelField`.
    """

    model: str
    by: Literal["field", "unique_together", "indexes", "constraints"]
    fields: tuple[str, ...] = ()
    sql: str = ""
    owner: Owner | None = None
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
class Change:
    """An operation that ``makemigrations`` would write.

    ``names`` are the fields, indexes and constraints that it is about, ``words`` what Django calls it. ``stored`` says
    whether the database would change, and not only what Python knows.
    """

    app: str
    model: str
    names: tuple[str, ...] = ()
    words: str = ""
    stored: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnSql:
    """A statement, or a function that sends some, which a migration runs by itself (``RunSQL``, ``RunPython``)."""

    app: str
    migration: str
    text: str

    def mentions(self, *words: str) -> bool:
        """Whether all of these names and keywords stand in it, as whole words and in any case."""
        return all(re.search(rf"(?<!\w){re.escape(word)}(?!\w)", self.text, re.IGNORECASE) for word in words)


@dataclass(frozen=True, slots=True, kw_only=True)
class HalfSquashed:
    """A squashed migration of whose originals some are applied here, and some of the others are gone from the code."""

    migration: Migration
    applied: tuple[Migration, ...]
    gone: tuple[Migration, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Migrations:
    """What the code has and what the database has recorded.

    ``unapplied`` are in the code alone, in the order in which they would run; ``gone`` are recorded alone;
    ``conflicts`` are applications with several latest migrations, and those. ``changes`` are what
    ``makemigrations`` would write, None where that could not be told; ``at_import`` names (model, index or constraint)
    what is put on a model while it is imported, which makemigrations does not see. ``own_sql`` is what migrations send
    by themselves. ``half_squashed`` cannot be run by ``migrate``. ``latest`` are those
    of the code that no other one of their application follows. ``installed`` are the
    labels of all applications, ``apps`` of those that have migrations. ``recorded`` is False where the database keeps
    no record at all.
    """

    unapplied: tuple[Migration, ...] = ()
    gone: tuple[Migration, ...] = ()
    conflicts: tuple[tuple[str, tuple[str, ...]], ...] = ()
    changes: tuple[Change, ...] | None = ()
    at_import: frozenset[tuple[str, str]] = frozenset()
    own_sql: tuple[OwnSql, ...] = ()
    half_squashed: tuple[HalfSquashed, ...] = ()
    installed: frozenset[str] = frozenset()
    apps: frozenset[str] = frozenset()
    recorded: bool = True
    latest: tuple[Migration, ...] = ()

    @property
    def unmade(self) -> frozenset[tuple[str, str]]:
        """What of the database models declare and no migration does: (model, name of a field, index or constraint, or
        ``unique_together``)."""
        return frozenset((one.model, name) for one in self.changes or () if one.stored for name in one.names)

    def made_by(self, app: str, *names: str, alone: bool = False) -> Migration | None:
        """The first migration whose own SQL mentions all of these names: one of the application before others', or
        ``alone``."""
        found = (one for one in self.own_sql if (one.app == app or not alone) and one.mentions(*names))
        first = min(found, key=lambda one: one.app != app, default=None)
        return Migration(app=first.app, name=first.migration) if first else None

    def of(self, apps: Collection[str]) -> Migrations:
        """Those of these applications alone."""
        return replace(
            self,
            unapplied=tuple(one for one in self.unapplied if one.app in apps),
            gone=tuple(one for one in self.gone if one.app in apps),
            conflicts=tuple(one for one in self.conflicts if one[0] in apps),
            changes=None if self.changes is None else tuple(one for one in self.changes if one.app in apps),
            half_squashed=tuple(one for one in self.half_squashed if one.migration.app in apps),
        )
