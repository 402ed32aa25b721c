"""Whose code something is, and where it is written."""

from __future__ import annotations

import ast
import os
import site
import sys
import sysconfig
from functools import cache
from pathlib import Path

from django.conf import settings

import dbaudit
from dbaudit.facts import Location, Owner

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
    # Installed packages first: a virtual environment often lies inside the project.
    for root in (*map(Path, sorted(_installed(), key=len, reverse=True)), _root()):
        if path.is_relative_to(root):
            return path.relative_to(root).as_posix()
    return path.name


def within(path: Path) -> str:
    """The path from the project's folder on; `located` leads back."""
    return Path(os.path.relpath(path, _root())).as_posix()


def located(path: str) -> Path:
    """The file that `within` gave a path of."""
    return Path(os.path.normpath(_root() / path))


@cache
def place(filename: str, line: int) -> Location:
    """The place in the form that findings use."""
    return Location(shown(filename), line)


@cache
def prefix() -> str:
    """What leads from the root of the repository to the project (``backend/``), empty where there is no difference."""
    for root in (_root(), *_root().parents):
        if (root / ".git").exists():
            inner = _root().relative_to(root).as_posix()
            return "" if inner == "." else f"{inner}/"
    return ""


@cache
def of_settings() -> Location | None:
    """Where the project names its databases: the first line that assigns ``DATABASES``, otherwise the module's first.

    None where the settings are no module of the project.
    """
    module = sys.modules.get(getattr(settings, "SETTINGS_MODULE", None) or "")
    name = getattr(module, "__file__", None)
    if not name or not is_project(name):
        return None
    try:
        body = ast.parse(Path(name).read_bytes()).body
    except (OSError, SyntaxError, ValueError):
        return Location(shown(name), 1)
    lines = (
        one.lineno
        for one in body
        if isinstance(one, ast.Assign)
        and any(isinstance(target, ast.Name) and target.id == "DATABASES" for target in one.targets)
    )
    return Location(shown(name), next(lines, 1))


def owner_of(cls: type) -> Owner:
    """Whose code a class is, by the place of its module."""
    if cls.__module__.split(".")[0] == "django":
        return "django"
    file = source_file(cls)
    return "project" if file is not None and is_project(str(file)) else "third-party"


@cache
def source_file(cls: type) -> Path | None:
    """The file of a class's module, None where it has none."""
    name = getattr(sys.modules.get(cls.__module__), "__file__", None)
    return Path(name).resolve() if name else None


def of_class(cls: type, attribute: str = "", inner: str = "") -> Location | None:
    """Where a class, or a name assigned in its body or in that of its ``inner`` class, is written.

    An attribute may be written in a base class; where none has it, the class itself is the place.
    """
    for one in cls.__mro__ if attribute else (cls,):
        file = source_file(one)
        name = f"{one.__qualname__}.{inner}" if inner else one.__qualname__
        line = _lines(file).get((name, attribute)) if file else None
        if file and line:
            return Location(shown(str(file)), line)
    return of_class(cls) if attribute else None


@cache
def _lines(file: Path) -> dict[tuple[str, str], int]:
    """The line of each class (by qualified name) and of each name assigned in its body. Empty where it cannot be
    read."""
    try:
        tree = ast.parse(file.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return {}
    found: dict[tuple[str, str], int] = {}

    def walk(node: ast.AST, prefix: str) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.ClassDef):
                name = f"{prefix}{child.name}"
                found[name, ""] = child.lineno
                for statement in child.body:
                    targets = (
                        statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
                    )
                    found.update({(name, t.id): statement.lineno for t in targets if isinstance(t, ast.Name)})
                walk(child, f"{name}.")
            elif isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
                walk(child, f"{prefix}{child.name}.<locals>.")
            else:
                walk(child, prefix)

    walk(tree, "")
    return found
