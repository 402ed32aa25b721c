"""The canned workload: the functions under ``@query`` in each app's ``dbaudit_queries`` module."""

from __future__ import annotations

import importlib
import inspect
import traceback
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.apps.registry import Apps
from django.utils.module_loading import module_has_submodule

from dbaudit import places
from dbaudit.connection.exceptions import summary
from dbaudit.errors import AuditError
from dbaudit.facts import Location, QueryRun
from dbaudit.queries import Query, registered_queries
from dbaudit.workload.fixes import proposals
from dbaudit.workload.sampling import Bench

#: The module of an app in which a project keeps its queries.
MODULE = "dbaudit_queries"


@dataclass(frozen=True, slots=True)
class Own:
    """The queries of the installed apps in order of id, the label of each one's app, and a failed row for each module
    that does not import."""

    queries: tuple[Query, ...]
    labels: Mapping[str, str]
    broken: tuple[QueryRun, ...]


def own(apps: Apps, alias: str) -> Own:
    """Import the modules in which projects keep their queries."""
    labels = {}
    broken = []
    for config in apps.get_app_configs():
        if config.module is not None and module_has_submodule(config.module, MODULE):
            name = f"{config.name}.{MODULE}"
            labels[name] = config.label
            failed = _load(name, config.label, alias)
            broken += [failed] if failed else []
    queries = tuple(query for query in registered_queries() if query.module in labels)
    return Own(queries, labels, tuple(broken))


def runs(found: Own, bench: Bench) -> Iterator[QueryRun]:
    """Measure every query."""
    for query in found.queries:
        yield _measured(query, found.labels[query.module], bench)


def _measured(query: Query, app: str, bench: Bench) -> QueryRun:
    run = QueryRun(
        id=f"canned:{query.id}",
        label=query.label,
        origin="canned",
        alias=bench.connection.alias,
        status="failed",
        location=places.place(query.file, query.line),
        owner="project" if places.is_project(query.file) else "third-party",
        app=app,
        budget_ms=query.budget_ms,
        max_queries=query.max_queries,
        source=_source(query.function),
    )
    return proposals.with_trials(bench.measure(run, _callable(query.function)), query.function, bench)


def _callable(function: Any) -> Any:
    """The function itself, or one that says why it cannot be called."""
    if not callable(function):

        def refuse() -> None:
            raise TypeError(f"@query stands above a value of type {type(function).__name__}, which cannot be called")

        return refuse
    return function


def _load(name: str, app: str, alias: str) -> QueryRun | None:
    try:
        importlib.import_module(name)
    except Exception as error:  # noqa: BLE001 - whatever the module raises is the row's reason
        location = _place(error)
        problem = str(error) if isinstance(error, AuditError) else summary(error)
        where = f"{location.file}:{location.line}: " if location and not isinstance(error, AuditError) else ""
        return QueryRun(
            id=f"canned:{app}",
            label=f"The queries of {app}",
            origin="canned",
            alias=alias,
            status="failed",
            reason=f"{where}{problem.rstrip('.')}; correct it.",
            location=location,
            app=app,
        )
    return None


def _place(error: Exception) -> Location | None:
    if isinstance(error, SyntaxError) and error.filename:
        return places.place(error.filename, error.lineno or 1)
    own = [one for one in traceback.extract_tb(error.__traceback__) if places.is_project(one.filename)]
    return places.place(own[-1].filename, own[-1].lineno or 1) if own else None


def _source(function: Any) -> str:
    """The function's own text, for showing it beside a better one."""
    try:
        return inspect.getsource(function) if inspect.isfunction(inspect.unwrap(function)) else ""
    except (OSError, TypeError):
        return ""
