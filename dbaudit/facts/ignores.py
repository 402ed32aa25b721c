"""Comments in the project's models that ask not to be told of something."""

from __future__ import annotations

from dataclasses import dataclass

from dbaudit.facts.ownership import Location


@dataclass(frozen=True, slots=True, kw_only=True)
class Ignore:
    """A comment ``# dbaudit: ...`` in a file of the project's models; ``text`` is what follows the colon.

    ``models`` are the labels of the models at whose class it stands, or in whose ``Meta``: one, or all that inherit
    from an abstract one. ``field`` is the place of the field at which it stands. Both are empty where it stands at
    neither.
    """

    text: str
    location: Location
    models: tuple[str, ...] = ()
    field: Location | None = None
