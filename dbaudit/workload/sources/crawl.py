"""The crawl: every GET route of the project, asked for as a superuser who exists for one visit."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

from django.apps.registry import Apps
from django.test import Client
from django.views.generic import RedirectView

from dbaudit.facts import QueryRun
from dbaudit.workload import paging
from dbaudit.workload.asking.pages import RefusedPageError, asking
from dbaudit.workload.asking.surroundings import host, prepared
from dbaudit.workload.asking.visitor import Visit, Visitors
from dbaudit.workload.execution import interrupted
from dbaudit.workload.sampling import Bench, raised
from dbaudit.workload.shares import Budget
from dbaudit.workload.sources.excluding import excluded, verified
from dbaudit.workload.sources.parameters import Parameters, Samples
from dbaudit.workload.sources.routes import Route, answers_get, author, routes
from dbaudit.workload.sources.slots import leads_to

#: Two warm samples tell enough of a page.
SAMPLES = 2
#: Another status than these is not the fault of the row that a path was filled from.
_TRY_ANOTHER_ROW = frozenset({400, 403, 404, 410, 500})
_FORBIDDEN = 403
NO_GET = "It answers no GET."
REDIRECTS = "It only redirects."
#: Reasons that the sentence about all routes names.
_NAMED = 8
#: A named group of a regular expression, with one level of groups inside.
_GROUP = re.compile(r"\(\?P<(\w+)>(?:[^()]|\([^()]*\))*\)")


@dataclass(frozen=True, slots=True)
class Plan:
    """What the crawl asks for: the routes, and why some of them are not asked for, by the route as it is written."""

    routes: tuple[Route, ...]
    reasons: Mapping[str, str] = field(default_factory=dict)
    samples: Samples = field(default_factory=dict)


def planned(exclude: Iterable[str] = (), samples: Samples | None = None) -> Plan:
    """The routes of the project, before anything is measured.

    Raises: `AuditError` for a pattern, a route or a parameter that the project does not have, and whatever importing
    the URL configuration raises.
    """
    found = routes()
    verified(samples or {}, found)
    reasons = {route.route: reason for route in found for reason in [_ruled_out(route)] if reason}
    return Plan(found, reasons | excluded(exclude, found), samples or {})


def _ruled_out(route: Route) -> str:
    try:
        if isinstance(route.view_class, type) and issubclass(route.view_class, RedirectView):
            return REDIRECTS
        return route.never or ("" if answers_get(route.view) else NO_GET)
    except Exception:  # noqa: BLE001 - a view may be anything that can be called
        return ""


def runs(apps: Apps, bench: Bench, plan: Plan, told: Callable[[str], None] = lambda _: None) -> Iterator[QueryRun]:
    """Measure each route for which a path can be made. Only success counts: whatever answers with a redirect, 4xx or
    5xx is not audited, with its status.

    The user, the session, and all that a page writes are rolled back. Where no user can be made, the pages are asked
    for as anybody. ``told`` is called with one sentence about how many routes answered, and why the others did not.
    """
    bench = replace(bench, writes=True, limits=bench.limits.of_pages(SAMPLES))
    with prepared(bench.connection):
        parameters = Parameters(apps, plan.samples)
        visitors = Visitors(apps, bench)
        budget = Budget(bench.limits.crawl_statements, bench.limits, bench.tally)
        found: list[QueryRun] = []
        for route in plan.routes:
            run = _blank(route, bench.connection.alias)
            budget.spend()
            if route.route in plan.reasons:
                run = replace(run, reason=plan.reasons[route.route])
            elif over := budget.over():
                run = replace(run, reason=f"The crawl was stopped when {over}.")
            else:
                ways, reason = _filled(route, parameters, bench)
                run = _netted(run, route, ways, visitors, bench) if ways else replace(run, reason=reason)
            found.append(run)
            yield run
    told(coverage(found))


def coverage(found: Iterable[QueryRun]) -> str:
    """How many GET routes answered, and why the others did not, the commonest reason first."""
    found = [run for run in found if run.reason not in (NO_GET, REDIRECTS)]
    answered = sum(run.audited for run in found)
    why = Counter(_kind(run.reason) for run in found if not run.audited)
    named = [f"{count:,}: {reason.rstrip('.')}" for reason, count in why.most_common(_NAMED)]
    rest = sum(why.values()) - sum(count for _, count in why.most_common(_NAMED))
    others = "; ".join((*named, *([f"{rest:,}: other reasons"] if rest else ())))
    return f"{answered:,} of {len(found):,} GET routes answered{f'. Of the others, {others}' if others else ''}."


def _kind(reason: str) -> str:
    """A reason without what belongs to one route."""
    if reason.startswith("No row tells a value"):
        return "no row tells a value for a parameter"
    return reason.partition(" (")[0].partition(" No user could")[0]


def _filled(route: Route, parameters: Parameters, bench: Bench) -> tuple[tuple[str, ...], str]:
    found: list[tuple[tuple[str, ...], str]] = []
    try:
        replace(bench, writes=False).aside(lambda: found.append(parameters.filled(route)))
    except BaseException as error:
        if interrupted(error):
            raise
        return (), f"Its view could not be read ({raised(error)})."
    return found[0]


def _netted(run: QueryRun, route: Route, ways: tuple[str, ...], visitors: Visitors, bench: Bench) -> QueryRun:
    try:
        with visitors.visit() as visit:
            return _measured(run, route, ways, visit, bench)
    except BaseException as error:
        if interrupted(error):
            raise
        return replace(run, reason=f"Its transaction did not come to its end ({raised(error)}).")


def _readable(route: str) -> str:
    """A route as people write it: ``tickets/<pk>/`` for ``tickets/(?P<pk>[^/.]+)/$``."""
    return _GROUP.sub(r"<\1>", route).replace("^", "").replace("\\", "").removesuffix("$")


def _blank(route: Route, alias: str) -> QueryRun:
    run = QueryRun(
        id=f"crawl:/{route.route}",
        label=f"GET /{_readable(route.route)}",
        origin="crawl",
        alias=alias,
        status="not audited",
    )
    try:
        owner, location, app = author(route.view)
    except Exception:  # noqa: BLE001 - a view may be anything that can be called
        return run
    return replace(run, owner=owner, location=location, app=app)


def _measured(run: QueryRun, route: Route, ways: tuple[str, ...], visit: Visit, bench: Bench) -> QueryRun:
    """The run of the first path that answers; where none does, what the likeliest answered."""
    first: QueryRun | None = None
    left = list(ways)
    anybody = Client(**_defaults(visit.client)) if visit.user is not None else None
    while left:
        path = left.pop(0)
        tried, answer = _asked(run, visit.client, path, bench)
        if answer is not None and (answer.location or answer.status == _FORBIDDEN) and anybody is not None:
            canonical = urlsplit(answer.location).path
            if canonical and canonical != path and canonical not in ways and leads_to(canonical, route):
                path = canonical
                tried, answer = _asked(run, visit.client, path, bench)
            else:
                # It may be a page for those who are not signed in yet.
                other, _ = _asked(run, anybody, path, bench)
                if other.audited:
                    return _paged(other, route, path, anybody, bench)
                anybody = None
        if tried.audited:
            return _paged(tried, route, path, visit.client, bench)
        first = first or replace(tried, reason=f"{tried.reason} {visit.reason}".strip())
        if answer is None or tried.status == "failed" or not (answer.location or answer.status in _TRY_ANOTHER_ROW):
            break
    return first or run


def _asked(run: QueryRun, client: Client, path: str, bench: Bench) -> tuple[QueryRun, RefusedPageError | None]:
    """The run of one path, and what was answered instead of a page."""
    refused: list[RefusedPageError] = []
    tried = bench.measure(run, _noting(asking(client, path, bench.connection), refused), asked=True)
    return tried, refused[-1] if refused else None


def _noting(task: Callable[[], Any], refused: list[RefusedPageError]) -> Callable[[], Any]:
    def noted() -> Any:
        try:
            return task()
        except RefusedPageError as error:
            refused.append(error)
            raise

    return noted


def _defaults(client: Client) -> dict[str, Any]:
    return {"SERVER_NAME": host(), "REMOTE_ADDR": client.defaults.get("REMOTE_ADDR"), "raise_request_exception": False}


def _paged(run: QueryRun, route: Route, path: str, client: Client, bench: Bench) -> QueryRun:
    """The run with what keeps its list from having pages."""
    try:
        found = paging.of_view(route.view)
    except Exception:  # noqa: BLE001 - a view class of the project may have anything for its settings
        found = None
    if found is None:
        return run
    asked = paging.asked(found, lambda query: asking(client, f"{path}?{query}", bench.connection), bench)
    return replace(run, paging=asked)
