"""A file of the project before and after; nothing is written here."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from pathlib import Path

from dbaudit.places import shown


@dataclass(frozen=True, slots=True)
class Changed:
    """A file of the project before and after; ``before`` is None for a new one, ``after`` for one that goes.
    ``migration`` is the migration that it holds."""

    path: Path
    before: str | None
    after: str | None
    migration: str = ""

    def diff(self) -> str:
        """The change, as ``diff -u`` shows it."""
        name = shown(str(self.path))
        lines = difflib.unified_diff(
            (self.before or "").splitlines(keepends=True),
            (self.after or "").splitlines(keepends=True),
            "/dev/null" if self.before is None else name,
            "/dev/null" if self.after is None else name,
        )
        return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def read(path: Path) -> str | None:
    """The file's text, newlines as they are; None where there is no file.

    Raises:
        OSError, UnicodeDecodeError: it cannot be read.
    """
    try:
        return path.read_bytes().decode()
    except FileNotFoundError:
        return None
