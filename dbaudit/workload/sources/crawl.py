"""The crawl: every GET route of the project with the test client, as a superuser who exists for one transaction."""

from __future__ import annotations

import logging
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from django.apps.registry import Apps
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core import mail
from django.db import transaction
from django.test import Client
from django.test.utils import override_settings

from dbaudit import places
from dbaudit.facts import QueryRun
from dbaudit.workload import paging
from dbaudit.workload.execution import RolledBack
from dbaudit.workload.sampling import Bench, NotAuditedError
from dbaudit.workload.sources.admin_pages import host
from dbaudit.workload.sources.routes import Route, routes

#: Two warm samples tell enough of a page.
SAMPLES = 2
_NAME = "dbaudit-crawl"
_LOCMEM = "django.core.mail.backends.locmem.EmailBackend"


def runs(apps: Apps, bench: Bench, exclude: Iterable[str] = ()) -> Iterator[QueryRun]:
    """Measure each route whose parameters could be filled. Only success counts: whatever answers with a redirect, 4xx
    or 5xx is not audited, with its status.

    The user, the session, and all that a page writes are rolled back. Mail is kept in memory. Where no user can be made
    (tables are missing, the project's model wants more), no route is audited.
    """
    bench = replace(bench, writes=True, limits=replace(bench.limits, samples=SAMPLES))
    end = time.monotonic() + bench.limits.crawl_ms / 1000
    with _quiet(), RolledBack(bench.connection, bench.limits, writes=True).open():
        found = tuple(routes(apps, exclude))
        try:
            with transaction.atomic(using=bench.connection.alias):
                client = _client(apps)
        except Exception as error:  # noqa: BLE001 - the project's user model and what it sets off may do anything
            reason = f"No user could be made to ask as ({type(error).__name__})."
            yield from (
                replace(_blank(route, bench.connection.alias), reason=route.reason or reason) for route in found
            )
            return
        try:
            for route in found:
                run = _blank(route, bench.connection.alias)
                if route.path is None:
                    yield replace(run, reason=route.reason)
                elif time.monotonic() > end:
                    yield replace(run, reason=f"The crawl was stopped after {bench.limits.crawl_ms / 1000:g} s.")
                else:
                    yield _paged(bench.measure(run, _get(client, route.path)), route, client, bench)
        finally:
            # Sessions may live outside the database.
            client.session.flush()


def _blank(route: Route, alias: str) -> QueryRun:
    view: Any = route.view
    cls = getattr(view, "view_class", None) or getattr(view, "cls", None)
    code = getattr(getattr(cls, "get", None) or getattr(cls, "list", None) or view, "__code__", None)
    own = code is not None and places.is_project(code.co_filename)
    return QueryRun(
        id=f"crawl:/{route.route}",
        label=f"GET /{route.route}",
        origin="crawl",
        alias=alias,
        status="not audited",
        location=places.place(code.co_filename, code.co_firstlineno) if own and code is not None else None,
    )


def _paged(run: QueryRun, route: Route, client: Client, bench: Bench) -> QueryRun:
    """The run with what keeps its list from having pages."""
    found = paging.of_view(route.view) if run.audited else None
    if found is None:
        return run
    return replace(run, paging=paging.asked(found, lambda query: _get(client, f"{route.path}?{query}"), bench))


def _client(apps: Apps) -> Client:
    """A client whose user may see everything, by session and, for Django REST framework, by force."""
    model: Any = get_user_model()
    fields = {model.USERNAME_FIELD: _NAME}
    fields |= {name: f"{_NAME}@example.invalid" if "mail" in name else _NAME for name in model.REQUIRED_FIELDS}
    user = model._default_manager.create_superuser(password=None, **fields)
    # An address for documentation: a developer's toolbar shows itself to 127.0.0.1 and would be measured.
    options: dict[str, Any] = {"SERVER_NAME": host(), "REMOTE_ADDR": "192.0.2.1", "raise_request_exception": False}
    client: Any = Client(**options)
    if apps.is_installed("rest_framework"):
        from rest_framework.test import APIClient  # noqa: PLC0415 - an optional package

        client = APIClient(**options)
    client.force_login(user)
    if hasattr(client, "force_authenticate"):
        client.handler._force_user = user
    return client  # type: ignore[no-any-return]


def _get(client: Client, path: str) -> Callable[[], Any]:
    def get() -> Any:
        response = client.get(path, secure=settings.SECURE_SSL_REDIRECT)
        if not 200 <= response.status_code < 300:
            problem = getattr(response, "exc_info", None)
            raise NotAuditedError(f"Status {response.status_code}{f' ({problem[0].__name__})' if problem else ''}.")
        return response

    return get


@contextmanager
def _quiet() -> Iterator[None]:
    """Mail in memory, and no lines about pages that were not found."""
    logger = logging.getLogger("django.request")
    level = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    # Where the tests of a project run, the outbox is there already.
    before = list(mail.outbox) if hasattr(mail, "outbox") else None
    changed = _mail_in_memory()
    with _unwarned():
        changed.enable()
    try:
        yield
    finally:
        with _unwarned():
            changed.disable()
        logger.setLevel(level)
        if before is not None:
            mail.outbox[:] = before
        elif hasattr(mail, "outbox"):
            del mail.outbox


def _mail_in_memory() -> override_settings:
    mailers = getattr(settings, "MAILERS", None)
    if mailers is not None:
        return override_settings(MAILERS={alias: {"BACKEND": _LOCMEM} for alias in mailers})
    return override_settings(EMAIL_BACKEND=_LOCMEM)


@contextmanager
def _unwarned() -> Iterator[None]:
    """From Django 6.1 on, the setting that a project need not have set is deprecated."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.simplefilter("ignore", PendingDeprecationWarning)
        yield
