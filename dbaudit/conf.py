"""``settings.DBAUDIT`` read into one frozen value; unknown keys and wrong types are refused with the nearest valid
name."""

from __future__ import annotations

import difflib
import types
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, get_args, get_origin, get_type_hints

from django.conf import settings as django_settings
from django.core.checks import CheckMessage, Error

from dbaudit.errors import AuditError
from dbaudit.findings import Document

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a project may set. Every key is optional and upper case in ``DBAUDIT``.

    ``statement_timeout_ms`` ends any statement of the audit; ``lock_timeout_ms`` any wait for a lock. Tables up to
    ``count_limit_bytes`` are counted exactly, larger ones estimated. ``skip`` and ``enable`` name checks by id.
    ``document`` names the report: ``title``, ``category``, ``reference``, ``version``.
    """

    statement_timeout_ms: int = 30_000
    lock_timeout_ms: int = 2_000
    count_limit_bytes: int = 16 * MIB
    skip: tuple[str, ...] = ()
    enable: tuple[str, ...] = ()
    document: Document = field(default_factory=Document)


def load() -> Settings:
    """The project's settings. Raises `AuditError` with the first problem."""
    value, problems = _parse(getattr(django_settings, "DBAUDIT", {}))
    if problems:
        raise AuditError(problems[0].msg + (f" {problems[0].hint}" if problems[0].hint else ""))
    return value


def check_settings(**_: Any) -> list[CheckMessage]:
    """The system checks ``dbaudit.E001`` (not a dictionary), ``E002`` (unknown key) and ``E003`` (wrong type)."""
    return list(_parse(getattr(django_settings, "DBAUDIT", {}))[1])


def nearest(name: str, valid: Iterable[str]) -> str:
    """A sentence that offers the closest valid name, or lists them where none is close."""
    valid = sorted(valid)
    close = difflib.get_close_matches(name, valid, n=1)
    return f"Did you mean {close[0]!r}?" if close else f"Valid names: {', '.join(valid)}."


def _parse(given: object) -> tuple[Settings, list[Error]]:
    if not isinstance(given, Mapping):
        return Settings(), [
            Error(f"settings.DBAUDIT must be a dictionary, not {type(given).__name__}.", id="dbaudit.E001")
        ]
    values, problems = _read(Settings, given, "DBAUDIT")
    return Settings(**values), problems


def _read(cls: type, given: Mapping[Any, Any], where: str) -> tuple[dict[str, Any], list[Error]]:
    """The known and well-typed entries of ``given`` as keyword arguments of ``cls``, and what is wrong with the
    others."""
    hints = get_type_hints(cls)
    upper = cls is Settings
    names = {one.name.upper() if upper else one.name: one.name for one in fields(cls)}
    values: dict[str, Any] = {}
    problems: list[Error] = []
    for key, value in given.items():
        if key not in names:
            hint = nearest(str(key), names)
            problems.append(Error(f"{where} has no key {key!r}.", hint=hint, id="dbaudit.E002"))
            continue
        name = names[key]
        wanted = hints[name]
        if wanted is Document and isinstance(value, Mapping):
            nested, more = _read(Document, value, f"{where}[{key!r}]")
            problems.extend(more)
            values[name] = Document(**nested)
        elif _fits(value, wanted):
            values[name] = tuple(value) if isinstance(value, list) else value
        else:
            problems.append(Error(f"{where}[{key!r}] must be {_words(wanted)}, not {value!r}.", id="dbaudit.E003"))
    return values, problems


def _fits(value: object, wanted: Any) -> bool:
    if get_origin(wanted) is tuple:
        return isinstance(value, list | tuple) and all(_fits(one, get_args(wanted)[0]) for one in value)
    if get_origin(wanted) is types.UnionType:
        return any(_fits(value, one) for one in get_args(wanted))
    if wanted is int:
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, wanted)


def _words(wanted: Any) -> str:
    if get_origin(wanted) is tuple:
        return "a list of strings"
    return {int: "a whole number", str: "a string", Document: "a dictionary"}.get(wanted, str(wanted))
