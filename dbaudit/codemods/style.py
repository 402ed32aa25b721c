"""The project's own formatter on files that it formats already."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from dbaudit.codemods.changed import Changed

#: Formatters that read a file from standard input, with the words in a project's settings that say that it uses them.
FORMATTERS = {
    "ruff": (["ruff", "format", "--quiet", "--stdin-filename", "{path}", "-"], ("[tool.ruff", "ruff.toml")),
    "black": (["black", "--quiet", "--stdin-filename", "{path}", "-"], ("[tool.black",)),
}
SETTINGS = ("pyproject.toml", "ruff.toml")
PATIENCE_SECONDS = 30


def formatted(file: Changed) -> Changed:
    """The change as the project's formatter lays it out, where one is installed and the file is in its form already.

    So no line changes that the edit did not touch. A new file is laid out like the others of its project.
    """
    if file.after is None:
        return file
    for command in _formatters(file.path):
        if file.before is not None and _run(command, file.path, file.before) != file.before:
            continue
        text = _run(command, file.path, file.after)
        if text:
            return replace(file, after=text)
    return file


def _formatters(path: Path) -> Iterator[list[str]]:
    """The formatters that the nearest settings above the file name, and that are installed."""
    above = (folder for folder in path.parents if any((folder / name).is_file() for name in SETTINGS))
    folder = next(above, None)
    if folder is None:
        return
    settings = folder / "pyproject.toml"
    words = settings.read_text(errors="replace") if settings.is_file() else ""
    words += "ruff.toml" if (folder / "ruff.toml").is_file() else ""
    for name, (command, signs) in FORMATTERS.items():
        program = shutil.which(name, path=str(Path(sys.executable).parent)) or shutil.which(name)
        if program and any(sign in words for sign in signs):
            yield [program, *command[1:]]


def _run(command: list[str], path: Path, text: str) -> str:
    """The text as the formatter prints it, ``""`` where it fails."""
    words = [word.format(path=path) for word in command]
    try:
        done = subprocess.run(
            words, input=text.encode(), capture_output=True, check=False, cwd=path.parent, timeout=PATIENCE_SECONDS
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.decode(errors="replace") if done.returncode == 0 else ""
