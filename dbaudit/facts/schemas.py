"""Which schemas of a database were looked at, beside which tables."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class HiddenSchema:
    """A schema that was not looked at: how many tables it has, and how many of them have the name of a model's."""

    name: str
    tables: int
    of_models: int = 0


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A model's table name that schemas have which were not looked at: the first of them, and how many they are."""

    table: str
    schema: str
    schemas: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Schemas:
    """``own`` is the name of the first schema of the search path, which has none in facts. ``path`` are those of the
    search path in its order and ``named`` others that models name, as facts spell them; all of these were read."""

    own: str = ""
    path: tuple[str, ...] = ("",)
    named: tuple[str, ...] = ()
    hidden: tuple[HiddenSchema, ...] = ()
    elsewhere: tuple[Elsewhere, ...] = ()

    def spelled(self, name: str) -> str:
        """A schema as facts spell it."""
        return "" if name == self.own else name

    def having(self, table: str) -> Elsewhere | None:
        """The schemas that were not looked at and have a table of this name, None where there is none."""
        return next((one for one in self.elsewhere if one.table == table), None)
