"""One class of a source file is edited, and everything else in the file stays as it was written."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import libcst as cst


class NotEditableError(Exception):
    """A model that is written in a way which is not understood; the text is the reason, in one sentence."""


def edited(source: str, model: str, edit: Callable[[cst.ClassDef], cst.ClassDef]) -> cst.Module:
    """The source with one class, given by its qualified name, as ``edit`` makes it.

    Raises:
        NotEditableError: the source does not parse, or the class is not in it.
    """
    try:
        module = cst.parse_module(source)
    except cst.ParserSyntaxError as error:
        raise NotEditableError(f"The file of {model} does not parse: {error.message}.") from error
    changer = _ClassChanger(model.split("."), edit)
    changed = module.visit(changer)
    if not changer.found:
        raise NotEditableError(f"There is no class {model} in its file.")
    return changed


class _ClassChanger(cst.CSTTransformer):
    """Changes the one class of a qualified name."""

    def __init__(self, path: Sequence[str], edit: Callable[[cst.ClassDef], cst.ClassDef]) -> None:
        super().__init__()
        self._path, self._edit, self._at = [*path], edit, list[str]()
        self.found = False

    def visit_FunctionDef(self, node: cst.FunctionDef) -> bool:  # noqa: N802 - libcst calls it so
        self._at.append(node.name.value)
        return True

    def leave_FunctionDef(self, original_node: cst.FunctionDef, updated_node: cst.FunctionDef) -> cst.FunctionDef:  # noqa: N802
        del original_node
        self._at.pop()
        return updated_node

    def visit_ClassDef(self, node: cst.ClassDef) -> bool:  # noqa: N802
        self._at.append(node.name.value)
        return True

    def leave_ClassDef(self, original_node: cst.ClassDef, updated_node: cst.ClassDef) -> cst.ClassDef:  # noqa: N802
        del original_node
        here = self._at == self._path and not self.found
        self._at.pop()
        if not here:
            return updated_node
        self.found = True
        return self._edit(updated_node)


def statements(body: cst.ClassDef) -> Sequence[Any]:
    """The statements of a class. Raises `NotEditableError` for one that is written on one line."""
    if not isinstance(body.body, cst.IndentedBlock):
        raise NotEditableError(f"{body.name.value} is written on one line.")
    return body.body.body


def with_statements(body: cst.ClassDef, lines: Sequence[Any]) -> cst.ClassDef:
    """The class with these statements. Raises as `statements` does."""
    statements(body)
    return body.with_changes(body=body.body.with_changes(body=lines))


def replaced(body: cst.ClassDef, at: int, statement: Any) -> cst.ClassDef:
    """The class with another statement in one place. Raises as `statements` does."""
    lines = [*statements(body)]
    lines[at] = statement
    return with_statements(body, lines)
