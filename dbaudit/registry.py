"""What users and the built-in rooms register: checks.

A check is a generator function ``def name(snapshot: Snapshot) -> Iterator[Finding | Skipped]``. It yields a `Skipped`
for what it could not judge. Its docstring is its page: a title, then the paragraphs ``Why:``, ``Fix:`` and ``Silent
when:``; the same text feeds ``dbaudit explain``, the docs and every report format, so it is refused when a paragraph
is missing.
"""

from __future__ import annotations

import inspect
import re
import warnings
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Literal, get_args

from dbaudit.errors import AuditError, nearest, place
from dbaudit.facts import Skipped, Snapshot
from dbaudit.findings import Category, Finding, Severity

Need = Literal["schema", "models", "statistics", "data", "activity", "queries"]
NEEDS: tuple[Need, ...] = get_args(Need)
CATEGORIES: tuple[Category, ...] = get_args(Category)
SEVERITIES = tuple(severity.value for severity in Severity if severity is not Severity.DEFAULT)
#: Django's own names of vendors. Other backends have names of theirs, which nobody here knows.
VENDORS = ("sqlite", "postgresql", "mysql", "oracle")
Function = Callable[[Snapshot], Iterator[Finding | Skipped]]

PARAGRAPHS = ("Why:", "Fix:", "Silent when:")
ONE_VALUE = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A registered check with its page. ``vendors`` is empty where it works on every one.

    The ``id`` of a built-in check is its function's name. That of a project's check has the label of its app before
    it (``shop.table_without_comment``), so that no later built-in check can take it.
    """

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
    needs: Iterable[Need] | Need = ("schema",),
    vendors: Iterable[str] | str = (),
    enabled: bool = True,
    category: Category = "schema",
) -> Callable[[Function], Function]:
    """Register a function as a check under its own name, and that of its app.

    ``severity`` is the default of its findings, ``needs`` what it looks at, ``vendors`` where it works (empty:
    everywhere), ``enabled`` whether it runs unasked, ``category`` whether it is about the schema or about operations:
    how the database is run and connected to, which fails no build unless asked. A lone name may stand for a list of
    one. Raises `AuditError` with file and line, and the valid values, for a wrong signature, an incomplete docstring,
    a duplicate name or an unknown need, vendor, severity or category.
    """

    def register(function: Function) -> Function:
        where = _place(function)
        name = function.__name__
        about = f"{where}: check {name!r}"
        if [one.kind in ONE_VALUE for one in inspect.signature(function).parameters.values()] != [True]:
            raise AuditError(f"{about} must take exactly one argument, the snapshot.")
        id_ = _id(function)
        if id_ in _checks and _checks[id_].place != where:
            raise AuditError(f"{about} is already registered at {_checks[id_].place}; rename one.")
        wanted, works_on = _listed(needs), _listed(vendors)
        for need in wanted:
            if need not in NEEDS:
                raise AuditError(f"{about} needs {need!r}; known needs are {', '.join(NEEDS)}.")
        for vendor in works_on:
            _refuse_misspelt(vendor, about)
        if severity not in SEVERITIES:
            raise AuditError(f"{about} has the severity {severity!r}. {nearest(str(severity), SEVERITIES)}")
        if category not in CATEGORIES:
            raise AuditError(f"{about} has the category {category!r}. {nearest(str(category), CATEGORIES)}")
        title, why, fix, silent_when = _page(function, where)
        _checks[id_] = Check(
            id=id_,
            title=title,
            why=why,
            fix=fix,
            silent_when=silent_when,
            severity=Severity(severity),
            needs=wanted,
            vendors=works_on,
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


def identified(name: str, ids: Collection[str]) -> str:
    """The id of the check that a name means.

    Version 0.1 named a project's check without its app. Such a name still means the one check that it fits, with a
    warning; version 0.3 will refuse it.
    """
    fitting = [id_ for id_ in ids if id_.endswith(f".{name}")] if name not in ids else []
    if len(fitting) != 1:
        return name
    warnings.warn(f"The check {name!r} is now called {fitting[0]!r}: write it so.", FutureWarning, stacklevel=2)
    return fitting[0]


def _id(function: Function) -> str:
    """The function's name, in a project's app behind the app's label."""
    from django.apps import apps  # noqa: PLC0415 - pytest loads this package in every project

    package, _, _ = __name__.rpartition(".")
    module = function.__module__
    if module.startswith(f"{package}."):
        return function.__name__
    config = apps.get_containing_app_config(module)
    return f"{config.label if config else module.partition('.')[0]}.{function.__name__}"


def _listed(names: Iterable[str] | str) -> tuple[Any, ...]:
    return (names,) if isinstance(names, str) else tuple(names)


def _refuse_misspelt(vendor: object, about: str) -> None:
    """Backends outside of Django have names of their own: only what looks like one of Django's is a mistake."""
    close = get_close_matches(str(vendor).lower(), VENDORS, n=1, cutoff=0.7)
    if isinstance(vendor, str) and (vendor in VENDORS or not (close or vendor == "mariadb")):
        return
    raise AuditError(f"{about} works on the vendor {vendor!r}. Did you mean {close[0] if close else 'mysql'!r}?")


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
