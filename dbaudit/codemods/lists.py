"""A list in a source file with an element more or less, laid out as it was."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import libcst as cst


def appended(value: cst.List | cst.Tuple, new: cst.BaseElement) -> cst.List | cst.Tuple:
    """The list with one element more and an element a line, as the formatters write long ones. What is broken into
    lines already stays as it is, with its comments."""
    if isinstance(value, cst.Tuple) and not value.lpar:
        value = cst.List(value.elements)
    left, right = _brackets(value)
    elements = [*value.elements]
    if not isinstance(left.whitespace_after, cst.ParenthesizedWhitespace):
        left = left.with_changes(whitespace_after=_line("    "))
        elements = [one.with_changes(comma=_comma(_line("    "))) for one in elements]
    elif elements:
        # What follows the last element, its comment included, stands before the bracket.
        before = right.whitespace_before
        following = (
            before.with_changes(last_line=cst.SimpleWhitespace("    "))
            if isinstance(before, cst.ParenthesizedWhitespace)
            else _line("    ")
        )
        elements[-1] = elements[-1].with_changes(comma=_comma(following))
    elements.append(new.with_changes(comma=_comma(cst.SimpleWhitespace(""))))
    return _bracketed(value, elements, left, right.with_changes(whitespace_before=_line("")))


def without(value: cst.List | cst.Tuple, gone: cst.BaseElement) -> cst.List | cst.Tuple:
    """The list without one element; the bracket closes where it did. A comment after the element goes with it."""
    left, right = _brackets(value)
    elements = [one for one in value.elements if one is not gone]
    if not elements:
        return cst.List([])
    if gone is value.elements[-1]:
        last = elements[-1].comma
        space = last.whitespace_after if isinstance(last, cst.Comma) else cst.SimpleWhitespace("")
        if isinstance(space, cst.ParenthesizedWhitespace):
            right = right.with_changes(whitespace_before=space.with_changes(last_line=cst.SimpleWhitespace("")))
        kept = isinstance(gone.comma, cst.Comma) or isinstance(value, cst.Tuple)
        comma = _comma(cst.SimpleWhitespace("")) if kept else cst.MaybeSentinel.DEFAULT
        elements[-1] = elements[-1].with_changes(comma=comma)
    return _bracketed(value, elements, left, right)


def _brackets(value: cst.List | cst.Tuple) -> tuple[Any, Any]:
    return (value.lbracket, value.rbracket) if isinstance(value, cst.List) else (value.lpar[0], value.rpar[0])


def _bracketed(value: cst.List | cst.Tuple, elements: Sequence[Any], left: Any, right: Any) -> cst.List | cst.Tuple:
    if isinstance(value, cst.List):
        return value.with_changes(elements=elements, lbracket=left, rbracket=right)
    return value.with_changes(elements=elements, lpar=[left, *value.lpar[1:]], rpar=[right, *value.rpar[1:]])


def _line(more: str) -> cst.ParenthesizedWhitespace:
    return cst.ParenthesizedWhitespace(indent=True, last_line=cst.SimpleWhitespace(more))


def _comma(space: cst.BaseParenthesizableWhitespace) -> cst.Comma:
    return cst.Comma(whitespace_after=space)
