"""Whatever a page does costs that page, and nothing of it stays in the process."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.conf import LazySettings, settings
from django.contrib.auth.models import Group
from django.core import mail
from django.core.cache import cache
from django.db import connections
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.test.utils import override_settings
from django.urls import get_urlconf, path
from django.utils import timezone, translation

from dbaudit.facts import QueryRun
from dbaudit.workload.limits import Limits
from dbaudit.workload.sampling import Bench
from dbaudit.workload.sources import crawl
from tests import project
from tests.scratch import Scratch

kept = threading.local()


class OddError(BaseException):
    """Nobody catches it."""


def leaves(_: HttpRequest) -> HttpResponse:
    sys.exit(3)


def odd(_: HttpRequest) -> HttpResponse:
    raise OddError("a secret")


def hangs(_: HttpRequest) -> HttpResponse:
    time.sleep(600)
    return HttpResponse("")


def stops(_: HttpRequest) -> StreamingHttpResponse:
    def lines() -> Iterator[str]:
        yield str(Group.objects.count())
        raise LookupError("a secret")

    return StreamingHttpResponse(lines())


def endless(_: HttpRequest) -> StreamingHttpResponse:
    def lines() -> Iterator[str]:
        while True:
            yield str(Group.objects.count())

    return StreamingHttpResponse(lines())


def asks(_: HttpRequest) -> HttpResponse:
    return HttpResponse(str(Group.objects.count()))


def lingers(request: HttpRequest) -> HttpResponse:
    translation.activate("de")
    timezone.activate("Asia/Tokyo")
    kept.user = request.user
    cache.set("page", "of the audit's user")
    mail.send_mail("x", "x", None, ["x@example.invalid"])
    return HttpResponse(translation.get_language())


def speaks(_: HttpRequest) -> HttpResponse:
    assert translation.get_language() != "de"
    return HttpResponse("")


urlpatterns = [
    path("leaves/", leaves),
    path("odd/", odd),
    path("hangs/", hangs),
    path("stops/", stops),
    path("endless/", endless),
    path("asks/", asks),
    path("lingers/", lingers),
    path("speaks/", speaks),
]


@pytest.fixture
def pages(db: None, settings: LazySettings) -> Any:
    """What crawls these routes alone."""
    settings.ROOT_URLCONF = __name__

    def ask(*names: str) -> dict[str, QueryRun]:
        plan = crawl.planned()
        plan = replace(plan, routes=tuple(one for one in plan.routes if one.route.strip("/") in names))
        bench = Bench(connections["default"], Limits(page_ms=1_500))
        return {run.label: run for run in crawl.runs(apps, bench, plan)}

    return ask


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("leaves", "It came to no end (SystemExit at tests/workload/test_hazards.py:"),
        ("odd", "It came to no end (OddError at tests/workload/test_hazards.py:"),
        ("hangs", "It took longer than 1.5 s (tests/workload/test_hazards.py:"),
        ("stops", "It came to no end (LookupError at tests/workload/test_hazards.py:"),
    ],
)
def test_a_page_that_ends_in_whatever_way_costs_itself_and_is_named(pages: Any, name: str, reason: str) -> None:
    found = pages(name, "asks")
    run = found[f"GET /{name}/"]
    assert run.status == "not audited"
    assert run.reason.startswith(reason)
    assert "secret" not in run.reason
    assert found["GET /asks/"].audited, found["GET /asks/"].reason


def test_a_stream_without_an_end_is_read_in_part(pages: Any) -> None:
    run = pages("endless")["GET /endless/"]
    assert run.audited, run.reason
    assert run.queries == 1_000


def test_nothing_that_a_page_sets_stays(pages: Any) -> None:
    language, urlconf, zone = translation.get_language(), get_urlconf(), timezone.get_current_timezone_name()
    hosts, caches = settings.ALLOWED_HOSTS, settings.CACHES
    outbox = list(mail.outbox)
    cache.delete("page")
    found = pages("lingers", "speaks")
    assert all(run.audited for run in found.values()), found
    assert (translation.get_language(), get_urlconf()) == (language, urlconf)
    assert timezone.get_current_timezone_name() == zone
    assert not hasattr(kept, "user")
    assert cache.get("page") is None
    assert mail.outbox == outbox
    assert (hosts, caches) == (settings.ALLOWED_HOSTS, settings.CACHES)
    assert "close_if_unusable_or_obsolete" not in vars(connections["default"])


@pytest.mark.django_db
def test_what_the_audit_overrides_is_as_it_was_also_after_an_interrupt() -> None:
    def interrupted(_: HttpRequest) -> HttpResponse:
        raise KeyboardInterrupt

    module = type(sys)("interrupted_urls")
    module.urlpatterns = [path("stop/", interrupted)]  # type: ignore[attr-defined]
    sys.modules[module.__name__] = module
    hosts = settings.ALLOWED_HOSTS
    try:
        with override_settings(ROOT_URLCONF=module.__name__), pytest.raises(KeyboardInterrupt):
            list(crawl.runs(apps, Bench(connections["default"], Limits()), crawl.planned()))
    finally:
        del sys.modules[module.__name__]
    assert hosts == settings.ALLOWED_HOSTS


VIEWS = """
from django.db import connection
from django.http import HttpResponse
from django.urls import path
from shop.models import Book

def asks(request):
    return HttpResponse(str(Book.objects.count()))

def closes(request):
    connection.close()
    return HttpResponse("")

def killed(request):
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
    return HttpResponse("")

def renamed(request):
    connection.settings_dict["NAME"] = "elsewhere"
    return HttpResponse("")

views = {"closes": closes, "asks1": asks, "killed": killed, "asks2": asks, "renamed": renamed, "asks3": asks}
urlpatterns = [path(f"{name}/", view) for name, view in views.items()]
"""


@pytest.mark.needs("postgresql")
def test_a_page_that_breaks_its_connection_costs_itself(postgres: Scratch, tmp_path: Path) -> None:
    shop = project.make(
        tmp_path,
        apps=("shop",),
        contrib=("django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions"),
        database=postgres.connection.settings_dict,
    )
    models = "from django.db import models\n\nclass Book(models.Model):\n    title = models.CharField(max_length=9)\n"
    shop.write({"shop/__init__.py": "", "shop/models.py": models, "urls.py": VIEWS})
    shop.migrate()
    report = shop.report("--crawl", "--check", "query_failed", "--quick")["databases"][0]
    found = {query["id"]: query for query in report["queries"] if query["id"].startswith("crawl:")}
    asked = [found[f"crawl:/asks{number}/"] for number in (1, 2, 3)]
    assert [query["status"] for query in asked if query["status"] == "not audited"] == []
    assert {found[f"crawl:/{name}/"]["status"] for name in ("closes", "killed", "renamed")} == {"not audited"}
    assert report["findings"] == []
    (told,) = [one["reason"] for one in report["skipped"] if one["what"] == "Crawled pages"]
    assert told.startswith("3 of 6 GET routes answered. Of the others, ")
