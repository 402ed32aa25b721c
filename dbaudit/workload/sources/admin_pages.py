"""The admin's lists: the real change list of every registered model, as a superuser would see it."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import models
from django.test import RequestFactory
from django.urls import NoReverseMatch, reverse

from dbaudit.facts import Model, QueryRun
from dbaudit.workload import paging
from dbaudit.workload.fixes import proposals
from dbaudit.workload.sampling import Bench, NotAuditedError

FILTERS = 5
CHOICES = 2
ORDERINGS = 3

Models = Sequence[tuple[type[models.Model], Model]]


def changelists(found: Models, bench: Bench) -> Iterator[QueryRun]:
    """Each model's list, first page, rendered with its filters, its actions and every column of every row."""
    for model_admin, facts in _registered(found):
        run = bench.about(f"admin:{facts.label}", f"Admin list of {facts.label}", facts)
        run = proposals.with_admin_trial(bench.measure(run, _rendered(model_admin)), model_admin, _rendered, bench)
        yield replace(run, paging=paging.of_admin(model_admin, _list(model_admin), bench)) if run.audited else run


def variants(found: Models, bench: Bench) -> Iterator[QueryRun]:
    """The same lists filtered by each ``list_filter``, searched, drilled down by date and ordered by column."""
    bench = replace(bench, limits=replace(bench.limits, samples=1))
    for model_admin, facts in _registered(found):
        requests: list[tuple[str, str]] = []
        try:
            bench.aside(lambda admin=model_admin, into=requests: into.extend(_variants(admin)))  # type: ignore[misc]
        except Exception:  # noqa: BLE001 - the list itself failed above, and says why
            requests = []
        for name, query in requests:
            run = bench.about(f"admin:{facts.label}?{name}", f"Admin list of {facts.label}, {name}", facts)
            yield bench.measure(run, _listed(model_admin, query))


def _registered(found: Models) -> Iterator[tuple[Any, Model]]:
    if not apps.is_installed("django.contrib.admin"):
        return
    from django.contrib import admin  # noqa: PLC0415 - importing it fails where it is not installed

    for model, facts in found:
        if admin.site.is_registered(model):
            yield admin.site.get_model_admin(model), facts


def _request(model_admin: Any, query: str = "") -> Any:
    meta = model_admin.opts
    try:
        path = reverse(f"{model_admin.admin_site.name}:{meta.app_label}_{meta.model_name}_changelist")
    except NoReverseMatch:
        raise NotAuditedError("The admin site is in no URL configuration.") from None
    request = RequestFactory().get(f"{path}?{query}" if query else path, SERVER_NAME=host())
    request.user = _superuser()
    if apps.is_installed("django.contrib.sessions"):
        request.session = importlib.import_module(settings.SESSION_ENGINE).SessionStore()
    return request


def _superuser() -> Any:
    """A user that may see everything and is saved nowhere."""
    user: Any = get_user_model()()
    user.is_active = user.is_staff = user.is_superuser = True
    return user


def host() -> str:
    """A host name that the settings allow."""
    hosts = [host.lstrip(".") for host in settings.ALLOWED_HOSTS if host != "*"]
    return hosts[0] if hosts else "localhost"


def _rendered(model_admin: Any) -> Any:
    def view() -> Any:
        response = model_admin.changelist_view(_request(model_admin))
        if response.status_code != 200:
            raise NotAuditedError(f"Status {response.status_code}.")
        return response

    return view


def _list(model_admin: Any) -> Callable[[str], Any]:
    """What gives the change list for a query string."""
    return lambda query: model_admin.get_changelist_instance(_request(model_admin, query))


def _listed(model_admin: Any, query: str) -> Any:
    return lambda: list(_list(model_admin)(query).result_list)


def _variants(model_admin: Any) -> Iterator[tuple[str, str]]:
    """What to ask for, as (name, query string). The names hold no value of a row."""
    changelist = model_admin.get_changelist_instance(_request(model_admin))
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
