"""SQL text cut into tokens: what PostgreSQL and SQLite print, and what Django compiles for them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_TOKEN: Final = re.compile(
    r"""
    (?P<gap>      \s+ | --[^\n]* | /\*.*?(?:\*/|\Z) )
  | (?P<escaped>  [eE]'(?:[^'\\]|''|\\.)*' )
  | (?P<string>   '(?:[^']|'')*' )
  | (?P<quoted>   "(?:[^"]|"")*" | `(?:[^`]|``)*` )
  | (?P<number>   (?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)? )
  | (?P<word>     [A-Za-z_\x80-\U0010FFFF][A-Za-z0-9_$\x80-\U0010FFFF]* )
  | (?P<mark>     :: | [()\[\],.:;] )
  | (?P<operator> [-+*/<>=~!@\#%^&|?]+ )
    """,
    re.VERBOSE | re.DOTALL,
)
_WITH_BRACKETS: Final = re.compile(_TOKEN.pattern.replace("`(?:", r"\[[^\]]*\] | `(?:"), re.VERBOSE | re.DOTALL)
_ESCAPES: Final = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}
_MAY_END_IN_A_SIGN: Final = frozenset("~!@#%^&|?")


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of SQL from ``start`` to ``stop``.

    ``kind`` is string, quoted, number, word, operator, mark or end. ``value`` is the content of a string or of a
    quoted name, a word in lower case, anything else as written.
    """

    kind: str
    value: str
    start: int
    stop: int

    def is_word(self, *words: str) -> bool:
        """Whether it is one of these keywords (a quoted name never is)."""
        return self.kind == "word" and self.value in words

    def is_mark(self, *marks: str) -> bool:
        """Whether it is one of these punctuation marks."""
        return self.kind == "mark" and self.value in marks


def tokenize(sql: str, *, brackets: bool = False) -> list[Token]:
    """The tokens of an SQL text, then one of the kind ``end``; with ``brackets``, ``[name]`` is a quoted name (SQLite).

    Raises:
        ValueError: the text holds something that is no SQL of these servers.
    """
    return [*_tokens(sql, _WITH_BRACKETS if brackets else _TOKEN), Token("end", "", len(sql), len(sql))]


def _tokens(sql: str, pattern: re.Pattern[str]) -> Iterator[Token]:
    position = 0
    while position < len(sql):
        match = pattern.match(sql, position)
        if match is None:
            raise ValueError(f"unexpected {sql[position]!r} at {position}")
        kind, text = str(match.lastgroup), match[0]
        if kind == "operator":
            text = _operator(text)
        if kind != "gap":
            yield Token("string" if kind == "escaped" else kind, _value(kind, text), position, position + len(text))
        position += len(text)


def _operator(text: str) -> str:
    """PostgreSQL's rule: an operator of several characters ends in a sign only if it has one of the rarer ones."""
    while len(text) > 1 and text[-1] in "-+" and not _MAY_END_IN_A_SIGN.intersection(text):
        text = text[:-1]
    return text


def _value(kind: str, text: str) -> str:
    match kind:
        case "word":
            return text.lower()
        case "quoted":
            return text[1:-1].replace(text[-1] * 2, text[-1]) if text[0] != "[" else text[1:-1]
        case "string":
            return text[1:-1].replace("''", "'")
        case "escaped":
            return re.sub(
                r"\\(.)|''", lambda one: _ESCAPES.get(one[1], one[1]) if one[1] else "'", text[2:-1], flags=re.DOTALL
            )
    return text
