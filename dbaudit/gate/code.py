"""Python that a report prints, made into what it says; only what can do nothing else is run."""

from __future__ import annotations

import ast
import textwrap
from typing import Any, Final

from django.db.models import Index

from dbaudit.gate.bench import RefusedError, UntriedError

_HARMLESS: Final = (
    ast.Expression, ast.Call, ast.Attribute, ast.Name, ast.Load, ast.Constant, ast.List, ast.Tuple, ast.keyword,
    ast.BinOp, ast.BitAnd, ast.BitOr, ast.UnaryOp, ast.USub, ast.Invert,
)  # fmt: skip
_PACKAGES: Final = ("django.", "zoneinfo", "decimal")


def index(orm: str) -> Index:
    """The index that the entry of ``Meta.indexes`` makes, with the imports that stand before it.

    Raises:
        RefusedError: the text is no Python, or fails.
        UntriedError: it does more than make an index.
    """
    made = value(orm)
    if not isinstance(made, Index):
        raise RefusedError("The text for Meta.indexes makes no index.")
    return made


def see_python(text: str) -> None:
    """Raise `RefusedError` where a file's text is no Python."""
    try:
        ast.parse(text)
    except (SyntaxError, ValueError) as error:
        raise RefusedError("The text of the migration is no Python.") from error


def value(text: str) -> Any:
    """What the one expression at the end of a text is, after the imports before it. Raises as `index` does."""
    try:
        tree = ast.parse(textwrap.dedent(text))
    except SyntaxError as error:
        raise RefusedError("The text in Django's words is no Python.") from error
    *before, last = tree.body
    if not isinstance(last, ast.Expr) or not all(map(_imports, before)):
        raise UntriedError("The text in Django's words is more than one expression.")
    if not all(isinstance(node, _HARMLESS) for node in ast.walk(last.value)):
        raise UntriedError("The text in Django's words does more than name things.")
    names: dict[str, Any] = {}
    try:
        exec("from django.db import models", names)  # noqa: S102 - a constant
        exec(compile(ast.Module(before, []), "<remedy>", "exec"), names)  # noqa: S102 - imports from Django alone
        return eval(compile(ast.Expression(last.value), "<remedy>", "eval"), names)  # noqa: S307 - calls of what they name
    except Exception as error:
        raise RefusedError(f"The text in Django's words fails: {type(error).__name__}.") from error


def _imports(node: ast.stmt) -> bool:
    return isinstance(node, ast.ImportFrom) and (node.module or "").startswith(_PACKAGES)
