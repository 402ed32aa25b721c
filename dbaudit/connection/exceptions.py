"""An exception of code in one sentence that holds no value of a row: its class, what it says, and the project's line.

What an exception says is mixed of two things: words that somebody wrote into source, and values that were met. Words
stay. A quoted text stays where it stands in the code that ran, or names a model or a field; any other is taken out.
"""

from __future__ import annotations

import builtins
import dis
import re
import traceback
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import CodeType, TracebackType
from typing import Any, Final

import django
from django.apps import apps
from django.core.exceptions import FieldError
from django.db import Error

from dbaudit import places
from dbaudit.connection.reasons import reason

GONE: Final = "…"
LONGEST: Final = 300
# What stands between quotes of any kind, a representation between angle brackets, a dictionary, an address.
_VALUE: Final = re.compile(
    r"""(?<!\w)(?P<open>[bBrRuUfF]{0,2}(?:(?P<single>')|(?P<double>")|`|\u201c|\u2018|«))
        (?P<text>(?:\\.|.)*?)
        (?P<close>(?(single)'(?!\w)|(?(double)"(?!\w)|[`\u201d\u2019»]))|$)
    |<(?P<object>[^<>]*)>|(?P<mapping>\{.*\})|(?P<address>[\w.+-]+@[\w-]+\.[\w.-]+)""",
    re.VERBOSE | re.DOTALL,
)
_WORD: Final = re.compile(r"[^\W\d_]+(?:'[a-z]+)?|\d+|\S")
_DJANGO: Final = str(Path(django.__file__).parent)
_MODELS: Final = Path(django.__file__).parent / "db" / "models"
# How Python says that a function was called without one of its parameters, which it names.
_MISSING: Final = "() missing "


def describe(error: BaseException) -> str:
    """The exception's class, its text without values, and the line of the project that was at work."""
    where = line_of_project(error)
    return f"{summary(error)} ({where})." if where else f"{summary(error)}."


def summary(error: BaseException) -> str:
    """The exception's class and its text without values, and without a full stop."""
    return f"{type(error).__name__}: {message(error)}".rstrip(".: ")


def message(error: BaseException) -> str:
    """What the exception says in its first line, without values; ``""`` where nothing is left of it."""
    cause = error if isinstance(error, Error) else error.__cause__
    if isinstance(error, Error) or (isinstance(cause, Error) and str(error) == str(cause)):
        return reason(error)
    if isinstance(error, SyntaxError):
        return str(error.msg)
    said = _said(error)
    frames = list(_frames(error.__traceback__))
    known = {word for code, _ in frames for word in _words(code)} | _names() | _of_types(error)
    lookup = bool(frames) and isinstance(error, FieldError | AttributeError) and _of_lookups(frames[-1][0])
    cleaned = _VALUE.sub(lambda found: _kept(found, known, lookup=lookup or _MISSING in said), said)
    if frames and _raised_by(*frames[-1]) and not frames[-1][0].co_filename.startswith(_DJANGO):
        cleaned = _as_written(cleaned, frames[-1][0])
    cleaned = re.sub(rf"{GONE}(?:[-./:@_\s]*{GONE})+", GONE, cleaned).strip()
    return cleaned if any(character.isalpha() for character in cleaned) else ""


def line_of_project(error: BaseException) -> str:
    """``file:line`` of the project's code that was at work, ``""`` where it was none of the project's."""
    own = [one for one in traceback.extract_tb(error.__traceback__) if places.is_project(one.filename)]
    return f"{places.shown(own[-1].filename)}:{own[-1].lineno}" if own else ""


def _said(error: BaseException) -> str:
    try:
        lines = str(error).strip().splitlines()
    except Exception:  # noqa: BLE001 - the project's own class
        return ""
    return lines[0][:LONGEST] if lines else ""


def _frames(trace: TracebackType | None) -> Iterator[tuple[CodeType, int]]:
    while trace is not None:
        yield trace.tb_frame.f_code, trace.tb_lasti
        trace = trace.tb_next


def _of_lookups(code: CodeType) -> bool:
    """Whether it is the part of Django that finds fields by the names that it is given, perhaps long before."""
    return Path(code.co_filename).is_relative_to(_MODELS)


def _kept(found: re.Match[str], known: set[str] | frozenset[str], *, lookup: bool) -> str:
    if found["address"] or found["mapping"]:
        return GONE
    if found["object"] is not None:
        name = found["object"].partition(":")[0].split(" ")
        return f"<{name[0]}>" if name[0] in known else GONE
    # A dotted or underscored name is known by its parts: "author__name", "shop.Order".
    parts = re.split(r"__|\.", found["text"])
    same = found["text"] in known or known.issuperset(parts) or (lookup and all(map(str.isidentifier, parts)))
    return found[0] if same else f"{found['open'][-1]}{GONE}{found['close']}"


def _as_written(text: str, code: CodeType) -> str:
    """The words that the raising code has written down itself: what it put between them was not quoted."""
    known = {word.lower() for word in _words(code)} | {word.lower() for word in _names()}
    return _WORD.sub(lambda found: found[0] if not found[0][0].isalnum() or found[0].lower() in known else GONE, text)


def _raised_by(code: CodeType, offset: int) -> bool:
    """Whether the exception was raised by a ``raise`` of this very code, and not within something written in C."""
    return dis.opname[code.co_code[offset]] in ("RAISE_VARARGS", "RERAISE")


@cache
def _words(code: CodeType) -> frozenset[str]:
    """The names and texts that stand in code, each whole and word by word."""
    texts = [*code.co_names, *code.co_varnames, *code.co_freevars, code.co_name]
    pending: list[Any] = [*code.co_consts]
    while pending:
        one = pending.pop()
        if isinstance(one, tuple | frozenset):
            pending += one
        elif isinstance(one, str):
            texts.append(one)
        elif isinstance(one, int | float) and not isinstance(one, bool):
            texts.append(str(one))
    return frozenset({*texts, *(word for text in texts for word in _WORD.findall(text))})


@cache
def _names() -> frozenset[str]:
    """The names that models and Python itself give to things."""
    found = {name for name in vars(builtins) if not name.startswith("_")}
    found |= {"NoneType", "lambda", "locals", "genexpr", "listcomp", "module"}
    for model in apps.get_models(include_auto_created=True):
        meta = model._meta
        found |= {model.__name__, meta.label, str(meta.model_name), meta.app_label, meta.db_table}
        found |= {name for field in meta.get_fields() for name in (field.name, getattr(field, "attname", field.name))}
    return frozenset(found)


def _of_types(error: BaseException) -> set[str]:
    """The classes of the object that lacks an attribute, and the encoding of bytes that do not decode."""
    if isinstance(error, UnicodeError):
        return {str(getattr(error, "encoding", ""))}
    lacking = getattr(error, "obj", None) if isinstance(error, AttributeError) else None
    cls = lacking if isinstance(lacking, type) else type(lacking)
    return {one.__name__ for one in cls.__mro__}
