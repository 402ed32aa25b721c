"""What SQLite tells only in the text of its CREATE statements: expressions, predicates, collations, checks.

SQLite keeps these texts as they were written, and has compiled each of them once: this reads valid statements only.
Of CREATE TABLE it knows quotes, comments, parentheses and the few keywords that open a constraint: sqlglot gives no
texts back as they were written, and refuses what SQLite took. Pure; no connection.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from string import ascii_lowercase, ascii_uppercase
from typing import Literal, NamedTuple

from dbaudit.sql.normal_form import statements

_TOKEN = re.compile(
    r"""
    (?P<gap>    [ \t\n\f\r]+ | --[^\n]* | /\*.*?(?:\*/|\Z) )
  | (?P<string> [xX]?'(?:[^']|'')*' )
  | (?P<quoted> "(?:[^"]|"")*" | `(?:[^`]|``)*` | \[[^\]]*\] )
  | (?P<word>   [A-Za-z_\x80-\U0010FFFF][A-Za-z0-9_$\x80-\U0010FFFF]* )
  | (?P<other>  [0-9][A-Za-z0-9_.]* | . )
    """,
    re.VERBOSE | re.DOTALL,
)
_FOLD = str.maketrans(ascii_uppercase, ascii_lowercase)
_TABLE_CONSTRAINTS = ("CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN")
_CLAUSES = (*_TABLE_CONSTRAINTS, "REFERENCES", "COLLATE", "AS")
_WAITS = re.compile(r"(NOT )?DEFERRABLE INITIALLY DEFERRED\b")


def fold(name: str) -> str:
    """An identifier as SQLite compares it: without case, in ASCII alone."""
    return name.translate(_FOLD)


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexText:
    """The keys of an index without direction and collation, and its predicate; ``""`` for none."""

    keys: tuple[str, ...]
    predicate: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """A constraint as CREATE TABLE declares it.

    ``columns`` are those that a key lists or stands at, as written; ``mentioned`` the identifiers inside a CHECK,
    folded. ``deferrable`` says whether a foreign key can wait for the commit: in SQLite that takes ``DEFERRABLE
    INITIALLY DEFERRED``, any shorter form is checked at once.
    """

    kind: Literal["primary key", "unique", "check", "foreign key"]
    name: str
    columns: tuple[str, ...] = ()
    text: str = ""
    mentioned: frozenset[str] = frozenset()
    deferrable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TableText:
    """A table's constraints in the order of the text; by folded name, collations and expressions of its columns."""

    constraints: tuple[Declared, ...] = ()
    collations: Mapping[str, str] = field(default_factory=dict)
    expressions: Mapping[str, str] = field(default_factory=dict)


class _Node(NamedTuple):
    """A token, or all that stands in one pair of parentheses."""

    kind: str
    text: str
    apart: bool
    inner: tuple[_Node, ...] = ()

    @property
    def keyword(self) -> str:
        return self.text.upper() if self.kind == "word" else ""

    @property
    def name(self) -> str:
        """The identifier that it spells; SQLite takes a string for one as well."""
        if self.kind not in ("quoted", "string"):
            return self.text
        return self.text[1:-1].replace(self.text[-1] * 2, self.text[-1])


_Nodes = Sequence[_Node]


def index_text(sql: str) -> IndexText:
    """The keys and the predicate of a ``CREATE INDEX`` statement."""
    index = statements.index(sql, "", brackets=True)
    return IndexText(
        keys=tuple(_text(_bare(_nodes(key.expression))) if key.expression else "" for key in index.keys),
        predicate=_text(_unwrapped(_nodes(index.predicate))),
    )


def table_text(sql: str) -> TableText:
    """What a ``CREATE TABLE`` statement declares of columns and constraints."""
    nodes = _nodes(sql)
    constraints: list[Declared] = []
    collations, expressions = {}, {}
    for item in _items(nodes[_first_group(nodes)]):
        column = "" if item[0].keyword in _TABLE_CONSTRAINTS else item[0].name
        name = ""
        for clause in _clauses(item[1:] if column else item):
            if clause[0].keyword == "CONSTRAINT":
                name = clause[1].name
            elif clause[0].keyword == "COLLATE":
                collations[fold(column)] = clause[1].name.upper()
            elif clause[0].keyword == "AS":
                expressions[fold(column)] = _text(clause[1].inner)
            else:
                constraints.append(_declared(clause, name, column))
                name = ""
    return TableText(constraints=tuple(constraints), collations=collations, expressions=expressions)


def _clauses(nodes: _Nodes) -> Iterator[list[_Node]]:
    """The clauses of a column definition, without the type before them, or of a place after the columns.

    Commas do not tell: between two table constraints SQLite takes none as well.
    """
    clause: list[_Node] = []
    for node in nodes:
        word = node.keyword
        if word in _CLAUSES and not (word == "REFERENCES" and clause and clause[0].keyword == "FOREIGN"):
            if clause:
                yield clause
            clause = [node]
        elif clause:
            clause.append(node)
    if clause:
        yield clause


def _declared(clause: _Nodes, name: str, column: str) -> Declared:
    """The constraint that a clause opens with; a ``NOT NULL`` or ``DEFAULT`` behind it may be part of the clause."""
    columns = (column,) if column else tuple(item[0].name for item in _items(clause[_first_group(clause)]))
    match clause[0].keyword:
        case "CHECK":
            mentioned = frozenset(_identifiers(clause[1].inner))
            return Declared(kind="check", name=name, text=_text(clause[:2]), mentioned=mentioned)
        case "UNIQUE":
            return Declared(kind="unique", name=name, columns=columns, text=_text(clause[: 1 if column else 2]))
        case "PRIMARY":
            return Declared(kind="primary key", name=name, columns=columns, text=_text(clause[: 2 if column else 3]))
        case _:
            waits = _WAITS.search(" ".join(node.keyword for node in clause))
            return Declared(
                kind="foreign key", name=name, columns=columns, deferrable=waits is not None and not waits[1]
            )


def _identifiers(nodes: _Nodes) -> Iterator[str]:
    """The names in an expression, folded; those of functions left out."""
    for node, following in zip_longest(nodes, nodes[1:]):
        if node.kind in ("word", "quoted") and not (following and following.kind == "group"):
            yield fold(node.name)
        yield from _identifiers(node.inner)


def _nodes(sql: str) -> list[_Node]:
    """The tokens of a statement, parentheses folded into one node each."""
    stack: list[tuple[bool, list[_Node]]] = [(False, [])]
    apart = False
    for match in _TOKEN.finditer(sql):
        kind, text = str(match.lastgroup), match[0]
        if kind == "gap":
            apart = True
            continue
        if text == "(":
            stack.append((apart, []))
        elif text == ")":
            opened_apart, inner = stack.pop()
            stack[-1][1].append(_Node("group", "", opened_apart, tuple(inner)))
        else:
            stack[-1][1].append(_Node(kind, text, apart))
        apart = False
    return stack[0][1]


def _first_group(nodes: _Nodes) -> int:
    return next(place for place, node in enumerate(nodes) if node.kind == "group")


def _items(group: _Node) -> list[list[_Node]]:
    """What stands between the commas of a pair of parentheses."""
    items: list[list[_Node]] = [[]]
    for node in group.inner:
        if node.text == ",":
            items.append([])
        else:
            items[-1].append(node)
    return items


def _bare(key: _Nodes) -> _Nodes:
    """An index key without direction, ``COLLATE`` and the parentheses around the whole."""
    if key[-1].keyword in ("ASC", "DESC"):
        return _bare(key[:-1])
    if len(key) > 2 and key[-2].keyword == "COLLATE":
        return _bare(key[:-2])
    if len(key) == 1 and key[0].kind == "group":
        return _bare(key[0].inner)
    return key


def _unwrapped(nodes: _Nodes) -> _Nodes:
    while len(nodes) == 1 and nodes[0].kind == "group":
        nodes = nodes[0].inner
    return nodes


def _text(nodes: _Nodes) -> str:
    """The text with one space for every gap, none inside parentheses and before commas: layout makes no difference."""
    text = ""
    for node in nodes:
        piece = f"({_text(node.inner)})" if node.kind == "group" else node.text
        text += f" {piece}" if node.apart and text and piece != "," else piece
    return text
