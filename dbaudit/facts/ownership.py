"""Whose something is, and where it is written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Owner = Literal["project", "third-party", "django"]


@dataclass(frozen=True, slots=True)
class Location:
    """A place in source code: ``file`` relative to the project where it lies inside it, ``line`` from 1."""

    file: str
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ownership:
    """Whose table it is, as far as the models tell. A table without a model belongs to the project."""

    owner: Owner = "project"
    app: str = ""
    model: str = ""
    location: Location | None = None
    auto_created: bool = False


UNOWNED = Ownership()
