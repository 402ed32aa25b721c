"""Comments ``# dbaudit: ...`` at the project's models -> `Ignore`."""

from __future__ import annotations

import ast
import io
import tokenize
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

from django.apps.registry import Apps
from django.db import models

from dbaudit.facts import Ignore, Location
from dbaudit.places import owner_of, shown, source_file

MARK = "dbaudit:"


def read(apps: Apps) -> tuple[Ignore, ...]:
    """The comments in all files that define the project's own models, in order of file and line.

    A comment at the end of a line belongs to what stands there; one that has its line to itself belongs to the line of
    code below. A class's decorators and a field's further lines count as its own.
    """
    labels: defaultdict[Path, defaultdict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for model in apps.get_models(include_auto_created=True, include_swapped=True):
        source: type[models.Model] = model._meta.auto_created or model  # type: ignore[assignment]
        if owner_of(source) == "project":
            for one in _with_abstract_bases(source):
                if file := source_file(one):
                    labels[file][one.__qualname__].append(model._meta.label)
    return tuple(one for file in sorted(labels) for one in _in_file(file, labels[file]))


def _with_abstract_bases(model: type[models.Model]) -> Iterator[type[models.Model]]:
    yield model
    for base in model.__mro__[1:]:
        if getattr(getattr(base, "_meta", None), "abstract", False):
            yield base


def _in_file(file: Path, labels: Mapping[str, list[str]]) -> Iterator[Ignore]:
    try:
        source = file.read_bytes()
        if MARK.encode() not in source:
            return
        comments = list(_comments(source))
        tree = ast.parse(source)
    except (OSError, SyntaxError, ValueError, tokenize.TokenError):
        return
    classes: dict[int, str] = {}
    fields: dict[int, int] = {}
    _walk(tree, "", classes, fields)
    name = shown(str(file))
    for line, target, text in comments:
        yield Ignore(
            text=text,
            location=Location(name, line),
            models=tuple(sorted(labels.get(classes.get(target, ""), ()))),
            field=Location(name, fields[target]) if target in fields else None,
        )


def _comments(source: bytes) -> Iterator[tuple[int, int, str]]:
    """Each such comment with its line, the line of code that it belongs to, and what it says."""
    lines = io.BytesIO(source).readlines()
    for token in tokenize.tokenize(io.BytesIO(source).readline):
        said = token.string.lstrip("#").strip()
        if token.type != tokenize.COMMENT or not said.startswith(MARK):
            continue
        line = target = token.start[0]
        while target <= len(lines) and lines[target - 1].lstrip().startswith(b"#"):
            target += 1
        yield line, target, said.removeprefix(MARK).strip()


def _walk(node: ast.AST, prefix: str, classes: dict[int, str], fields: dict[int, int]) -> None:
    """Note of every line of a class's head or ``Meta`` whose it is, and of every line of a field where it begins."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.ClassDef):
            name = f"{prefix}{child.name}"
            ends = [one.end_lineno or one.lineno for one in (*child.bases, *(key.value for key in child.keywords))]
            first = min([child.lineno, *(one.lineno for one in child.decorator_list)])
            classes.update(dict.fromkeys(range(first, max([child.lineno, *ends]) + 1), name))
            for statement in child.body:
                lines = range(statement.lineno, (statement.end_lineno or statement.lineno) + 1)
                if isinstance(statement, ast.ClassDef) and statement.name == "Meta":
                    classes.update(dict.fromkeys(lines, name))
                elif isinstance(statement, ast.Assign | ast.AnnAssign):
                    fields.update(dict.fromkeys(lines, statement.lineno))
                else:
                    _walk(ast.Module([statement], []), f"{name}.", classes, fields)
        elif isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            _walk(child, f"{prefix}{child.name}.<locals>.", classes, fields)
        else:
            _walk(child, prefix, classes, fields)
