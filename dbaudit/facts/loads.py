"""What statements loaded into model instances, and what was read of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from dbaudit.facts.ownership import Location

#: How rows came to be instances: asked for themselves, joined to others, or fetched for others.
Eager = Literal["rows", "select_related", "prefetch_related"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedColumn:
    """A column that was loaded: the size of its values in bytes, and whether any instance's was read."""

    name: str
    bytes: int
    read: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What one statement loaded into instances, and what all of the run read of them.

    ``fingerprint`` and ``location`` are the statement's. ``path`` is empty for the rows themselves; otherwise it is the
    lookup along which instances came with them (``customer__country``), by ``how``. ``read`` says whether the attribute
    that leads to them was read of any row; of the rows themselves, whether anything was.
    """

    fingerprint: str
    model: str
    how: Eager
    path: str = ""
    instances: int
    read: bool
    columns: tuple[LoadedColumn, ...] = ()
    location: Location | None = None

    @property
    def bytes(self) -> int:
        """The size of all the values."""
        return sum(one.bytes for one in self.columns)
