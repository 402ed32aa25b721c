"""Imports that a source file lacks."""

from __future__ import annotations

from collections.abc import Iterable

import libcst as cst
from libcst.codemod import CodemodContext
from libcst.codemod.visitors import AddImportsVisitor


def imported(module: cst.Module, imports: Iterable[str]) -> cst.Module:
    """With what the entry needs imported; a name that the module has already is left to mean what it means there."""
    bound = _bound(module)
    context = CodemodContext()
    for text in imports:
        package, _, names = text.partition("#")[0].removeprefix("from ").partition(" import ")
        for name in names.split(","):
            if name.strip() not in bound:
                AddImportsVisitor.add_needed_import(context, package.strip(), name.strip())
    return AddImportsVisitor(context).transform_module(module)


def _bound(module: cst.Module) -> set[str]:
    """The names that imports bind at the module's top."""
    found: set[str] = set()
    for line in module.body:
        for small in line.body if isinstance(line, cst.SimpleStatementLine) else ():
            if isinstance(small, cst.Import | cst.ImportFrom) and not isinstance(small.names, cst.ImportStar):
                found |= {one.evaluated_alias or one.evaluated_name for one in small.names}
    return found
