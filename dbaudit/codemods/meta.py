"""Entries of a model's ``Meta.indexes``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import libcst as cst
from libcst import matchers

from dbaudit.codemods.classes import NotEditableError, edited, replaced, statements, with_statements
from dbaudit.codemods.imports import imported
from dbaudit.codemods.lists import appended, without


@dataclass(frozen=True, slots=True, kw_only=True)
class Inherited:
    """What a model without ``indexes`` of its own takes from the abstract models before it.

    ``meta`` is the expression of the ``Meta`` that a new one must inherit from (``Dated.Meta``), ``""`` for none; a
    ``Meta`` that stands has its own. ``indexes`` says whether indexes are inherited, which a new list would hide.
    """

    meta: str = ""
    indexes: bool = False


def add_index(source: str, model: str, entry: str, imports: Iterable[str], inherited: Inherited) -> str:
    """The source with an entry more in the ``Meta.indexes`` of a model, given by its qualified name.

    Raises:
        NotEditableError: the source does not parse, or the class is not in it.
    """
    new = cst.parse_expression(entry)

    def edit(body: cst.ClassDef) -> cst.ClassDef:
        at = _meta_of(body)
        if at is None:
            lines = [*statements(body)]
            methods = (number for number, one in enumerate(lines) if isinstance(one, cst.FunctionDef))
            lines.insert(next(methods, len(lines)), _new_meta(inherited, new))
            return with_statements(body, lines)
        meta = statements(body)[at]
        assert isinstance(meta, cst.ClassDef)  # noqa: S101 - as _meta_of found it
        return replaced(body, at, _meta_with(meta, inherited, new))

    module = edited(source, model, edit)
    return imported(module, ("from django.db import models", *imports)).code


def remove_index(source: str, model: str, name: str, fields: Sequence[str] = ()) -> str:
    """The source without the entry of ``Meta.indexes`` that has this name, else without the one that has none and is
    on these fields: Django names it itself.

    Raises:
        NotEditableError: there is no such entry in a plain list.
    """

    def edit(body: cst.ClassDef) -> cst.ClassDef:
        at = _meta_of(body)
        meta = body.body.body[at] if at is not None else None
        found = _indexes_of(meta) if isinstance(meta, cst.ClassDef) else None
        if at is None or not isinstance(meta, cst.ClassDef) or found is None:
            raise NotEditableError(f"{model} has no indexes in its Meta.")
        place, value = found
        if not isinstance(value, cst.List | cst.Tuple):
            raise NotEditableError(f"The indexes of {model} are no plain list.")
        unnamed = (one for one in value.elements if _is_unnamed_on(one.value, fields))
        gone = next((one for one in value.elements if _is_named(one.value, name)), None) or next(unnamed, None)
        if gone is None:
            raise NotEditableError(f"No entry in the indexes of {model} is named {name!r}.")
        # An empty list stays: it hides the indexes of an abstract model, as the list before it did.
        return replaced(body, at, _with_indexes(meta, place, without(value, gone)))

    return edited(source, model, edit).code


def _meta_of(body: cst.ClassDef) -> int | None:
    """The place of the class's own ``Meta`` in its body."""
    found = (
        number
        for number, one in enumerate(statements(body))
        if isinstance(one, cst.ClassDef) and one.name.value == "Meta"
    )
    return next(found, None)


def _new_meta(inherited: Inherited, new: cst.BaseExpression) -> cst.ClassDef:
    bases = [cst.Arg(cst.parse_expression(inherited.meta))] if inherited.meta else []
    return cst.ClassDef(
        name=cst.Name("Meta"),
        bases=bases,
        lpar=cst.LeftParen() if bases else cst.MaybeSentinel.DEFAULT,
        rpar=cst.RightParen() if bases else cst.MaybeSentinel.DEFAULT,
        body=cst.IndentedBlock([_assignment(inherited, new)]),
        leading_lines=[cst.EmptyLine(indent=False)],
    )


def _assignment(inherited: Inherited, new: cst.BaseExpression) -> cst.SimpleStatementLine:
    hidden = [cst.StarredElement(cst.parse_expression(f"{inherited.meta}.indexes"))] if inherited.indexes else []
    value = appended(cst.List(hidden), cst.Element(new))
    return cst.SimpleStatementLine([cst.Assign([cst.AssignTarget(cst.Name("indexes"))], value)])


def _meta_with(meta: cst.ClassDef, inherited: Inherited, new: cst.BaseExpression) -> cst.ClassDef:
    found = _indexes_of(meta)
    if found is None:
        if meta.bases:
            inherited = Inherited(meta=cst.Module([]).code_for_node(meta.bases[0].value), indexes=inherited.indexes)
        return with_statements(meta, [*statements(meta), _assignment(inherited, new)])
    at, value = found
    if isinstance(value, cst.List | cst.Tuple):
        return _with_indexes(meta, at, appended(value, cst.Element(new)))
    if isinstance(value, cst.IfExp | cst.BooleanOperation | cst.Comparison | cst.UnaryOperation) and not value.lpar:
        value = value.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])
    return _with_indexes(meta, at, appended(cst.List([cst.StarredElement(value)]), cst.Element(new)))


def _indexes_of(meta: cst.ClassDef) -> tuple[int, cst.BaseExpression] | None:
    """The statement of a ``Meta`` that assigns its indexes, and the value."""
    for at, statement in enumerate(statements(meta)):
        if isinstance(statement, cst.SimpleStatementLine) and len(statement.body) == 1:
            small = statement.body[0]
            if isinstance(small, cst.Assign) and matchers.matches(small.targets[0].target, matchers.Name("indexes")):
                return at, small.value
            if (
                isinstance(small, cst.AnnAssign)
                and small.value
                and matchers.matches(small.target, matchers.Name("indexes"))
            ):
                return at, small.value
    return None


def _with_indexes(meta: cst.ClassDef, at: int, value: cst.BaseExpression) -> cst.ClassDef:
    line = statements(meta)[at]
    return replaced(meta, at, line.with_changes(body=[line.body[0].with_changes(value=value)]))


def _is_unnamed_on(value: cst.BaseExpression, fields: Sequence[str]) -> bool:
    """Whether it is ``Index(fields=[…])`` on exactly these fields, or ``"-field"`` for them, without a name."""
    if not isinstance(value, cst.Call) or not fields:
        return False
    given = {one.keyword.value: one.value for one in value.args if one.keyword is not None}
    listed = given.get("fields")
    if given.keys() != {"fields"} or not isinstance(listed, cst.List | cst.Tuple):
        return False
    words = [one.value.evaluated_value for one in listed.elements if isinstance(one.value, cst.SimpleString)]
    return [str(word).removeprefix("-") for word in words] == [field.removeprefix("-") for field in fields]


def _is_named(value: cst.BaseExpression, name: str) -> bool:
    if not isinstance(value, cst.Call):
        return False
    named = (one.value for one in value.args if one.keyword is not None and one.keyword.value == "name")
    return any(isinstance(one, cst.SimpleString) and one.evaluated_value == name for one in named)
