"""Literals of SQL as values: a number, a moment or a document is the same however a server prints it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any, Final
from uuid import UUID

_Literal = tuple[Any, ...]

_NUMBERS: Final = ("smallint", "integer", "bigint", "numeric", "real", "double precision", "oid")
_BOOLEANS: Final = {"t": ("number", "1"), "true": ("number", "1"), "f": ("number", "0"), "false": ("number", "0")}
_INTERVAL: Final = re.compile(r"(?:(-?\d+) days?)?\s*(?:(-?)(\d+):(\d\d)(?::(\d\d(?:\.\d+)?))?)?")
_PLAIN_ELEMENT: Final = re.compile(r"""[^\s{}"\\,]+""")


def number(text: str) -> str:
    """A number without the zeros that do not count."""
    try:
        return f"{Decimal(text).normalize():f}"
    except InvalidOperation:
        return text


def typed(literal: _Literal, base: str, *, array: bool) -> _Literal:
    """A literal with a cast to a type (see `type_name`, without its arguments), as its value.

    ``("typed", …)`` where the server may print the value in another way than it was given.
    """
    if literal[0] != "text" or array:
        return literal
    text = literal[1]
    if base in _NUMBERS:
        return ("number", number(text))
    if base == "boolean":
        return _BOOLEANS.get(text.lower(), literal)
    if base not in _VALUES:
        return literal
    try:
        return ("text", _VALUES[base](text))
    except (ValueError, ArithmeticError):
        return ("typed", base, text)


def elements(literal: _Literal) -> tuple[_Literal, ...] | None:
    """The elements of an array literal such as ``'{a,b}'``, None where it is none or one with quotes or nesting."""
    if literal[0] != "text" or not re.fullmatch(r"\{.+\}", literal[1]):
        return None
    parts = literal[1][1:-1].split(",")
    return tuple(("text", part) for part in parts) if all(map(_PLAIN_ELEMENT.fullmatch, parts)) else None


def _moment(text: str) -> str:
    found = datetime.fromisoformat(text)
    return (found.astimezone(UTC) if found.tzinfo else found).isoformat()


def _interval(text: str) -> str:
    """Days and seconds, which is all that Django writes of an interval."""
    match = _INTERVAL.fullmatch(text.strip())
    if not match or not text.strip():
        raise ValueError(text)
    days, sign, hours, minutes, seconds = match.groups()
    clock = int(hours or 0) * 3600 + int(minutes or 0) * 60 + Decimal(seconds or 0)
    return f"{int(days or 0)} days {number(str(-clock if sign else clock))} seconds"


def _json(text: str) -> str:
    return json.dumps(json.loads(text), sort_keys=True)


_VALUES: Final[dict[str, Callable[[str], str]]] = {
    "bytea": lambda text: text.lower(),
    "date": lambda text: date.fromisoformat(text).isoformat(),
    "interval": _interval,
    "json": _json,
    "jsonb": _json,
    "time without time zone": lambda text: time.fromisoformat(text).isoformat(),
    "timestamp with time zone": _moment,
    "timestamp without time zone": _moment,
    "uuid": lambda text: str(UUID(text)),
}
