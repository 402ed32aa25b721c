"""What a check yields, brought to the types that ranking and renderers rely on.

A project writes its checks without a type checker. What can only mean one thing is converted (``"info"``, a list of
names, ``"models.py:3"``); anything else is refused with the values that are valid.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from enum import StrEnum
from typing import Any, TypeVar, get_args

from dbaudit.errors import nearest
from dbaudit.facts import Location
from dbaudit.findings.finding import OWNERS, Confidence, Evidence, Finding, Severity
from dbaudit.findings.remedy import Action, LeaveAsIs, Remedy

_Word = TypeVar("_Word", bound=StrEnum)
_ACTIONS = get_args(Action)


class UnusableError(Exception):
    """A check yielded a value that no report can show. One sentence that says what is valid."""


def accepted(given: Finding) -> Finding:
    """The finding with every member of the type that it declares.

    Raises:
        UnusableError: a member cannot be converted; one sentence that names it, its value and the valid ones.
    """
    return replace(
        given,
        subject=_text("subject", given.subject),
        detail=_text("detail", given.detail),
        identity=_texts("identity", given.identity),
        remedy=_remedy(given.remedy),
        evidence=_evidence(given.evidence),
        severity=_word("severity", Severity, given.severity),
        confidence=_word("confidence", Confidence, given.confidence),
        owner=_one_of("owner", given.owner, OWNERS),
        app=_text("app", given.app or ""),
        model=_text("model", given.model or ""),
        table=_text("table", given.table or ""),
        location=_location(given.location),
        group=_text("group", given.group or ""),
    )


def _text(name: str, value: Any) -> str:
    if isinstance(value, str):
        return str(value)
    raise UnusableError(f"{name} must be text, not {value!r}.")


def _texts(name: str, value: Any) -> tuple[str, ...]:
    """A lone name is a list of one, never its letters."""
    values = (value,) if isinstance(value, str) else value
    if isinstance(values, Iterable) and not isinstance(values, bytes | dict):
        return tuple(_text(f"each member of {name}", member) for member in values)
    raise UnusableError(f"{name} must be a list of texts, not {value!r}.")


def _word(name: str, words: type[_Word], value: Any) -> _Word:
    try:
        return words(value)
    except ValueError:
        valid = [word.value for word in words if word.value != "default"]
        raise UnusableError(f"{name} is {value!r}. {nearest(str(value), valid)}") from None


def _one_of(name: str, value: Any, valid: tuple[Any, ...]) -> Any:
    if value in valid:
        return value
    raise UnusableError(f"{name} is {value!r}. {nearest(str(value), valid)}")


def _location(value: Any) -> Location | None:
    """A place as a value, or as ``models.py:3``."""
    if value is None or isinstance(value, Location):
        return value
    file, colon, line = value.rpartition(":") if isinstance(value, str) else ("", "", "")
    if not (file and colon and line.isdigit()):
        raise UnusableError(f"location must be a Location or text such as 'shop/models.py:3', not {value!r}.")
    return Location(file, int(line))


def _evidence(value: Any) -> tuple[Evidence, ...]:
    if isinstance(value, Evidence):
        return (value,)
    if not isinstance(value, Iterable) or isinstance(value, str | bytes | dict):
        raise UnusableError(f"evidence must be a list of Evidence, not {value!r}.")
    return tuple(map(_fact, value))


def _fact(value: Any) -> Evidence:
    """One fact, or the parts of one: what, value, unit, source, SQL."""
    if isinstance(value, tuple | list) and 2 <= len(value) <= len(Evidence.__slots__):
        value = Evidence(*value)
    if not isinstance(value, Evidence):
        raise UnusableError(f"each member of evidence must be an Evidence, not {value!r}.")
    if not isinstance(value.value, str | int | float):
        raise UnusableError(f"the value of evidence {value.what!r} must be text or a number, not {value.value!r}.")
    texts = {name: _text(f"{name} of evidence", getattr(value, name)) for name in ("what", "unit", "source", "sql")}
    return replace(value, **texts)


def _remedy(value: Any) -> Remedy:
    """A remedy, or an action, which is one without further words; None says that there is nothing to do."""
    if value is None:
        value = LeaveAsIs(why="The check names no remedy.")
    if isinstance(value, _ACTIONS):
        value = Remedy(action=value)
    if not isinstance(value, Remedy):
        raise UnusableError(f"remedy must be a Remedy, not {value!r}.")
    if not isinstance(value.action, _ACTIONS):
        kinds = ", ".join(action.__name__ for action in _ACTIONS)
        raise UnusableError(f"the action of the remedy must be one of {kinds}, not {value.action!r}.")
    return replace(
        value,
        orm=_text("orm of the remedy", value.orm),
        sql=_text("sql of the remedy", value.sql),
        undo_sql=_text("undo_sql of the remedy", value.undo_sql),
        migration=_text("migration of the remedy", value.migration),
        verification=_text("verification of the remedy", value.verification),
    )
