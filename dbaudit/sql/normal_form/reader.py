"""Reads the statements and definitions that make indexes and constraints, token by token."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Final

from dbaudit.facts import IndexKey
from dbaudit.facts.indexes import Nulls
from dbaudit.sql.normal_form.tokens import Token, tokenize

# What follows an operator class, or stands where one would: SQLite's tests for NULL.
_NO_CLASS: Final = ("asc", "desc", "nulls", "with", "notnull", "isnull")


class Reader:
    """Walks over the tokens of a statement. Raises ValueError at what it does not know."""

    def __init__(self, sql: str, *, brackets: bool = False) -> None:
        self.sql, self.brackets = sql, brackets
        self.tokens = tokenize(sql, brackets=brackets)
        self.position = 0

    @property
    def next(self) -> Token:
        """The token that stands here."""
        return self.tokens[self.position]

    def take(self) -> Token:
        """The token that stands here, which is gone past."""
        if self.next.kind == "end":
            raise ValueError(f"{self.sql!r} ends too early")
        self.position += 1
        return self.tokens[self.position - 1]

    def accept(self, *words: str) -> bool:
        """Whether one of these words or marks follows; if so, it is taken."""
        found = self.next.is_word(*words) or self.next.is_mark(*words)
        self.position += found
        return found

    def skip(self, *words: str) -> None:
        """Go past these words, as far as they are there."""
        while self.next.is_word(*words):
            self.position += 1

    def name(self) -> str:
        """A name without what stands before its last point."""
        token = self.take()
        while self.accept("."):
            token = self.take()
        if token.kind not in ("word", "quoted", "string"):  # SQLite takes a string for a name as well
            raise ValueError(f"a name expected at {token.start} of {self.sql!r}")
        return token.value

    def group(self) -> str:
        """The text between the pair of parentheses that stands here."""
        start = self.next.stop
        self.past_group()
        return self.sql[start : self.tokens[self.position - 1].start].strip()

    def past_group(self) -> None:
        """Go past the pair of parentheses that stands here."""
        if not self.accept("("):
            raise ValueError(f"( expected at {self.next.start} of {self.sql!r}")
        depth = 1
        while depth:
            token = self.take()
            depth += token.is_mark("(") - token.is_mark(")")

    def head(self) -> tuple[str, bool]:
        """The name and the uniqueness of an index, up to the name of its table."""
        if not self.accept("create"):
            raise ValueError(f"no CREATE INDEX: {self.sql!r}")
        is_unique = self.accept("unique")
        if not self.accept("index"):
            raise ValueError(f"no CREATE INDEX: {self.sql!r}")
        self.skip("concurrently", "if", "not", "exists")
        name = self.name()
        if not self.accept("on"):
            raise ValueError(f"no CREATE INDEX: {self.sql!r}")
        self.skip("only")
        self.name()
        return name, is_unique

    def positions(self) -> Iterator[tuple[IndexKey, str]]:
        """The keys between parentheses, each with the operator that an exclusion constraint gives it."""
        if not self.accept("("):
            raise ValueError(f"( expected at {self.next.start} of {self.sql!r}")
        while not self.accept(")"):
            self.accept(",")
            start = self.position
            with suppress(ValueError):
                key = self._key()
                if self.next.is_mark(",", ")"):
                    yield key
                    continue
            self.position = start
            yield self._any_expression(), ""

    def _key(self) -> tuple[IndexKey, str]:
        """``column [COLLATE name] [opclass [(parameters)]] [DESC] [NULLS FIRST] [WITH operator]``, or an expression."""
        column, expression = self._head()
        collation = self.name() if self.accept("collate") else ""
        opclass = ""
        if self.next.kind in ("word", "quoted") and not self.next.is_word(*_NO_CLASS):
            opclass = self.name()
            if self.next.is_mark("("):
                opclass += f" ({self.group()})"
        self.accept("asc")
        descending = self.accept("desc")
        nulls: Nulls = ""
        if self.accept("nulls"):
            first = self.take().value == "first"
            # Only PostgreSQL's indexes say it, and there a falling key has NULL first by itself.
            nulls = "" if first == descending else "first" if first else "last"
        operator = self._operator() if self.accept("with") else ""
        key = IndexKey(
            column=column,
            expression=expression,
            opclass=opclass,
            collation=collation,
            descending=descending,
            nulls=nulls,
        )
        return key, operator

    def _any_expression(self) -> IndexKey:
        """``expression [COLLATE name] [ASC | DESC]``, as SQLite takes it, without parentheses around it."""
        start = self.position
        while not self.next.is_mark(",", ")"):
            if self.next.is_mark("("):
                self.past_group()
            else:
                self.take()
        found = self.tokens[start : self.position]
        descending = bool(found) and found[-1].is_word("desc")
        if found and found[-1].is_word("asc", "desc"):
            found.pop()
        collation = ""
        if len(found) > 2 and found[-2].is_word("collate"):
            collation = found[-1].value
            del found[-2:]
        if not found:
            raise ValueError(f"a key expected at {self.next.start} of {self.sql!r}")
        text = self.sql[found[0].start : found[-1].stop]
        return IndexKey(expression=text, collation=collation, descending=descending)

    def _head(self) -> tuple[str, str]:
        """A column's name, or the text of an expression: in parentheses, or a call."""
        start = self.position
        if self.next.is_mark("("):
            expression = self.group()
            inner = tokenize(expression, brackets=self.brackets)
            if len(inner) == 2 and inner[0].kind in ("word", "quoted"):
                return inner[0].value, ""
            return "", expression
        name = self.name()
        if not self.next.is_mark("("):
            return name, ""
        self.past_group()
        return "", self.sql[self.tokens[start].start : self.tokens[self.position - 1].stop]

    def _operator(self) -> str:
        if self.accept("operator"):
            return self.group().rpartition(".")[2]
        return self.take().value

    def nulls_distinct(self) -> bool:
        """``NULLS [NOT] DISTINCT``, where it stands here."""
        if not self.accept("nulls"):
            return True
        distinct = not self.accept("not")
        self.skip("distinct")
        return distinct

    def clauses(self) -> tuple[tuple[str, ...], str, bool]:
        """What follows the keys: the included columns, the predicate, and whether NULLs are distinct."""
        included: tuple[str, ...] = ()
        distinct = True
        while self.next.kind != "end":
            if self.accept("include"):
                included = tuple(key.column for key, _ in self.positions())
            elif self.next.is_word("nulls"):
                distinct = self.nulls_distinct()
            elif self.accept("where"):
                return included, self._predicate(), distinct
            elif self.next.is_mark("("):
                self.past_group()
            else:
                self.take()
        return included, "", distinct

    def _predicate(self) -> str:
        """The rest of the text, without the words about deferring that end an exclusion constraint."""
        start = self.next.start
        if self.next.is_mark("("):
            self.past_group()
            if self.next.is_word("deferrable", "not", "initially"):
                return self.sql[start : self.tokens[self.position - 1].stop]
        return self.sql[start:].strip().rstrip(";")
