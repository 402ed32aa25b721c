"""Which code is the project's own, and where it stands."""

from __future__ import annotations

import os
import site
import sysconfig
from functools import cache
from pathlib import Path

from django.conf import settings

import dbaudit
from dbaudit.facts import Location

_OURS = os.path.dirname(os.path.abspath(dbaudit.__file__)) + os.sep  # noqa: PTH100, PTH120 - compared with co_filename


@cache
def _installed() -> tuple[str, ...]:
    """Where packages are installed; code below these is nobody's project."""
    paths = sysconfig.get_paths()
    names = ("stdlib", "platstdlib", "purelib", "platlib", "scripts")
    roots = {*(paths[name] for name in names), *site.getsitepackages(), str(Path(os.__file__).parent)}
    return tuple(f"{one}{os.sep}" for root in roots for one in {root, str(Path(root).resolve())})


@cache
def _root() -> Path:
    return Path(getattr(settings, "BASE_DIR", None) or Path.cwd()).resolve()


@cache
def is_project(filename: str) -> bool:
    """Whether a code object's file is the project's: not installed, not generated, not part of this package."""
    if filename.startswith(("<", _OURS, *_installed())):
        return False
    # manage.py is on every stack of a command and asks for nothing itself.
    return not {"site-packages", "dist-packages", "manage.py"} & {*Path(filename).parts}


@cache
def shown(filename: str) -> str:
    """The file relative to the project where it lies inside it, from the package on where it was installed."""
    path = Path(filename).resolve()
    if path.is_relative_to(_root()):
        return path.relative_to(_root()).as_posix()
    for root in sorted(_installed(), key=len, reverse=True):
        if path.is_relative_to(root):
            return path.relative_to(root).as_posix()
    return path.name


@cache
def place(filename: str, line: int) -> Location:
    """The place in the form that findings use."""
    return Location(shown(filename), line)
