"""Whether two conditions let the same rows through, found out by trying them on every kind of row that they tell apart.

A condition compares columns (or expressions) with literals. Between two neighbouring literals all values are alike to
it, so a column has only a few kinds of values: each literal, each gap between them, and NULL. Both conditions are
worked out, in SQL's three-valued logic, for every combination. Where no combination tells them apart they mean the
same, however they are spelled. What is not understood (a pattern, a CASE) is true, false or unknown by itself.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from itertools import combinations, product
from math import prod
from operator import eq, ge, gt, le, lt, ne
from typing import Any, Final, Literal

from dbaudit.facts import Column, Table
from dbaudit.sql import normal_form
from dbaudit.sql.normal_form import Verdict
from dbaudit.sql.normal_form.trees import COMPARISONS, NULL, Tree, columns, understood

#: More kinds of rows than this are not tried.
MOST_ROWS: Final = 20_000
_LITERALS: Final = ("text", "number")
_INTEGERS: Final = ("smallint", "integer", "bigint")
#: Types whose literals sort as text, because they were read into the ISO form.
_MOMENTS: Final = ("date", "timestamp")

Truth = bool | None
Rows = Iterator[dict[Tree, Any]]


def same_rows(one: str, other: str, table: Table, *, passes: Literal["true", "not false"]) -> Verdict:
    """Whether two conditions hold for the same rows of the table.

    A partial index holds the rows for which its condition is true; a check constraint lets those pass for which it is
    not false.
    """
    if one == other:
        return Verdict.SAME
    if not (one and other):
        return Verdict.DIFFERENT
    first, second = (normal_form.condition(text, table.types) for text in (one, other))
    if first == second:
        return Verdict.SAME
    kinds = _Kinds(table, (first, second))
    rows = kinds.rows()
    wanted = (True,) if passes == "true" else (True, None)
    if rows is not None and all((_value(first, row) in wanted) == (_value(second, row) in wanted) for row in rows):
        return Verdict.SAME
    told = (rows is not None and kinds.independent) or _shape(first) == _shape(second)
    return Verdict.DIFFERENT if told and understood(first) and understood(second) else Verdict.UNSURE


def implied(by: Collection[str], condition: str, table: Table) -> bool:
    """Whether no row that passes all these check constraints could be refused by this one."""
    trees = [normal_form.condition(one, table.types) for one in by]
    wanted = normal_form.condition(condition, table.types)
    about = {*columns(wanted)}
    trees = [one for one in trees if about & {*columns(one)}]
    rows = _Kinds(table, (*trees, wanted)).rows() if trees else None
    return rows is not None and all(
        _value(wanted, row) is not False for row in rows if all(_value(one, row) is not False for one in trees)
    )


# -- the kinds of rows ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Order:
    """The literals that one term is compared with, in their order. A value is the place of a literal (odd) or of a gap
    beside one (even)."""

    literals: tuple[Any, ...]

    def place(self, literal: Tree) -> int:
        return 2 * self.literals.index(_plain(literal)) + 1


class _Kinds:
    """What of a row some conditions look at, and every kind of row that there is to them."""

    def __init__(self, table: Table, trees: Iterable[Tree]) -> None:
        self.table = table
        self._ordered: defaultdict[Tree, set[Any]] = defaultdict(set)
        compared: defaultdict[Tree, set[Any]] = defaultdict(set)
        for term, operator, literal in (found for tree in trees for found in _terms(tree)):
            compared[term] |= {_plain(literal)} if operator else set()
            self._ordered[term] |= {_plain(literal)} if operator not in ("", "=", "<>") else set()
        self.terms = {term: self._values(term, literals) for term, literals in compared.items()}

    @property
    def independent(self) -> bool:
        """Whether any two of the terms may have any values: they have no column in common."""
        named = [{*columns(term)} for term in self.terms]
        return not any(one & other for one, other in combinations(named, 2))

    def rows(self) -> Rows | None:
        """Each kind of row, None where there are too many or values whose order is unknown."""
        if any(not values for values in self.terms.values()):
            return None
        if prod(map(len, self.terms.values())) > MOST_ROWS:
            return None
        return (dict(zip(self.terms, values, strict=True)) for values in product(*self.terms.values()))

    def _values(self, term: Tree, literals: set[Any]) -> list[Any]:
        """What a term may be: places among its literals, three signs of a comparison, or true and false; and NULL.
        None at all where the order of its literals is unknown."""
        if term[0] == "pair":
            return [-1, 0, 1, None]
        if term[0] == "atom":
            return [True, False, None]
        column = self._column(term)
        null = [None] if column is None or column.nullable else []
        kind = normal_form.type_name(column.type) if column else ""
        if kind == "boolean":
            order = _Order((Decimal(0), Decimal(1)))
            return [(order, 1), (order, 3), *null] if literals <= {*order.literals} else []
        texts = any(isinstance(one, str) for one in literals)
        if len({type(one) for one in literals}) > 1 or (
            texts and len(self._ordered[term]) > 1 and not kind.startswith(_MOMENTS)
        ):
            return []
        order = _Order(tuple(sorted(literals)))
        whole = kind.startswith(_INTEGERS)
        places = range(2 * len(order.literals) + 1)
        return [*((order, place) for place in places if not (whole and _nothing_between(order, place))), *null]

    def _column(self, term: Tree) -> Column | None:
        names = {column.name.lower(): column for column in self.table.columns}
        return names.get(term[1]) if term[0] == "column" else None


def _nothing_between(order: _Order, place: int) -> bool:
    """Whether an even place is the gap between two numbers that follow each other."""
    at = place // 2
    if place % 2 or not 0 < at < len(order.literals):
        return False
    low, high = order.literals[at - 1], order.literals[at]
    return isinstance(low, Decimal) and high - low == 1 and low == low.to_integral_value()


def _pair(left: Tree, right: Tree) -> tuple[Tree, int]:
    """Two terms that are compared with each other, and the sign of their order here."""
    return (("pair", right, left), -1) if repr(right) < repr(left) else (("pair", left, right), 1)


def _plain(literal: Tree) -> Any:
    if literal[0] == "number":
        try:
            return Decimal(literal[1])
        except InvalidOperation:
            return literal[1]
    return literal[1]


def _terms(tree: Tree) -> Iterator[tuple[Tree, str, Tree]]:
    """What a condition looks at: each term with an operator and a literal, ``""`` and NULL where it has none."""
    match tree:
        case ("and" | "or", *parts) | ("not", *parts):
            for part in parts:
                yield from _terms(part)
        case ("number", _) | ("null",):
            return
        case ("is" | "is not", ("null",), operand):
            yield operand, "", NULL
        case ("operation", operator, left, right) if operator in COMPARISONS and right[0] in _LITERALS:
            yield left, operator, right
        case ("operation", operator, left, right) if operator in COMPARISONS and NULL not in (left, right):
            yield _pair(left, right)[0], "", NULL
        case ("member", "=" | "<>" as operator, _, left, *items) if items and all(one[0] in _LITERALS for one in items):
            yield from ((left, operator, one) for one in items)
        case _:
            yield ("atom", tree), "", NULL


# -- working a condition out ---------------------------------------------------------------------------------------


def _value(tree: Tree, row: Mapping[Tree, Any]) -> Truth:  # noqa: PLR0911  one for each kind
    match tree:
        case ("and", *parts):
            found = {_value(part, row) for part in parts}
            return False if False in found else None if None in found else True
        case ("or", *parts):
            found = {_value(part, row) for part in parts}
            return True if True in found else None if None in found else False
        case ("not", inner):
            held = _value(inner, row)
            return None if held is None else not held
        case ("number", text):
            return bool(text != "0")
        case ("null",):
            return None
        case ("is" | "is not" as word, ("null",), operand) if operand in row:
            return bool((row[operand] is None) == (word == "is"))
        case ("operation", operator, left, right) if operator in COMPARISONS and right[0] in _LITERALS:
            return _compared(operator, row[left], right)
        case ("operation", operator, left, right) if _pair(left, right)[0] in row:
            pair, direction = _pair(left, right)
            return None if row[pair] is None else bool(_OPERATORS[operator](direction * row[pair], 0))
        case ("member", operator, _, left, *items) if ("atom", tree) not in row:
            found = {_compared(operator, row[left], one) for one in items}
            return None if None in found else (True in found if operator == "=" else False not in found)
    return row["atom", tree]  # type: ignore[no-any-return]


_OPERATORS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "=": eq,
    "<>": ne,
    "<": lt,
    "<=": le,
    ">": gt,
    ">=": ge,
}


def _compared(operator: str, value: tuple[_Order, int] | None, literal: Tree) -> Truth:
    if value is None:
        return None
    order, place = value
    return bool(_OPERATORS[operator](place, order.place(literal)))


def _shape(tree: Tree) -> Tree:
    """The tree without its literals."""
    if tree[0] in _LITERALS:
        return ("literal",)
    return tuple(_shape(part) if isinstance(part, tuple) and part else part for part in tree)
