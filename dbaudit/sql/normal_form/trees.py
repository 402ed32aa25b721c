"""What SQL expressions mean, as nested tuples: a word that says what it is, then its parts.

The functions here make a node out of parts and leave nothing of how it was spelled: ``NOT (a = 1)`` is ``a <> 1``,
``a IN (1)`` is ``a = 1``, and the order of what AND joins does not count. Each is true in three-valued logic too.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any, Final

from dbaudit.sql.normal_form import literals

Tree = tuple[Any, ...]

NULL: Final[Tree] = ("null",)
#: A condition that is a column asks whether it is 1, which is how SQLite and older versions of Django spell it.
TRUE: Final[Tree] = ("number", "1")
FALSE: Final[Tree] = ("number", "0")
CONSTANTS: Final[dict[str, Tree]] = {"true": TRUE, "false": FALSE, "null": NULL}
COMPARISONS: Final = {"=": "<>", "<>": "=", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}
PATTERNS: Final = ("like", "ilike", "glob", "regexp", "match")

_MIRRORED: Final = {"=": "=", "<>": "<>", "<": ">", ">": "<", "<=": ">=", ">=": "<="}
_LITERALS: Final = ("text", "number", "null")
# Functions that a server prints as they were called, so that two that differ were written differently.
_PLAIN_CALLS: Final = frozenset({
    "abs", "ceil", "coalesce", "concat", "date", "date_trunc", "floor", "greatest", "json_valid", "least", "left",
    "length", "lower", "ltrim", "md5", "now", "nullif", "replace", "reverse", "right", "round", "rtrim", "sign",
    "statement_timestamp", "strftime", "substring", "timezone", "trim", "unaccent", "upper",
})  # fmt: skip
_PLAIN_NODES: Final = frozenset({"column", "number", "null", "and", "or", "not", "is", "is not"})


def cast(operand: Tree, name: str) -> Tree:
    """The operand as a type (see `type_name`); of a literal its value. Which other casts say nothing, the types of the
    columns tell (`dbaudit.sql.normal_form.implied`)."""
    base = name.removesuffix("[]").partition("(")[0]
    if name.startswith("time") and name.endswith("zone"):
        base += name.partition(")")[2]
    if operand[0] == "array":
        return ("array", *(cast(item, base) for item in operand[1:]))
    if operand[0] in _LITERALS:
        return literals.typed(operand, base, array=name.endswith("[]"))
    return ("cast", name, operand)


def truth(operand: Tree) -> Tree:
    """What stands for a condition: a column that does is compared with true."""
    return ("operation", "=", operand, TRUE) if operand[0] == "column" else operand


def negation(operand: Tree) -> Tree:  # noqa: PLR0911  one for each kind
    """NOT: moved into comparisons, memberships and tests."""
    match operand:
        case ("column", _):
            return ("operation", "=", operand, FALSE)
        case ("not", inner):
            return inner  # type: ignore[no-any-return]
        case ("is", what, inner):
            return ("is not", what, inner)
        case ("is not", what, inner):
            return ("is", what, inner)
        case ("operation", operator, left, right) if operator in COMPARISONS:
            return ("operation", COMPARISONS[operator], left, right)
        case ("member", operator, quantifier, *rest) if operator in COMPARISONS:
            return ("member", COMPARISONS[operator], "all" if quantifier == "any" else "any", *rest)
    return ("not", operand)


def junction(word: str, *operands: Tree) -> Tree:
    """AND or OR: nested ones joined, order and repetition left out; ``a = 1 OR a = 2`` is what IN says."""
    parts = {part for one in map(truth, operands) for part in (one[1:] if one[0] == word else (one,))}
    parts = _listed(parts, *(("=", "any") if word == "or" else ("<>", "all")))
    return (word, *sorted(parts, key=repr)) if len(parts) > 1 else parts.pop()


def _listed(parts: set[Tree], operator: str, quantifier: str) -> set[Tree]:
    """The parts, those that compare one thing with literals in one membership."""
    found: defaultdict[Tree, list[Tree]] = defaultdict(list)
    for part in parts:
        match part:
            case ("operation", sign, left, right) if sign == operator and right[0] in ("text", "number"):
                found[left].append(part)
            case ("member", sign, word, left, *items) if (sign, word) == (operator, quantifier) and len(items) > 1:
                found[left].append(part)
    for left, several in found.items():
        if len(several) > 1:
            values = (item for part in several for item in (part[3:] if part[0] == "operation" else part[4:]))
            parts = parts - {*several} | {membership(operator, quantifier, left, ("array", *values))}
    return parts


def operation(operator: str, left: Tree, right: Tree) -> Tree:
    """An operator between two operands; of a comparison the literal stands on the right."""
    if operator.startswith("not "):
        return negation(operation(operator.removeprefix("not "), left, right))
    if operator in _MIRRORED:
        mirrored = left[0] in _LITERALS and right[0] not in _LITERALS
        if operator in ("=", "<>") and left[0] not in _LITERALS and right[0] not in _LITERALS:
            mirrored = repr(right) < repr(left)
        if mirrored:
            return ("operation", _MIRRORED[operator], right, left)
    return ("operation", operator, left, right)


def membership(operator: str, quantifier: str, left: Tree, array: Tree) -> Tree:
    """``left = ANY (array)``, which is also what IN says. Order and repetition do not count."""
    items = array[1:] if array[0] == "array" else literals.elements(array)
    if items is None:
        return ("member", operator, quantifier, left, array)
    if len(set(items)) == 1:
        return operation(operator, left, items[0])
    return ("member", operator, quantifier, left, *sorted(set(items), key=repr))


def call(name: str, arguments: Iterable[Tree]) -> Tree:
    """A function; ``EXTRACT``'s unit is a word, not a column."""
    given = tuple(arguments)
    if name == "extract" and given and given[0][0] == "column":
        given = (("text", given[0][1]), *given[1:])
    return ("call", name, *given)


def signed(sign: str, operand: Tree) -> Tree:
    """A sign before an operand, taken into a number."""
    if sign == "+":
        return operand
    if operand[0] == "number":
        return ("number", literals.number(f"-{operand[1]}" if not operand[1].startswith("-") else operand[1][1:]))
    return ("operation", "-", operand)


def columns(tree: Tree) -> Iterator[str]:
    """The columns that an expression mentions, in lower case, as often as it does."""
    if tree and tree[0] == "column":
        yield tree[1]
    else:
        for part in tree:
            if isinstance(part, tuple):
                yield from columns(part)


def understood(tree: Tree) -> bool:
    """Whether a server prints all of it as it was written, apart from what these functions take away.

    Only then do two different trees mean two different texts. Literals of arrays, ranges and rows are no such thing,
    nor are casts of which it is not known who made them, nor whatever has a grammar of its own.
    """
    match tree:
        case ("text", str(text)):
            return not text.startswith(("{", "[", "(")) or literals.elements(tree) is not None
        case ("call", name, *arguments):
            return name in _PLAIN_CALLS and all(map(understood, arguments))
        case ("operation", _, *operands):
            return all(map(understood, operands))
        case ("member", _, _, *parts) | ("collate" | "cast", _, *parts):
            return all(map(understood, parts))
        case (word, *parts):
            return word in _PLAIN_NODES and all(understood(part) for part in parts if isinstance(part, tuple))
    return False
