"""Comments in the project's models that ask not to be told of something."""

from __future__ import annotations

from dataclasses import dataclass

from dbaudit.facts.ownership import Location


@dataclass(frozen=True, slots=True, kw_only=True)
class Ignore:
    """A comment ``# dbaudit: ...`` in a file of the project's models; ``text`` is what follows the colon.

    ``target`` is the class or the field at which it stands, None where it stands at neither. ``model`` is the label of
    the class's model, empty where it stands at a field.
    """

    text: str
    location: Location
    target: Location | None = None
    model: str = ""
