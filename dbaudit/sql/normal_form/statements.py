"""``CREATE INDEX`` statements and the definitions of constraints, read into facts.

These are what Django's schema editor compiles and what ``pg_get_constraintdef`` prints; what they leave out (a schema,
a tablespace, storage parameters) says nothing about what an index is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from dbaudit.facts import Declaration, Index, IndexKey
from dbaudit.facts.tables import Nulls
from dbaudit.sql.normal_form.tokens import Token, tokenize

# Nearly all that a schema editor makes. Reading those without tokens takes a tenth of the time.
_KEY: Final = re.compile(r'"([^"]+)"(?: (\w+_ops))?( DESC)?')
_PLAIN: Final = re.compile(
    rf'CREATE (?P<unique>UNIQUE )?INDEX "(?P<name>[^"]+)" ON "[^"]+" '
    rf"\((?P<keys>{_KEY.pattern}(?:, {_KEY.pattern})*)\)(?: WHERE (?P<predicate>.+))?",
    re.DOTALL,
)
_PLAIN_UNIQUE: Final = re.compile(r'UNIQUE \((?P<keys>"[^"]+"(?:, "[^"]+")*)\)')
_PLAIN_ADDED: Final = re.compile(r'ALTER TABLE "[^"]+" ADD CONSTRAINT "([^"]+)" (.+)', re.DOTALL)
_CHECK: Final = re.compile(
    r"CHECK\s*\((.*)\)(?:\s+(?:NO INHERIT|NOT VALID|NOT ENFORCED))*\s*", re.DOTALL | re.IGNORECASE
)
_ENDS_A_KEY: Final = ("asc", "desc", "nulls", "with")


@dataclass(frozen=True, slots=True, kw_only=True)
class Exclusion:
    """What an exclusion constraint says: keys with the operator that no two rows may answer to."""

    method: str
    keys: tuple[IndexKey, ...]
    operators: tuple[str, ...]
    included: tuple[str, ...]
    predicate: str
    deferrable: str


def index(sql: str, table: str, *, declared: Declaration | None = None) -> Index:
    """The index that a ``CREATE INDEX`` statement makes.

    Raises:
        ValueError: it is no such statement, or one that this grammar does not know.
    """
    if plain := _PLAIN.fullmatch(sql):
        return Index(
            name=plain["name"],
            table=table,
            keys=tuple(
                IndexKey(column=column, opclass=opclass, descending=bool(down))
                for column, opclass, down in _KEY.findall(plain["keys"])
            ),
            predicate=plain["predicate"] or "",
            unique=bool(plain["unique"]),
            definition=sql,
            declared=declared,
        )
    reader = _Reader(sql)
    reader.skip("create")
    is_unique = reader.accept("unique")
    reader.skip("index", "concurrently", "if", "not", "exists")
    name = reader.name()
    reader.skip("on", "only")
    reader.name()
    method = reader.name().lower() if reader.accept("using") else "btree"
    keys = tuple(reader.positions())
    included, predicate, distinct = reader.clauses()
    return Index(
        name=name,
        table=table,
        keys=tuple(key for key, _ in keys),
        included=included,
        predicate=predicate,
        method=method,
        unique=is_unique,
        nulls_distinct=distinct,
        definition=sql,
        declared=declared,
    )


def unique(definition: str, table: str, name: str, *, declared: Declaration | None = None) -> Index:
    """The index behind a constraint that reads ``UNIQUE [NULLS NOT DISTINCT] (columns) …``.

    Raises:
        ValueError: it does not read so.
    """
    included: tuple[str, ...] = ()
    distinct = True
    if plain := _PLAIN_UNIQUE.fullmatch(definition):
        keys = tuple(IndexKey(column=column) for column in plain["keys"][1:-1].split('", "'))
    else:
        reader = _Reader(definition)
        reader.skip("unique")
        distinct = reader.nulls_distinct()
        keys = tuple(key for key, _ in reader.positions())
        included, _, _ = reader.clauses()
    return Index(
        name=name,
        table=table,
        keys=keys,
        included=included,
        unique=True,
        nulls_distinct=distinct,
        constraint="unique",
        constraint_name=name,
        declared=declared,
    )


def added(sql: str) -> tuple[str, str]:
    """The name and the definition of the constraint that an ``ALTER TABLE … ADD CONSTRAINT`` statement adds.

    Raises:
        ValueError: it is no such statement.
    """
    if plain := _PLAIN_ADDED.fullmatch(sql):
        return plain[1], plain[2]
    reader = _Reader(sql)
    reader.skip("alter", "table", "only")
    reader.name()
    reader.skip("add", "constraint")
    name = reader.name()
    return name, sql[reader.next.start :].rstrip().rstrip(";")


def check(definition: str) -> str:
    """The condition of a constraint that reads ``CHECK (condition)``, whatever follows it.

    Raises:
        ValueError: it does not read so.
    """
    match = _CHECK.fullmatch(definition)
    if not match:
        raise ValueError(f"no check constraint: {definition}")
    return match[1]


def exclusion(definition: str) -> Exclusion:
    """What a definition that reads ``EXCLUDE USING method (key WITH operator, …) …`` says.

    Raises:
        ValueError: it does not read so.
    """
    reader = _Reader(definition)
    reader.skip("exclude")
    method = reader.name().lower() if reader.accept("using") else "gist"
    keys = tuple(reader.positions())
    included, predicate, _ = reader.clauses()
    return Exclusion(
        method=method,
        keys=tuple(key for key, _ in keys),
        operators=tuple(operator for _, operator in keys),
        included=included,
        predicate=predicate,
        deferrable=deferrable(definition),
    )


def deferrable(definition: str) -> str:
    """``"deferred"`` or ``"immediate"`` for a constraint that can be deferred, else ``""``."""
    if "DEFERRABLE" not in definition.upper():
        return ""
    words = " ".join(
        token.value if token.kind == "word" else "," for token in tokenize(definition) if token.kind != "end"
    )
    if "not deferrable" in words or "deferrable" not in words:
        return ""
    return "deferred" if "initially deferred" in words else "immediate"


class _Reader:
    """Walks over the tokens of a statement. Raises ValueError at what it does not know."""

    def __init__(self, sql: str) -> None:
        self.sql = sql
        self.tokens = tokenize(sql)
        self.position = 0

    @property
    def next(self) -> Token:
        return self.tokens[self.position]

    def take(self) -> Token:
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
        if token.kind not in ("word", "quoted"):
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

    def positions(self) -> Iterator[tuple[IndexKey, str]]:
        """The keys between parentheses, each with the operator that an exclusion constraint gives it."""
        if not self.accept("("):
            raise ValueError(f"( expected at {self.next.start} of {self.sql!r}")
        while not self.accept(")"):
            self.accept(",")
            yield self._key()

    def _key(self) -> tuple[IndexKey, str]:
        """``column [COLLATE name] [opclass [(parameters)]] [DESC] [NULLS FIRST] [WITH operator]``, or an expression."""
        column, expression = self._head()
        collation = self.name() if self.accept("collate") else ""
        opclass = ""
        if self.next.kind in ("word", "quoted") and not self.next.is_word(*_ENDS_A_KEY):
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

    def _head(self) -> tuple[str, str]:
        """A column's name, or the text of an expression: in parentheses, or a call."""
        start = self.position
        if self.next.is_mark("("):
            expression = self.group()
            inner = tokenize(expression)
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
