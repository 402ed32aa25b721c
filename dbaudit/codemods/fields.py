"""A model's fields that ask for an index."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import libcst as cst
from django.db import models
from libcst import matchers

from dbaudit.codemods.classes import NotEditableError, edited, replaced

#: Django's fields that have an index only where they say so.
UNINDEXED = frozenset(
    name
    for name in dir(models)
    if name.endswith("Field") and name not in ("SlugField", "OneToOneField", "ManyToManyField")
)

_NAMED_FIELD = matchers.Name(matchers.MatchRegex(".*(Field|Key)$"))
_FIELD = matchers.OneOf(matchers.Attribute(attr=_NAMED_FIELD), _NAMED_FIELD)


def no_index(source: str, model: str, field: str) -> str:
    """The source in which a field says ``db_index=False``, or no longer ``db_index=True`` where its class is one of
    Django's that makes no index of itself.

    Raises:
        NotEditableError: the field is not assigned in the class's own body.
    """

    def edit(body: cst.ClassDef) -> cst.ClassDef:
        for at, statement in enumerate(body.body.body):
            call = _assigned(statement, field)
            if call is None:
                continue
            kept = [one for one in call.args if one.keyword is None or one.keyword.value != "db_index"]
            plain = matchers.matches(
                call.func,
                matchers.OneOf(
                    matchers.Attribute(attr=matchers.Name(matchers.MatchIfTrue(UNINDEXED.__contains__))),
                    matchers.Name(matchers.MatchIfTrue(UNINDEXED.__contains__)),
                ),
            )
            asked = next((one for one in call.args if one.keyword and one.keyword.value == "db_index"), None)
            if asked is not None:
                new = [one.with_changes(value=cst.Name("False")) if one is asked else one for one in call.args]
                changed = call.with_changes(args=_closed(kept)) if plain else call.with_changes(args=new)
            elif plain or not matchers.matches(call.func, _FIELD):
                raise NotEditableError(f"{model}.{field} does not say db_index=True.")
            else:  # a relation, a SlugField and fields of packages may ask for an index by themselves
                changed = call.with_changes(args=_with_argument(call.args, "db_index", "False"))
            return replaced(body, at, statement.deep_replace(call, changed))
        raise NotEditableError(f"{field} is not assigned in the body of {model}.")

    return edited(source, model, edit).code


def _assigned(statement: Any, field: str) -> cst.Call | None:
    """The call whose result a statement assigns to the field."""
    if not isinstance(statement, cst.SimpleStatementLine) or len(statement.body) != 1:
        return None
    small = statement.body[0]
    target = small.targets[0].target if isinstance(small, cst.Assign) else getattr(small, "target", None)
    value = getattr(small, "value", None)
    if isinstance(target, cst.Name) and target.value == field and isinstance(value, cst.Call):
        return value
    return None


def _with_argument(arguments: Sequence[cst.Arg], keyword: str, value: str) -> list[cst.Arg]:
    """The arguments with one more, laid out as the last one was."""
    new = cst.Arg(
        cst.Name(value),
        cst.Name(keyword),
        equal=cst.AssignEqual(cst.SimpleWhitespace(""), cst.SimpleWhitespace("")),
    )
    if not arguments:
        return [new]
    last = arguments[-1]
    if isinstance(last.comma, cst.Comma):  # a magic trailing comma: one argument a line
        before = arguments[-2].comma if len(arguments) > 1 else last.comma
        return [*arguments[:-1], last.with_changes(comma=before), new.with_changes(comma=last.comma)]
    comma = cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))
    return [
        *arguments[:-1],
        last.with_changes(comma=comma, whitespace_after_arg=cst.SimpleWhitespace("")),
        new.with_changes(whitespace_after_arg=last.whitespace_after_arg),
    ]


def _closed(arguments: list[cst.Arg]) -> list[cst.Arg]:
    """The arguments without a comma that nothing follows, unless each has a line of its own."""
    if arguments and isinstance(arguments[-1].comma, cst.Comma):
        space = arguments[-1].comma.whitespace_after
        if not isinstance(space, cst.ParenthesizedWhitespace):
            arguments = [*arguments[:-1], arguments[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT)]
    return arguments
