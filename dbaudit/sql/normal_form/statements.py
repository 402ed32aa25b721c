"""``CREATE INDEX`` statements and the definitions of constraints, read into facts.

These are what Django's schema editor compiles, ``pg_get_constraintdef`` prints and SQLite keeps; what they leave out (a
schema, a tablespace, storage parameters) says nothing about what an index is.

sqlglot is not used for them: the texts of keys and conditions must stay as the database has them, to be compared,
shown and undone, and a schema of thousands of indexes is read in a tenth of the time.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from dbaudit.facts import Declaration, Index, IndexKey
from dbaudit.sql.normal_form.reader import Reader
from dbaudit.sql.normal_form.tokens import tokenize

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Exclusion:
    """What an exclusion constraint says: keys with the operator that no two rows may answer to."""

    method: str
    keys: tuple[IndexKey, ...]
    operators: tuple[str, ...]
    included: tuple[str, ...]
    predicate: str
    deferrable: str


def index(sql: str, table: str, *, declared: Declaration | None = None, brackets: bool = False) -> Index:
    """The index that a ``CREATE INDEX`` statement makes; ``brackets`` where ``[name]`` is an identifier (SQLite).

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
    reader = Reader(sql, brackets=brackets)
    name, is_unique = reader.head()
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """A ``CREATE INDEX`` statement apart from its table: ``body`` is the text that stands after the table's name."""

    name: str
    unique: bool
    body: str


def parts(sql: str) -> Parts:
    """A ``CREATE INDEX`` statement without its table.

    Raises:
        ValueError: it is no such statement.
    """
    reader = Reader(sql, brackets=True)
    name, is_unique = reader.head()
    return Parts(name=name, unique=is_unique, body=sql[reader.next.start :].strip().rstrip(";").rstrip())


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
        reader = Reader(definition)
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
    reader = Reader(sql)
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
    reader = Reader(definition)
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
