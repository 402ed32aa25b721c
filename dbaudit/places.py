"""Whose code something is, and where it is written."""

from __future__ import annotations

import ast
import os
import site
import sys
import sysconfig
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from inspect import getmro
from pathlib import Path

from django.apps import apps
from django.conf import settings

import dbaudit
from dbaudit.facts import Location, Owner

#: What the root of a project has in it.
_MARKS = (".git", "pyproject.toml", "manage.py")
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
    """The project's folder: the nearest one from ``BASE_DIR`` upwards that is a repository, a distribution or has a
    manage.py. Some projects have their ``BASE_DIR`` inside their package."""
    base = Path(getattr(settings, "BASE_DIR", None) or Path.cwd()).resolve()
    return next((one for one in (base, *base.parents) if any((one / mark).exists() for mark in _MARKS)), base)


def is_project(filename: str) -> bool:
    """Whether a code object's file is the project's: not installed, not generated, not part of this package.

    Installed code is the project's where ``DBAUDIT["PROJECT_APPS"]`` names it.
    """
    return _is_project(filename, chosen_apps())


def chosen_apps() -> tuple[str, ...]:
    """The applications and modules that the project calls its own."""
    given = getattr(settings, "DBAUDIT", None)
    chosen = given.get("PROJECT_APPS", ()) if isinstance(given, dict) else ()
    return tuple(map(str, chosen)) if isinstance(chosen, list | tuple) else ()


@cache
def folders(name: str) -> tuple[str, ...]:
    """Where the code of an application (by its label) or of a module lies, none where there is no such thing."""
    if apps.is_installed(name) or name in apps.app_configs:
        return tuple(config.path for config in apps.get_app_configs() if name in (config.label, config.name))
    try:
        spec = find_spec(name)
    except (ImportError, ValueError):
        return ()
    if spec is None:
        return ()
    return tuple(spec.submodule_search_locations or ([spec.origin] if spec.origin else ()))


@cache
def _is_project(filename: str, chosen: tuple[str, ...]) -> bool:
    if filename.startswith(("<", _OURS)):
        return False
    for folder in (folder for name in chosen for folder in folders(name)):
        if filename == folder or filename.startswith(f"{folder}{os.sep}"):
            return True
    if filename.startswith(_installed()):
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
    if file is None or not is_project(str(file)):
        return "third-party"
    return "project" if (cls.__qualname__, "") in _lines(file) or not _of_a_package(cls) else "third-party"


def owner_of_attribute(cls: type, name: str) -> Owner:
    """Whose code a name in a class is: that of the class whose body has it. Where none has, code has put it there, and
    that is a package's where the class has anything of a package among its bases."""
    for one in cls.__mro__:
        file = source_file(one)
        if file and (one.__qualname__, name) in _lines(file):
            return owner_of(one)
    return "third-party" if _of_a_package(cls) else owner_of(cls)


def _of_a_package(cls: type) -> bool:
    """Whether a package has a part in a class: a base, its metaclass or a method is neither the project's nor Django's
    nor Python's."""
    modules = {one.__module__ for one in (*cls.__mro__[1:], *getmro(type(cls)))}
    modules |= {str(getattr(one, "__module__", "")) for one in vars(cls).values() if callable(one)}
    return any(map(_is_a_packages, modules - {cls.__module__}))


def _is_a_packages(module: str) -> bool:
    name = getattr(sys.modules.get(module), "__file__", None)
    if name is None or module.split(".", maxsplit=1)[0] in ("django", *sys.stdlib_module_names):
        return False
    return not is_project(str(Path(name).resolve()))


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
                for statement in _statements(child.body):
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


def _statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements of a class's body, those under conditions among them."""
    for statement in body:
        yield statement
        if isinstance(statement, ast.If | ast.Try | ast.With):
            for part in ("body", "orelse", "finalbody"):
                yield from _statements(getattr(statement, part, []))
            for handler in getattr(statement, "handlers", []):
                yield from _statements(handler.body)
