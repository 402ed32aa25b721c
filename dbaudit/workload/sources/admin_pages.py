"""The admin's lists: the change list of every registered model, asked for as a superuser of the project would."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from django.apps import apps
from django.db import models
from django.http import QueryDict
from django.urls import NoReverseMatch, resolve, reverse

from dbaudit import places
from dbaudit.facts import Model, QueryRun
from dbaudit.workload import paging
from dbaudit.workload.asking.pages import asking
from dbaudit.workload.asking.visitor import Visit, Visitors
from dbaudit.workload.execution import interrupted
from dbaudit.workload.fixes import estimating, proposals
from dbaudit.workload.sampling import Bench

FILTERS = 5
CHOICES = 2
ORDERINGS = 3

Models = Sequence[tuple[type[models.Model], Model]]


@dataclass(frozen=True, slots=True)
class _Page:
    """A list: the admin's object for its model, what is known of the model, and the path; "" where it has none."""

    model_admin: Any
    facts: Model
    path: str

    def run(self, bench: Bench, variant: str = "") -> QueryRun:
        """The run before it is measured. The list is whose class says what it shows."""
        identity = f"admin:{self.facts.label}{f'?{variant}' if variant else ''}"
        label = f"Admin list of {self.facts.label}{f', {variant}' if variant else ''}"
        cls = type(self.model_admin)
        run = bench.about(identity, label, self.facts)
        if cls.__module__.startswith("django.contrib.admin"):
            return run
        owner = places.owner_of(cls)
        return replace(run, owner=owner, location=places.of_class(cls) if owner == "project" else None)


def changelists(found: Models, visitors: Visitors, bench: Bench) -> Iterator[QueryRun]:
    """Each model's list, first page, rendered with its filters, its actions and every column of every row."""
    for page in _registered(found):
        yield _netted(page.run(bench), lambda page=page: (_measured(page, visitors, bench),))[0]  # type: ignore[misc]


def variants(found: Models, visitors: Visitors, bench: Bench) -> Iterator[QueryRun]:
    """The same lists filtered by each ``list_filter``, searched, drilled down by date and ordered by column: what they
    ask for their rows, without the page around."""
    bench = replace(bench, limits=replace(bench.limits, samples=1))
    for page in _registered(found):
        yield from _netted(page.run(bench), lambda page=page: _varied(page, visitors, bench), kept=False)  # type: ignore[misc]


def _registered(found: Models) -> Iterator[_Page]:
    if not apps.is_installed("django.contrib.admin"):
        return
    from django.contrib.admin.sites import all_sites, site  # noqa: PLC0415 - importing it fails where not installed

    sites = [site, *(one for one in all_sites if one is not site)]
    for model, facts in found:
        pages = [
            _Page(one.get_model_admin(model), facts, _path(one, model)) for one in sites if one.is_registered(model)
        ]
        if pages:
            yield next((page for page in pages if page.path), pages[0])


def _path(site: Any, model: type[models.Model]) -> str:
    try:
        return reverse(f"{site.name}:{model._meta.app_label}_{model._meta.model_name}_changelist")
    except NoReverseMatch:
        return ""


def _netted(run: QueryRun, task: Callable[[], tuple[QueryRun, ...]], *, kept: bool = True) -> tuple[QueryRun, ...]:
    """What the task gives; where something around the measurement breaks (a lost connection), that run and no other."""
    try:
        return task()
    except BaseException as error:
        if interrupted(error):
            raise
        return (
            (replace(run, reason=f"Its transaction did not come to its end ({type(error).__name__})."),) if kept else ()
        )


def _measured(page: _Page, visitors: Visitors, bench: Bench) -> QueryRun:
    run = page.run(bench)
    if not page.path:
        return replace(run, reason="The admin site is in no URL configuration.")
    with visitors.visit() as visit:
        if visit.user is None:
            return replace(run, reason=visit.reason)
        asked = _Asked(page, visit, bench)
        run = bench.measure(run, asked.rendered(page.model_admin), asked=True)
        if not run.audited:
            return run
        run = proposals.with_admin_trial(run, page.model_admin, asked.rendered, bench)
        run = estimating.with_trial(run, page.model_admin, asked.rendered, bench)
        return replace(run, paging=paging.of_admin(page.model_admin, asked.listed, bench))


def _varied(page: _Page, visitors: Visitors, bench: Bench) -> tuple[QueryRun, ...]:
    if not page.path:
        return ()
    with visitors.visit() as visit:
        if visit.user is None:
            return ()
        asked = _Asked(page, visit, bench)
        found: list[tuple[str, str]] = []
        try:
            bench.aside(asked.rendered(page.model_admin))
            bench.aside(lambda: found.extend(_variants(asked.listed(""))))
        except BaseException as error:
            if interrupted(error):
                raise
            return ()
        return tuple(
            bench.measure(page.run(bench, name), lambda query=query: list(asked.listed(query).result_list), asked=True)  # type: ignore[misc]
            for name, query in found
        )


class _Asked:
    """One list as it is asked for in a visit. The request that the project's middleware made serves for more lists."""

    def __init__(self, page: _Page, visit: Visit, bench: Bench) -> None:
        # What the URL configuration leads to, should the site have another object by now.
        self._routed = getattr(resolve(page.path).func, "model_admin", page.model_admin)
        self._model_admin = page.model_admin
        self._get = asking(visit.client, page.path, bench.connection)
        self._request: Any = None

    def rendered(self, model_admin: Any) -> Callable[[], Any]:
        """What asks for the page, as this object of the admin or a changed one would answer."""

        def view() -> Any:
            with _as_if(self._routed, type(model_admin)):
                response = self._get()
            self._request = response.wsgi_request
            return response

        return view

    def listed(self, query: str) -> Any:
        """The change list for a query string; to be asked for after the page was rendered."""
        request = copy.copy(self._request)
        request.GET = QueryDict(query)
        request.META = {**request.META, "QUERY_STRING": query}
        return self._model_admin.get_changelist_instance(request)


@contextmanager
def _as_if(model_admin: Any, cls: type[Any]) -> Iterator[None]:
    """The object that the URL configuration knows, of another class for the time of the block."""
    own = type(model_admin)
    model_admin.__class__ = cls
    try:
        yield
    finally:
        model_admin.__class__ = own


def _variants(changelist: Any) -> Iterator[tuple[str, str]]:
    """What to ask for, as (name, query string). The names hold no value of a row."""
    for spec in islice(changelist.filter_specs, FILTERS):
        choices = [one for one in spec.choices(changelist) if not one.get("selected") and one.get("query_string")]
        for number, choice in enumerate(choices[:CHOICES], 1):
            yield f"filtered by {spec.title} ({number})", choice["query_string"].removeprefix("?")
    first = next(iter(changelist.result_list), None)
    if first is None:
        return
    if changelist.search_fields:
        yield "searched", f"q={_word(first, changelist.search_fields)}"
    day = _follow(first, changelist.date_hierarchy) if changelist.date_hierarchy else None
    if day is not None:
        yield "one year", f"{changelist.date_hierarchy}__year={day.year}"
    for name, number in _columns(changelist):
        yield f"ordered by {name}", f"o={number}"


def _columns(changelist: Any) -> Iterator[tuple[str, int]]:
    found = (
        (name if isinstance(name, str) else getattr(name, "__name__", "column"), number)
        for number, name in enumerate(changelist.list_display)
        if changelist.get_ordering_field(name) is not None
    )
    yield from islice(found, ORDERINGS)


def _word(row: Any, fields: Sequence[str]) -> str:
    """A word that occurs: from a searched field of the first row."""
    for name in fields:
        value = _follow(row, name.lstrip("^=@"))
        if value:
            return str(value).split()[0][:8]
    return "a"


def _follow(row: Any, path: str) -> Any:
    for name in path.split("__"):
        row = getattr(row, name, None)
    return row
