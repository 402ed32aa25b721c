"""A statement's template: its SQL with everything made equal that differs from one execution to the next."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b

from dbaudit.facts import StatementKind

_TOKEN = re.compile(
    r"""
    (?P<space>\s+|--[^\n]*|/\*.*?\*/)
    | (?P<name>"(?:[^"]|"")*"|`[^`]*`|\[[A-Za-z_][^\]]*\]|::|[^\W\d]\w*(?!')|\.)
    | (?P<value>[eE]'(?:[^'\\]|\\.|'')*'|[bBxXnN]?'(?:[^']|'')*'|\$(?P<tag>\w*)\$.*?\$(?P=tag)\$
        |%s|%\(\w+\)s|\$\d+|\?|:\w+|\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)
    """,
    re.VERBOSE | re.DOTALL,
)
# A list of one value is a list as well: the last chunk of several may be one.
_LIST = re.compile(r"\(\s*\?(?:\s*,\s*\?)+\s*\)|(?<=\bIN )\(\s*\?\s*\)", re.IGNORECASE)
_ROWS = re.compile(r"(\((?:\?|, \.\.\.)*\))(?:\s*,\s*\1)+")
# What a driver writes behind a value for its type; the value has it in one place and not in another.
_CAST = re.compile(
    r"""(?<=\?)\s*::\s*(?:"?\w+"?\s*\.\s*)?
        (?:double\s+precision|character\s+varying|bit\s+varying|time(?:stamp)?\s+with(?:out)?\s+time\s+zone
        |"[^"]+"|[^\W\d]\w*)
        (?:\(\s*\?(?:\s*,\s*\?)*\s*\))?(?:\s*\[\s*\??\s*\])*""",
    re.VERBOSE | re.IGNORECASE,
)
_MINUS = re.compile(r"(?<=[=<>(,])\s*-\s*\?")
_VERB = re.compile(r"[\s(]*(?:(?:--[^\n]*\n|/\*.*?\*/)[\s(]*)*(\w+)", re.DOTALL)
_WRITES_BELOW_WITH = re.compile(r"\)\s*(INSERT\s+INTO|UPDATE|DELETE\s+FROM)\b", re.IGNORECASE)
_IDENTIFIER = r'(?:"(?:[^"]|"")+"|`[^`]+`|\w+)'
_TABLE = re.compile(rf"\b(?:FROM|JOIN|INTO|UPDATE)\s+(?:ONLY\s+)?((?:{_IDENTIFIER}\.)?{_IDENTIFIER})", re.IGNORECASE)

_KINDS: dict[str, StatementKind] = {
    **dict.fromkeys(("SELECT", "VALUES", "TABLE"), "select"),
    **dict.fromkeys(("INSERT", "REPLACE", "MERGE"), "insert"),
    "UPDATE": "update",
    "DELETE": "delete",
    **dict.fromkeys(("BEGIN", "START", "COMMIT", "END", "ROLLBACK", "SAVEPOINT", "RELEASE", "ABORT"), "transaction"),
}


@dataclass(frozen=True, slots=True)
class Template:
    """What is the same for every execution of a statement. ``tables`` in the order in which they first appear."""

    text: str
    fingerprint: str
    kind: StatementKind
    tables: tuple[str, ...]


@lru_cache(maxsize=4096)
def template(sql: str) -> Template:
    """The template of a statement with placeholders of any style, computed once for each distinct SQL."""
    text = normalised(sql, casts=False)
    what = kind(sql)
    if what == "transaction":
        text = re.sub(r'"[^"]*"|`[^`]*`', "?", text)
    return Template(text, fingerprint(text), what, _tables(text))


def normalised(sql: str, *, casts: bool = True) -> str:
    """Literals and placeholders as ``?``, lists of them as ``(?, ...)``, comments gone, spaces single.

    Their ``casts`` are taken off for a template, which has to be the same for a driver that writes them.
    """
    text = re.sub(r"\s+", " ", _TOKEN.sub(_token, sql)).strip().rstrip(";").rstrip()
    text = text if casts else _CAST.sub("", text)
    text = _MINUS.sub(" ?", text).replace("( ?", "(?")
    return _ROWS.sub(r"\1, ...", _LIST.sub("(?, ...)", text))


def fingerprint(text: str) -> str:
    """A digest of a template that is the same on every machine."""
    return blake2b(text.encode(), digest_size=8).hexdigest()


def kind(sql: str) -> StatementKind:
    """What a statement does, by its verb; a ``WITH`` by what it introduces."""
    found = _VERB.match(sql)
    verb = found.group(1).upper() if found else ""
    if verb == "WITH":
        below = _WRITES_BELOW_WITH.search(sql)
        return _KINDS[below.group(1).split()[0].upper()] if below else "select"
    return _KINDS.get(verb, "other")


def _token(match: re.Match[str]) -> str:
    if match["space"]:
        return " "
    return "?" if match["value"] else match[0]


def _tables(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name.replace('"', "").replace("`", "") for name in _TABLE.findall(text)))
