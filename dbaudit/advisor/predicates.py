"""What one condition of a statement asks of the keys that stand in it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal

from sqlglot import exp

from dbaudit.advisor.parsing import UNKNOWN, Parsed, spelled
from dbaudit.facts import IndexKey, Table

#: How a key is asked for. "contain" and "keys" (of JSON, whether they exist) want an index of the operator's own,
#: "match" one over trigrams.
Role = Literal["equal", "in", "null", "range", "prefix", "join", "contain", "keys", "match"]

_RANGES = (exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Between)
#: What wants an index that is no b-tree, with PostgreSQL's operator: which index that is depends on the column's type.
_OPERATORS: dict[type[exp.Expr], str] = {
    exp.ArrayContainsAll: "@>",
    exp.ArrayContainedBy: "<@",
    exp.ArrayOverlaps: "&&",
    exp.MatchAgainst: "@@",
    exp.JSONBPathExists: "@?",
    exp.JSONBContainsTopKey: "?",
    exp.JSONBContainsAnyTopKeys: "?|",
    exp.JSONBContainsAllTopKeys: "?&",
    exp.Adjacent: "-|-",
    exp.ExtendsLeft: "&<",
    exp.ExtendsRight: "&>",
    exp.BitwiseLeftShift: "<<",
    exp.BitwiseRightShift: ">>",
}
#: The operator that says the same with its sides exchanged.
_EXCHANGED = {"@>": "<@", "<@": "@>", "<<": ">>", ">>": "<<", "&<": "", "&>": ""}
_NO_KEY = (exp.AggFunc, exp.Window, exp.Query, exp.Star)
_TEXTS = ("text", "character varying", "varchar", "character", "bpchar", "citext", "name")


@dataclass(frozen=True, slots=True)
class Place:
    """A column of one occurrence of a table: ``occurrence`` numbers them within the statement."""

    occurrence: int
    table: Table
    column: str


Resolve = Callable[[exp.Column], Place | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """A key that a condition asks for, by an ``operator`` where that is no plain comparison.

    ``literal`` is the value as SQL where every sample had the same; ``stands`` says that it stands in the statement's
    text, and was not sent with it. ``test`` is the whole condition as SQL without the table's name where it holds for a
    partial index always: it is part of the statement's text, not of its values. ``certain`` terms hold for all rows of
    the answer; the others stand under an OR, each ``branch`` of it by itself.
    """

    occurrence: int
    role: Role
    key: IndexKey | None = None
    operator: str = ""
    literal: str = ""
    stands: bool = False
    test: str = ""
    branch: int = 0


@dataclass(frozen=True)
class Reader:
    """Reads the conditions of one SELECT. ``resolve`` says what a column is."""

    parsed: Parsed
    resolve: Resolve

    def terms(self, condition: exp.Expr) -> Iterator[Term]:
        """All terms of a condition, the parts of an AND together."""
        branches = 0
        for part in conjuncts(condition):
            if isinstance(part, exp.Or):
                for alternative in disjuncts(part):
                    branches += 1
                    for term in self.terms(alternative):
                        yield _under(term, branches)
            else:
                yield from self._terms(part)

    def _terms(self, node: exp.Expr) -> Iterator[Term]:
        if isinstance(node, exp.Not):
            yield from self._negated(_bare(node.this))
        elif isinstance(node, exp.Column):
            yield from self._test(node, node, "equal", "true")
        elif isinstance(node, exp.Is):
            yield from self._is(node)
        elif isinstance(node, exp.EQ):
            yield from self._equal(_bare(node.this), _bare(node.expression))
        elif isinstance(node, exp.In):
            yield from self._in(node)
        elif isinstance(node, _RANGES):
            yield from self._range(node)
        elif isinstance(node, exp.Like | exp.ILike):
            yield from self._like(node)
        elif isinstance(node, exp.RegexpLike | exp.RegexpILike):
            yield from self._keyed(_bare(node.this), "match")
        elif type(node) in _OPERATORS:
            yield from self._special(node, _OPERATORS[type(node)])

    def _special(self, node: exp.Expr, operator: str) -> Iterator[Term]:
        role: Role = "keys" if "?" in operator and operator != "@?" else "contain"
        sides = [side for side in (node.this, node.args.get("expression"), *node.expressions) if side is not None]
        if isinstance(node, exp.MatchAgainst):
            sides.reverse()  # the document stands behind the query there
        for place, side in enumerate(sides):
            asked = _EXCHANGED.get(operator, operator) if place else operator
            for term in self._keyed(_bare(side), role) if asked else ():
                yield replace(term, operator=asked)

    def _negated(self, node: exp.Expr) -> Iterator[Term]:
        if isinstance(node, exp.Column):
            yield from self._test(exp.Not(this=node.copy()), node, "equal", "false")
        elif isinstance(node, exp.Is):
            yield from self._is(node, negated=True)

    def _is(self, node: exp.Is, *, negated: bool = False) -> Iterator[Term]:
        negated ^= bool(node.args.get("negate"))
        key, value = _bare(node.this), node.expression
        if isinstance(value, exp.Boolean) and not negated:
            yield from self._test(node, key, "equal", "true" if value.this else "false")
        elif isinstance(value, exp.Null) and not negated:
            yield from self._test(node, key, "null", "")
        elif isinstance(value, exp.Null):
            # No key: most rows have a value. As the condition of a partial index it may leave many out.
            for term in self._test(exp.Not(this=exp.Is(this=key.copy(), expression=exp.Null())), key, "null", ""):
                yield Term(occurrence=term.occurrence, role="null", test=term.test)

    def _test(self, whole: exp.Expr, key: exp.Expr, role: Role, literal: str) -> Iterator[Term]:
        """A condition that stands in the statement's text with its value."""
        for term in self._keyed(key, role):
            yield Term(
                occurrence=term.occurrence,
                role=role,
                key=term.key,
                literal=literal,
                test=self.parsed.sql(unqualified(whole)),
            )

    def _equal(self, left: exp.Expr, right: exp.Expr) -> Iterator[Term]:
        if isinstance(left, exp.Tuple) and isinstance(right, exp.Tuple):
            for one, other in zip(left.expressions, right.expressions, strict=False):
                yield from self._equal(_bare(one), _bare(other))
            return
        for key, value in ((left, right), (right, left)):
            if self._mentions(value):
                yield from self._keyed(key, "join", besides=value)
            elif isinstance(value, exp.Query | exp.Subquery):
                yield from self._keyed(key, "equal")
            elif isinstance(value, exp.Any):
                yield from self._keyed(key, "in")
            else:
                literal = spelled(self.parsed.constant(value)) or ""
                yield from self._keyed(key, "equal", literal=literal, stands=self.parsed.stands(value))

    def _in(self, node: exp.In) -> Iterator[Term]:
        this = _bare(node.this)
        if node.args.get("query") is not None:
            yield from self._keyed(this, "join")
            return
        values = [value for one in node.expressions for value in self.parsed.values(one)]
        literals = [spelled(one) for one in values]
        single = literals[0] if len({*literals}) == 1 else None
        yield from self._keyed(this, "equal" if single else "in", literal=single or "")

    def _range(self, node: exp.Expr) -> Iterator[Term]:
        sides = [node.this, *(node.args.get(name) for name in ("expression", "low", "high"))]
        for side in (_bare(one) for one in sides if one is not None):
            others = [one for one in sides if one is not None and _bare(one) is not side]
            yield from self._keyed(side, "range", besides=exp.Tuple(expressions=[one.copy() for one in others]))

    def _like(self, node: exp.Expr) -> Iterator[Term]:
        pattern = _bare(node.expression)
        while isinstance(pattern, exp.Upper | exp.Lower | exp.Paren | exp.Cast):
            pattern = pattern.this
        starts = [str(one)[:1] for one in self.parsed.values(pattern) if one is not UNKNOWN]
        if isinstance(node, exp.Like) and starts and not {*starts} & {"%", "_", ""}:
            yield from self._keyed(_bare(node.this), "prefix")
        else:
            yield from self._keyed(_bare(node.this), "match")

    def _keyed(
        self,
        node: exp.Expr,
        role: Role,
        *,
        literal: str = "",
        stands: bool = False,
        besides: exp.Expr | None = None,
    ) -> Iterator[Term]:
        """The term for a side of a comparison, where it can be the key of an index: all of one table.

        Nothing where the other side (``besides``) asks the same row: no index compares two columns of a row.
        """
        found = self.key(node)
        if found is None:
            return
        occurrence, key = found
        others = [self.resolve(one) for one in besides.find_all(exp.Column)] if besides is not None else []
        if not any(other and other.occurrence == occurrence for other in others):
            yield Term(occurrence=occurrence, role=role, key=key, literal=literal, stands=stands)

    def key(self, node: exp.Expr) -> tuple[int, IndexKey] | None:
        """The key that an index would need to answer for a column or an expression, and of which occurrence."""
        node = self._uncast(node)
        columns = list(node.find_all(exp.Column))
        places = [self.resolve(one) for one in columns]
        first = places[0] if places else None
        if first is None or any(one is None or one.occurrence != first.occurrence for one in places):
            return None
        if isinstance(node, exp.Column):
            return first.occurrence, IndexKey(column=first.column)
        if node.find(*_NO_KEY) is not None:
            return None
        bound = self.parsed.bound(node)
        return None if bound is None else (first.occurrence, IndexKey(expression=self.parsed.sql(unqualified(bound))))

    def _uncast(self, node: exp.Expr) -> exp.Expr:
        """A text column without its cast to text, which changes nothing: Django casts before each LIKE."""
        inner = _bare(node.this) if isinstance(node, exp.Cast) else None
        if isinstance(inner, exp.Column) and node.args["to"].is_type("text"):
            place = self.resolve(inner)
            column = place and place.table.column(place.column)
            if column and column.type.lower().startswith(_TEXTS):
                return inner
        return node

    def _mentions(self, node: exp.Expr) -> bool:
        """Whether a side compares with what another table holds, not with a value."""
        if isinstance(node, exp.Query | exp.Subquery):
            return False
        return any(True for _ in node.find_all(exp.Column))


def conjuncts(node: exp.Expr) -> Iterator[exp.Expr]:
    """The parts of an AND, brackets opened."""
    node = _bare(node)
    if isinstance(node, exp.And):
        yield from conjuncts(node.this)
        yield from conjuncts(node.expression)
    else:
        yield node


def disjuncts(node: exp.Expr) -> Iterator[exp.Expr]:
    """The parts of an OR, brackets opened."""
    node = _bare(node)
    if isinstance(node, exp.Or):
        yield from disjuncts(node.this)
        yield from disjuncts(node.expression)
    else:
        yield node


def common(branches: Iterable[Iterable[Any]]) -> list[Any]:
    """What stands in all of them, in the order of the first."""
    first, *others = [list(one) for one in branches]
    return [one for one in first if all(one in other for other in others)]


def unqualified(node: exp.Expr) -> exp.Expr:
    """The expression as an index has it: columns without their table's name."""
    copy = node.copy()
    for column in copy.find_all(exp.Column):
        for part in ("table", "db", "catalog"):
            column.set(part, None)
        identifier = column.this
        if isinstance(identifier, exp.Identifier) and not identifier.quoted:
            identifier.set("this", identifier.this.lower())
    return copy


def _bare(node: exp.Expr) -> exp.Expr:
    while isinstance(node, exp.Paren):
        node = node.this
    return node


def _under(term: Term, branch: int) -> Term:
    return replace(term, test="", branch=branch)
