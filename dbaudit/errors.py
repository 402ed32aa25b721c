"""The one way an audit refuses its input."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from pathlib import Path


class AuditError(Exception):
    """A usage or configuration error: one sentence that names the object and the remedy. Exit status 2."""


def place(file: str | None, line: int | None) -> str:
    """A place in a file for an error message: relative to the current directory where it lies in it."""
    path, here = Path(file or "?"), Path.cwd()
    return f"{path.relative_to(here).as_posix() if path.is_relative_to(here) else path}:{line}"


def nearest(name: str, valid: Iterable[str]) -> str:
    """A sentence that offers the closest valid name, or lists them where none is close."""
    names = sorted(valid)
    close = difflib.get_close_matches(name, names, n=1)
    return f"Did you mean {close[0]!r}?" if close else f"Valid names: {', '.join(names)}."
