"""Takes out of a tree what a server puts into it unasked: casts that change no value, and its own names of functions.

PostgreSQL prints the casts that it made for an operator or a function, and never one around the whole expression. A
cast is its own only where the operand's type says so: ``(code)::text`` is ``code`` where that is a ``varchar``, and
another expression where it is a number or a UUID. Where a type is not known the cast stays.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from dbaudit.sql.normal_form.trees import COMPARISONS, Tree, junction, membership, negation, operation
from dbaudit.sql.types import element, family, is_implicit, is_relabeling

#: The types of columns by their names in lower case.
Types = Mapping[str, str]

#: Where nothing is known of types: on a vendor that casts nothing unasked, and of a text without its table.
NO_TYPES: Final[Types] = {}

_SYNONYMS: Final = {
    "btrim": "trim",
    "character_length": "length",
    "char_length": "length",
    "current_timestamp": "now",
    "substr": "substring",
    "transaction_timestamp": "now",
}
# What gives all of its operands one type, the widest of theirs.
_UNIFYING: Final = frozenset({"coalesce", "greatest", "least", "nullif"})
_TEXT_CALLS: Final = frozenset({
    "btrim", "concat", "left", "lower", "lpad", "ltrim", "md5", "regexp_replace", "replace", "reverse", "right", "rpad",
    "rtrim", "substr", "substring", "trim", "unaccent", "upper",
})  # fmt: skip
_SAME_TYPE_CALLS: Final = frozenset({"abs", *_UNIFYING})


def without_implied(tree: Tree, types: Types) -> Tree:
    """The tree without implicit casts, functions under one name each."""
    return _plain(tree, types, unified=False) if _may_change(tree) else tree


@lru_cache(maxsize=8192)
def _may_change(tree: Tree) -> bool:
    """Whether it has a cast or a function with a second name."""
    if tree and (tree[0] == "cast" or (tree[0] == "call" and tree[1] in _SYNONYMS)):
        return True
    return any(_may_change(part) for part in tree if isinstance(part, tuple))


def _plain(tree: Tree, types: Types, *, unified: bool) -> Tree:  # noqa: PLR0911, PLR0912  one for each kind
    """``unified``: whether it stands where the server gives operands of several types the widest of them."""

    def each(parts: tuple[Tree, ...], *, unified: bool = False) -> tuple[Tree, ...]:
        return tuple(_plain(part, types, unified=unified) for part in parts)

    match tree:
        case ("cast", name, operand):
            inner = _plain(operand, types, unified=unified)
            source = type_of(inner, types)
            if _is_unasked(source, name, unified=unified):
                return inner
            # One that the server may have made is told apart from one that somebody wrote.
            return ("cast" if source and not is_implicit(source, name) else "perhaps cast", name, inner)
        case ("operation", operator, left, right):
            return operation(operator, *each((left, right), unified=True))
        case ("operation", operator, *parts):
            return ("operation", operator, *each(tuple(parts), unified=True))
        case ("member", operator, quantifier, left, *items):
            left, *items = each((left, *items), unified=True)
            if len(items) == 1:
                return ("member", operator, quantifier, left, items[0])
            return membership(operator, quantifier, left, ("array", *items))
        case ("and" | "or" as word, *parts):
            return junction(word, *each(tuple(parts)))
        case ("not", inner):
            return negation(_plain(inner, types, unified=False))
        case ("distinct", *parts):
            return ("distinct", *sorted(each(tuple(parts), unified=True), key=repr))
        case ("call", name, *arguments):
            return ("call", _SYNONYMS.get(name, name), *each(tuple(arguments), unified=name in _UNIFYING))
        case ("case", subject, branches, otherwise):
            cases = tuple((each((condition,))[0], each((value,), unified=True)[0]) for condition, value in branches)
            return ("case", subject and each((subject,), unified=True)[0], cases, *each((otherwise,), unified=True))
        case ("collate", name, operand):
            return ("collate", name, *each((operand,)))
        case ("is" | "is not" | "item" | "row" | "array" as word, *parts):
            return (word, *each(tuple(parts), unified=word == "array"))
    return tree


def _is_unasked(source: str, target: str, *, unified: bool) -> bool:
    """Whether the server makes this cast by itself: of text for any function, as its functions take text alone."""
    if not source:
        return False
    if is_relabeling(source, target):
        return True
    return is_implicit(source, target) and (unified or family(source) == "text")


def type_of(tree: Tree, types: Types) -> str:  # noqa: PLR0911, PLR0912  one for each kind
    """The type of an expression's value as far as it can be told, ``""`` where it cannot."""
    match tree:
        case ("column", name):
            return types.get(name, "")
        case ("cast" | "perhaps cast", name, _):
            return str(name)
        case ("number", text):
            return "integer" if str(text).lstrip("-").isdigit() else "numeric"
        case ("call", name, *_) if name in _TEXT_CALLS:
            return "text"
        case ("call", name, *arguments) if name in _SAME_TYPE_CALLS:
            return _one_type(tuple(arguments), types)
        case ("operation", "->>" | "#>>", *_):
            return "text"
        case ("operation", "->" | "#>", left, _):
            return type_of(left, types)
        case ("operation", operator, *_) if operator in COMPARISONS:
            return "boolean"
        case ("operation", "||", *operands):
            return "text" if any(family(type_of(each, types)) == "text" for each in operands) else ""
        case ("operation", "+" | "-" | "*" | "/" | "%", *operands):
            return _one_type(tuple(operands), types)
        case ("case", _, branches, otherwise):
            return _one_type((*(value for _, value in branches), otherwise), types)
        case ("collate", _, operand):
            return type_of(operand, types)
        case ("item", operand, *_):
            return element(type_of(operand, types))
    return ""


def _one_type(operands: tuple[Tree, ...], types: Types) -> str:
    """The widest of the operands' types, ``""`` where they are of several families or one is not known."""
    known = [type_of(operand, types) for operand in operands if operand[0] not in ("text", "null")]
    if not all(known) or len({family(name) for name in known}) != 1 or not family(known[0]):
        return ""
    widest = known[0]
    for name in known[1:]:
        widest = name if is_implicit(widest, name) else widest
    return widest
