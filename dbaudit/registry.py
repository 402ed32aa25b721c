"""What users and the built-in rooms register: checks.

A check is a generator function ``def name(snapshot: Snapshot) -> Iterator[Finding | Skipped]``. It yields a `Skipped`
for what it could not judge. Its docstring is its page: a title, then the paragraphs ``Why:``, ``Fix:`` and ``Silent
when:``; the same text feeds ``dbaudit explain``, the docs and every report format, so it is refused when a paragraph
is missing.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from dbaudit.errors import AuditError, place
from dbaudit.facts import Skipped, Snapshot
from dbaudit.findings import Category, Finding, Severity

Need = Literal["schema", "models", "statistics", "data", "activity", "queries"]
NEEDS: tuple[Need, ...] = ("schema", "models", "statistics", "data", "activity", "queries")
Function = Callable[[Snapshot], Iterator[Finding | Skipped]]

PARAGRAPHS = ("Why:", "Fix:", "Silent when:")
ONE_VALUE = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A registered check with its page. ``vendors`` is empty where it works on every one."""

    id: str
    title: str
    why: str
    fix: str
    silent_when: str
    severity: Severity
    needs: tuple[Need, ...]
    vendors: tuple[str, ...]
    enabled: bool
    function: Function
    place: str
    category: Category = "schema"

    def works_on(self, vendor: str) -> bool:
        """Whether it can be run on a database of that vendor."""
        return not self.vendors or vendor in self.vendors


_checks: dict[str, Check] = {}


def check(
    *,
    severity: Severity | str = Severity.WARNING,
    needs: Iterable[Need] = ("schema",),
    vendors: Iterable[str] = (),
    enabled: bool = True,
    category: Category = "schema",
) -> Callable[[Function], Function]:
    """Register a function as a check under its own name.

    ``severity`` is the default of its findings, ``needs`` what it looks at, ``vendors`` where it works (empty:
    everywhere), ``enabled`` whether it runs unasked, ``category`` whether it is about the schema or about operations:
    how the database is run and connected to, which fails no build unless asked. Raises `AuditError` with file and line
    for a wrong signature, an incomplete docstring, a duplicate name or an unknown need.
    """

    def register(function: Function) -> Function:
        where = _place(function)
        name = function.__name__
        if [one.kind in ONE_VALUE for one in inspect.signature(function).parameters.values()] != [True]:
            raise AuditError(f"{where}: check {name!r} must take exactly one argument, the snapshot.")
        if name in _checks and _checks[name].place != where:
            raise AuditError(f"{where}: check {name!r} is already registered at {_checks[name].place}; rename one.")
        wrong = [need for need in needs if need not in NEEDS]
        if wrong:
            raise AuditError(f"{where}: check {name!r} needs {wrong[0]!r}; known needs are {', '.join(NEEDS)}.")
        title, why, fix, silent_when = _page(function, where)
        _checks[name] = Check(
            id=name,
            title=title,
            why=why,
            fix=fix,
            silent_when=silent_when,
            severity=Severity(severity),
            needs=tuple(needs),
            vendors=tuple(vendors),
            enabled=enabled,
            function=function,
            place=where,
            category=category,
        )
        return function

    return register


def registered() -> tuple[Check, ...]:
    """All checks registered so far, in order of id."""
    return tuple(_checks[name] for name in sorted(_checks))


def _place(function: Function) -> str:
    code = inspect.unwrap(function).__code__
    return place(code.co_filename, code.co_firstlineno)


def _page(function: Function, where: str) -> tuple[str, str, str, str]:
    """Split the docstring into its title and paragraphs, each unwrapped to one line unless it holds a list or code."""
    text = inspect.getdoc(function) or ""
    positions = [text.find(f"\n{paragraph}") for paragraph in PARAGRAPHS]
    if not text or -1 in positions or positions != sorted(positions):
        raise AuditError(
            f"{where}: check {function.__name__!r} needs a docstring with a title and the paragraphs "
            f"{', '.join(PARAGRAPHS)} in this order."
        )
    title, why, fix, silent_when = re.split(r"\n(?:Why|Fix|Silent when):", text, maxsplit=3)
    return title.strip().rstrip("."), *(inspect.cleandoc(part).strip() for part in (why, fix, silent_when))  # type: ignore[return-value]
