"""SQL expressions read into trees that are equal where the texts mean the same.

PostgreSQL prints an expression from its parse tree: with every cast that it added, ``IN`` as ``= ANY (ARRAY[…])``,
``BETWEEN`` as two comparisons, ``LIKE`` as ``~~``, everything in parentheses. Django compiles ``"status" IN ('a')``,
and SQLite keeps that as it is. The trees (`dbaudit.sql.normal_form.trees`) have none of these differences left.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from dbaudit.sql.normal_form import literals
from dbaudit.sql.normal_form.implied import Types, without_implied
from dbaudit.sql.normal_form.tokens import Token, tokenize
from dbaudit.sql.normal_form.trees import (
    COMPARISONS,
    CONSTANTS,
    NULL,
    PATTERNS,
    Tree,
    call,
    cast,
    junction,
    membership,
    negation,
    operation,
    signed,
)
from dbaudit.sql.type_names import type_name

# How strongly an operator binds, in PostgreSQL's order.
_OR, _AND, _NOT, _IS, _COMPARE, _PATTERN, _OTHER, _SUM, _PRODUCT, _POWER, _AT, _COLLATE, _SIGN = range(1, 14)
_BINDING: Final = {"+": _SUM, "-": _SUM, "*": _PRODUCT, "/": _PRODUCT, "%": _PRODUCT, "^": _POWER}
_SPELLINGS: Final = {"!=": "<>", "==": "=", "~~": "like", "~~*": "ilike", "!~~": "not like", "!~~*": "not ilike"}
# Functions that are called without parentheses.
_BARE_CALLS: Final = ("current_date", "current_time", "current_timestamp", "current_user", "localtimestamp")
# What stands between arguments of the functions with a grammar of their own, such as EXTRACT(year FROM x).
_SEPARATORS: Final = ("from", "for", "placing", "in")
_TYPE_WORDS: Final = ("varying", "precision", "unsigned", "with", "without", "time", "zone")


def tree(sql: str, types: Types | None = None) -> Tree:
    """The tree of an expression, ``("opaque", …)`` with its text or tokens where the grammar here does not know it.

    With the types of the columns, for comparing: casts that a server adds are taken out, and functions that are one
    have one name. Without them it is what was written, but for its spelling.
    """
    return _tree(sql) if types is None else without_implied(_tree(sql), types)


@lru_cache(maxsize=8192)
def _tree(sql: str) -> Tree:
    try:
        tokens = tokenize(sql)
    except ValueError:
        return ("opaque", sql)
    try:
        return _Parser(sql, tokens).whole()
    except (ValueError, RecursionError):
        return ("opaque", *(token.value for token in tokens))


class _Parser:
    """Climbs precedence over the tokens of one expression. Raises ValueError at what it does not know."""

    def __init__(self, sql: str, tokens: list[Token]) -> None:
        self.sql = sql
        self.tokens = tokens
        self.position = 0

    @property
    def next(self) -> Token:
        return self.tokens[self.position]

    def whole(self) -> Tree:
        """The expression that is all of the text."""
        found = self.expression()
        if self.next.kind != "end":
            raise ValueError(f"unexpected {self.next.value!r} at {self.next.start}")
        return found

    def expression(self, strength: int = 0) -> Tree:
        """What follows, as far as its operators bind more strongly than ``strength``."""
        found = self._operand()
        while (further := self._continued(found, strength)) is not None:
            found = further
        return found

    # -- tokens --------------------------------------------------------------------------------------------------

    def _take(self) -> Token:
        if self.next.kind == "end":
            raise ValueError("it ends too early")
        self.position += 1
        return self.tokens[self.position - 1]

    def _accept(self, *values: str) -> bool:
        """Whether these words or marks follow; if so, they are taken."""
        there = self.tokens[self.position : self.position + len(values)]
        if tuple(token.value for token in there if token.kind in ("word", "mark")) != values:
            return False
        self.position += len(values)
        return True

    def _expect(self, value: str) -> None:
        if not self._accept(value):
            raise ValueError(f"{value} expected at {self.next.start}")

    # -- operands ------------------------------------------------------------------------------------------------

    def _operand(self) -> Tree:  # noqa: PLR0911  one for each kind
        token = self._take()
        match token.kind, token.value:
            case "string", text:
                return ("text", text)
            case "number", text:
                return ("number", literals.number(text))
            case "mark", "(":
                items = self._items(")")
                return items[0] if len(items) == 1 else ("row", *items)
            case "operator", ("-" | "+") as sign:
                return signed(sign, self.expression(_SIGN))
            case "operator", operator:
                return ("operation", operator, self.expression(_OTHER))
            case "word", "not":
                return negation(self.expression(_NOT))
            case "word", "case":
                return self._case()
            case "word", "cast" if self._accept("("):
                found = self.expression()
                self._expect("as")
                found = cast(found, self._type())
                self._expect(")")
                return found
            case "word", "array" if self._accept("["):
                return ("array", *self._items("]"))
            case "word", word if word in CONSTANTS:
                return CONSTANTS[word]
            case "word" | "quoted", _:
                return self._named(token)
        raise ValueError(f"unexpected {token.value!r} at {token.start}")

    def _named(self, token: Token) -> Tree:
        """A column without its table, a call without its schema, or a literal after the name of its type."""
        while self._accept("."):
            token = self._take()
        if self._accept("("):
            return call(token.value.lower(), self._arguments())
        if token.kind == "word" and self.next.kind == "string":
            return cast(("text", self._take().value), type_name(token.value))
        if token.kind == "word" and token.value in _BARE_CALLS:
            return call(token.value, ())
        return ("column", token.value.lower())

    def _case(self) -> Tree:
        subject = () if self.next.is_word("when") else (self.expression(),)
        branches = []
        while self._accept("when"):
            condition = self.expression()
            self._expect("then")
            branches.append((condition, self.expression()))
        otherwise = self.expression() if self._accept("else") else NULL
        self._expect("end")
        return ("case", subject, tuple(branches), otherwise)

    def _items(self, closing: str) -> list[Tree]:
        """Expressions with commas between them (or the colon of a slice), and the bracket that closes them."""
        items: list[Tree] = []
        while not self._accept(closing):
            if items and not (self._accept(",") or self._accept(":")):
                raise ValueError(f"{closing} expected at {self.next.start}")
            items.append(self.expression())
        return items

    def _arguments(self) -> list[Tree]:
        """The arguments of a call; words such as FROM between them count as commas, a word before the first as one."""
        if self._accept("*"):
            return self._items(")")
        arguments: list[Tree] = []
        if self.next.is_word("leading", "trailing", "both", "distinct"):
            word = self._take().value
            arguments += [] if word == "both" else [("word", word)]
        while not self._accept(")"):
            if not (self._accept(",") or any(map(self._accept, _SEPARATORS))):
                arguments.append(self.expression())
        return arguments

    def _type(self) -> str:
        """The type that is named here."""
        start = self._take().start
        while self._accept("."):
            self._take()
        self._words_of_a_type()
        if self._accept("("):
            while not self._accept(")"):
                self._take()
        self._words_of_a_type()
        while self._accept("["):
            while not self._accept("]"):
                self._take()
        return type_name(self.sql[start : self.tokens[self.position - 1].stop])

    def _words_of_a_type(self) -> None:
        while self.next.is_word(*_TYPE_WORDS):
            self._take()

    # -- operators -----------------------------------------------------------------------------------------------

    def _continued(self, left: Tree, strength: int) -> Tree | None:  # noqa: PLR0911  as above
        """``left`` with the operator that follows, None where none does that binds more strongly."""
        if self._accept("::"):
            return cast(left, self._type())
        if self._accept("["):
            return ("item", left, *self._items("]"))
        if self.next.kind == "word":
            return self._worded(left, strength)
        if self.next.kind != "operator":
            return None
        operator = _SPELLINGS.get(self.next.value, self.next.value)
        binding = _COMPARE if operator in COMPARISONS else _BINDING.get(operator, _OTHER)
        if binding <= strength:
            return None
        self._take()
        for word, quantifier in (("any", "any"), ("some", "any"), ("all", "all")):
            if self._accept(word, "("):
                (array,) = self._items(")")
                return membership(operator, quantifier, left, array)
        return operation(operator, left, self.expression(binding))

    def _worded(self, left: Tree, strength: int) -> Tree | None:  # noqa: PLR0911  as above
        """The operators that are words."""
        if strength < _OR and self._accept("or"):
            return junction("or", left, self.expression(_OR))
        if strength < _AND and self._accept("and"):
            return junction("and", left, self.expression(_AND))
        if strength < _IS and self._accept("is"):
            return self._is(left)
        if strength < _IS and self._accept("isnull"):
            return ("is", NULL, left)
        if strength < _IS and self._accept("notnull"):
            return ("is not", NULL, left)
        if strength < _AT and self._accept("at", "time", "zone"):
            return call("timezone", (self.expression(_AT), left))
        if strength < _COLLATE and self._accept("collate"):
            return ("collate", self._name(), left)
        return self._test(left) if strength < _PATTERN else None

    def _test(self, left: Tree) -> Tree | None:
        if self.next.is_word("not"):
            self._take()
            found = self._test(left)
            if found is None:
                raise ValueError(f"unexpected NOT before {self.next.start}")
            return negation(found)
        if self._accept("in", "("):
            return membership("=", "any", left, ("array", *self._items(")")))
        if self._accept("between"):
            low = self.expression(_COMPARE)
            self._expect("and")
            return junction("and", operation(">=", left, low), operation("<=", left, self.expression(_COMPARE)))
        for word in PATTERNS:
            if self._accept(word):
                found = operation(word, left, self.expression(_PATTERN))
                return (*found, self.expression(_PATTERN)) if self._accept("escape") else found
        return None

    def _is(self, left: Tree) -> Tree:
        negated = self._accept("not")
        if self._accept("distinct", "from"):
            found: Tree = ("distinct", *sorted((left, self.expression(_IS)), key=repr))
        else:
            found = ("is", self.expression(_IS), left)
        return negation(found) if negated else found

    def _name(self) -> str:
        token = self._take()
        while self._accept("."):
            token = self._take()
        return token.value.lower()
