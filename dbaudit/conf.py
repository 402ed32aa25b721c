"""``settings.DBAUDIT`` read into one frozen value; unknown keys and wrong types are refused with the nearest valid
name."""

from __future__ import annotations

import types
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from datetime import date, datetime
from fnmatch import fnmatchcase
from typing import Any, get_args, get_origin, get_type_hints
from uuid import UUID

from django.apps import apps
from django.conf import settings as django_settings
from django.core.checks import CheckMessage, Error

from dbaudit import amounts, places
from dbaudit.errors import AuditError, nearest
from dbaudit.findings import Document, Floor, Suppression, Targets

MIB = 1024 * 1024
#: The keys whose text is an amount.
AMOUNTS: Mapping[str, Callable[[str], object]] = {"index_budget": amounts.budget, "advise_for": amounts.seconds}
#: The keys whose number is a limit.
LIMITS = ("automatic_statements", "crawl_statements")
#: The keys whose text is one of a few words.
WORDS: Mapping[str, tuple[str, ...]] = {"what_if": ("sample", "build")}
#: The keys whose value is a dictionary with names of its own.
NESTED = (Document, Floor, Targets)
#: The keys of an entry of ``SUPPRESS``; of the first four it needs one.
SELECTORS = ("check", "key", "table", "app")
SUPPRESSION_KEYS = (*SELECTORS, "reason", "expires")


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What one request may take. ``view`` is the name of views, or their route, and may hold ``*``.

    ``max_queries`` and ``budget_ms`` (in the database) are None where they are not limited.
    """

    view: str = "*"
    max_queries: int | None = None
    budget_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a project may set. Every key is optional and upper case in ``DBAUDIT``.

    ``statement_timeout_ms`` ends any statement of the audit; ``lock_timeout_ms`` any wait for a lock. Tables up to
    ``count_limit_bytes`` are counted exactly, larger ones estimated. ``capture_file`` is where
    ``dbaudit.middleware.CaptureMiddleware`` writes what requests ask. ``skip`` and ``enable`` name checks by id.
    ``read_data`` lets checks of the rows themselves also read tables above that limit.
    ``targets`` are what the scorecard holds figures against: ``average_query_ms``, ``slow_query_percent``,
    ``index_hit_percent``.
    ``floor`` says below what no index is recommended: ``table_rows``, ``statement_ms``, ``time_percent``,
    ``gain_percent``.
    ``document`` names the report: ``title``, ``category``, ``reference``, ``version``. ``suppress`` lists what is not
    to be told: dictionaries with a ``reason``, with a ``check``, ``key``, ``table`` or ``app`` (the last two may hold
    ``*``), and perhaps with ``expires``, the last day on which it holds. ``budgets`` say what a request may take, for
    the toolbar's panel: ``{"view": "shop:*", "max_queries": 20, "budget_ms": 50}``; the first that fits holds.
    ``index_budget`` is what the indexes that the advisor proposes may take in all: bytes (``64MB``) or a share of what
    the rows take (``25%``). ``advise_for`` is how long it looks for them, ``quick`` lets it make one pass only.
    ``what_if`` is ``sample``, or ``build`` to have the indexes that it chooses built on the live tables, in a
    transaction that is rolled back: writers of these tables wait meanwhile.
    ``project_apps`` are the applications (by label) and modules that are the project's own although they are installed
    as packages.
    ``automatic_statements`` is how many statements measuring admin lists, model pages and relations may execute in all,
    ``crawl_statements`` how many the crawl may. ``crawl`` holds values for parameters of routes that no row tells:
    ``{"year": 2026}`` for all routes, ``{"shops/<slug:shop>/": {"shop": "main"}}`` for one.
    """

    statement_timeout_ms: int = 30_000
    lock_timeout_ms: int = 2_000
    count_limit_bytes: int = 16 * MIB
    read_data: bool = False
    capture_file: str = ""
    skip: tuple[str, ...] = ()
    enable: tuple[str, ...] = ()
    document: Document = field(default_factory=Document)
    targets: Targets = field(default_factory=Targets)
    floor: Floor = field(default_factory=Floor)
    suppress: tuple[Suppression, ...] = ()
    budgets: tuple[Budget, ...] = ()
    index_budget: str = "50%"
    advise_for: str = "60s"
    quick: bool = False
    what_if: str = "sample"
    automatic_statements: int = 40_000
    crawl_statements: int = 100_000
    crawl: Mapping[str, Any] = field(default_factory=dict)
    project_apps: tuple[str, ...] = ()

    def budget(self, *names: str) -> Budget | None:
        """The first budget whose pattern one of these names fits."""
        return next((one for one in self.budgets for name in names if fnmatchcase(name, one.view)), None)


def load() -> Settings:
    """The project's settings. Raises `AuditError` with the first problem."""
    value, problems = _parse(getattr(django_settings, "DBAUDIT", {}))
    if problems:
        raise AuditError(problems[0].msg + (f" {problems[0].hint}" if problems[0].hint else ""))
    return value


def check_settings(**_: Any) -> list[CheckMessage]:
    """The system checks ``dbaudit.E001`` (not a dictionary), ``E002`` (unknown key), ``E003`` (wrong type) and ``E004``
    (a suppression without a reason, or of nothing in particular)."""
    return list(_parse(getattr(django_settings, "DBAUDIT", {}))[1])


def _parse(given: object) -> tuple[Settings, list[Error]]:
    if not isinstance(given, Mapping):
        return Settings(), [
            Error(f"settings.DBAUDIT must be a dictionary, not {type(given).__name__}.", id="dbaudit.E001")
        ]
    values, problems = _read(Settings, given, "DBAUDIT")
    problems.extend(_unknown_apps(values.get("project_apps", ())))
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
        if wanted in NESTED and isinstance(value, Mapping):
            nested, more = _read(wanted, value, f"{where}[{key!r}]")
            problems.extend(more)
            values[name] = wanted(**nested)
        elif name == "suppress" and isinstance(value, list | tuple) and all(isinstance(one, Mapping) for one in value):
            values[name], more = _suppressions(value, f"{where}[{key!r}]")
            problems.extend(more)
        elif name == "budgets" and isinstance(value, list | tuple) and all(isinstance(one, Mapping) for one in value):
            read = [_read(Budget, one, f"{where}[{key!r}][{number}]") for number, one in enumerate(value)]
            values[name] = tuple(Budget(**nested) for nested, _ in read)
            problems.extend(problem for _, more in read for problem in more)
        elif name == "crawl" and upper and isinstance(value, Mapping):
            problems.extend(_wrong_samples(value, f"{where}[{key!r}]"))
            values[name] = dict(value)
        elif name in LIMITS and upper and isinstance(value, int) and value < 1:
            problems.append(Error(f"{where}[{key!r}] must be 1 or more, not {value!r}.", id="dbaudit.E003"))
        elif name in AMOUNTS and isinstance(value, str) and (wrong := _wrong_amount(name, value)):
            problems.append(Error(f"{where}[{key!r}]: {wrong}", id="dbaudit.E003"))
        elif name in WORDS and upper and isinstance(value, str) and value not in WORDS[name]:
            words = " or ".join(map(repr, WORDS[name]))
            problems.append(Error(f"{where}[{key!r}] must be {words}, not {value!r}.", id="dbaudit.E003"))
        elif cls is Floor and isinstance(value, int) and value < 0:
            problems.append(Error(f"{where}[{key!r}] must be 0 or more, not {value!r}.", id="dbaudit.E003"))
        elif _fits(value, wanted):
            values[name] = tuple(value) if isinstance(value, list) else value
        else:
            problems.append(Error(f"{where}[{key!r}] must be {_words(wanted)}, not {value!r}.", id="dbaudit.E003"))
    return values, problems


def _unknown_apps(given: Iterable[str]) -> Iterator[Error]:
    """The names that are neither the label of an installed application nor a module."""
    for name in given:
        if not places.folders(name):
            known = {*apps.app_configs, *(config.name for config in apps.get_app_configs())}
            message = f"DBAUDIT['PROJECT_APPS'] names {name!r}, which is no installed application and no module."
            yield Error(message, hint=nearest(name, known), id="dbaudit.E003")


def _wrong_samples(given: Mapping[Any, Any], where: str) -> Iterator[Error]:
    """What is wrong with values for parameters of routes: they are texts, numbers, or dictionaries of these."""
    for key, value in given.items():
        source = f"{where}[{key!r}]"
        if not isinstance(key, str):
            yield Error(f"{source}: a parameter or a route is a string.", id="dbaudit.E003")
        elif isinstance(value, Mapping):
            yield from _wrong_samples(value, source)
        elif isinstance(value, bool) or not isinstance(value, str | int | UUID | date):
            yield Error(f"{source} must be a string, a number or a dictionary, not {value!r}.", id="dbaudit.E003")


def _wrong_amount(name: str, text: str) -> str:
    """What is wrong with an amount in words, ``""`` for nothing."""
    try:
        AMOUNTS[name](text)
    except AuditError as error:
        return str(error)
    return ""


def _suppressions(given: Iterable[Mapping[Any, Any]], where: str) -> tuple[tuple[Suppression, ...], list[Error]]:
    """The entries that can be read, and what is wrong with the others."""
    found: list[Suppression] = []
    problems: list[Error] = []
    for number, entry in enumerate(given):
        source = f"{where}[{number}]"
        wrong = list(_wrong_with(entry, source))
        problems += wrong
        if not wrong:
            until = entry.get("expires")
            found.append(
                Suppression(
                    checks=(entry["check"],) if entry.get("check") else (),
                    **{name: entry.get(name, "") for name in ("key", "table", "app")},
                    reason=entry["reason"],
                    expires=date.fromisoformat(until) if isinstance(until, str) else until,
                    source=source,
                )
            )
    return tuple(found), problems


def _wrong_with(entry: Mapping[Any, Any], source: str) -> Iterator[Error]:
    for key, value in entry.items():
        if key not in SUPPRESSION_KEYS:
            yield Error(f"{source} has no key {key!r}.", hint=nearest(str(key), SUPPRESSION_KEYS), id="dbaudit.E002")
        elif key == "expires" and not _is_day(value):
            yield Error(f"{source}['expires'] must be a day such as '2027-01-31', not {value!r}.", id="dbaudit.E003")
        elif key != "expires" and not isinstance(value, str):
            yield Error(f"{source}[{key!r}] must be a string, not {value!r}.", id="dbaudit.E003")
    if not str(entry.get("reason", "")).strip():
        yield Error(f"{source} gives no reason.", hint="Add a 'reason' in words.", id="dbaudit.E004")
    if not any(entry.get(name) for name in SELECTORS):
        hint = f"Add one of {', '.join(map(repr, SELECTORS))}."
        yield Error(f"{source} says nothing of what to suppress.", hint=hint, id="dbaudit.E004")


def _is_day(value: object) -> bool:
    if isinstance(value, str):
        try:
            return bool(date.fromisoformat(value))
        except ValueError:
            return False
    return value is None or (isinstance(value, date) and not isinstance(value, datetime))


def _fits(value: object, wanted: Any) -> bool:
    if get_origin(wanted) is tuple:
        return isinstance(value, list | tuple) and all(_fits(one, get_args(wanted)[0]) for one in value)
    if get_origin(wanted) is types.UnionType:
        return any(_fits(value, one) for one in get_args(wanted))
    if get_origin(wanted) is not None:
        return isinstance(value, get_origin(wanted))
    if wanted is int:
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, wanted)


def _words(wanted: Any) -> str:
    if get_origin(wanted) is tuple:
        return "a list of strings" if get_args(wanted)[0] is str else "a list of dictionaries"
    words = {bool: "True or False", int: "a whole number", str: "a string"}
    words |= dict.fromkeys((*NESTED, Mapping[str, Any]), "a dictionary")
    return words.get(wanted, "a whole number" if wanted == int | None else str(wanted))
