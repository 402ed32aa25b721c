"""The one way an audit refuses its input."""

from __future__ import annotations

from pathlib import Path


class AuditError(Exception):
    """A usage or configuration error: one sentence that names the object and the remedy. Exit status 2."""


def place(file: str | None, line: int | None) -> str:
    """A place in a file for an error message: relative to the current directory where it lies in it."""
    path, here = Path(file or "?"), Path.cwd()
    return f"{path.relative_to(here).as_posix() if path.is_relative_to(here) else path}:{line}"
