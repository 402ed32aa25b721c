"""A file that a run wrote, remembered so that it can be taken back. Pure."""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Hunk:
    """``lines`` stood where the written file has its lines from ``start`` up to ``end``, counted from 0."""

    start: int
    end: int
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Edited:
    """A file by its ``path`` relative to the project. ``before`` and ``after`` are digests of its text, ``before`` is
    empty for a file that was new; ``back`` leads from the text after to the one before. ``migration`` is the migration
    that it holds (``shop.0002_more``), empty for a file of models."""

    path: str
    before: str
    after: str
    back: tuple[Hunk, ...] = ()
    migration: str = ""

    def as_data(self) -> dict[str, Any]:
        """As JSON holds it."""
        return asdict(self)

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Edited:
        """What `as_data` gave. Raises KeyError or TypeError for anything else."""
        back = tuple(
            Hunk(start=one["start"], end=one["end"], lines=tuple(map(str, one["lines"]))) for one in data["back"]
        )
        return cls(**{**data, "back": back})

    def taken_back(self, text: str | None) -> str | None:
        """The file's text before the run, None where there was no file.

        Raises:
            ValueError: the text is neither the one that the run wrote nor the one before.
        """
        if digest(text) == self.before:
            return text
        if text is None or digest(text) != self.after:
            raise ValueError(self.path)
        if not self.before:
            return None
        lines = text.splitlines(keepends=True)
        for hunk in reversed(self.back):
            lines[hunk.start : hunk.end] = hunk.lines
        return "".join(lines)


def edited(path: str, before: str | None, after: str, migration: str = "") -> Edited:
    """What is to be remembered of a file; ``before`` is None for a new one."""
    return Edited(
        path=path,
        before=digest(before),
        after=digest(after),
        back=() if before is None else tuple(_hunks(before, after)),
        migration=migration,
    )


def digest(text: str | None) -> str:
    """SHA-256 of a text, ``""`` for no file."""
    return "" if text is None else hashlib.sha256(text.encode()).hexdigest()


def _hunks(before: str, after: str) -> Iterable[Hunk]:
    was, now = before.splitlines(keepends=True), after.splitlines(keepends=True)
    for kind, start, end, first, last in difflib.SequenceMatcher(None, now, was, autojunk=False).get_opcodes():
        if kind != "equal":
            yield Hunk(start=start, end=end, lines=tuple(was[first:last]))
