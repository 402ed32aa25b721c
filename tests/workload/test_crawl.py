"""The crawl: only success counts, everything is rolled back, mail stays in memory."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.apps import apps
from django.conf import LazySettings
from django.contrib.auth.models import Group, User
from django.contrib.sessions.models import Session
from django.core import mail
from django.core.mail import send_mail
from django.db import connections
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import include, path, re_path
from django.views.generic import DetailView, ListView

from dbaudit.facts import QueryRun
from dbaudit.workload.limits import Limits
from dbaudit.workload.sampling import Bench
from dbaudit.workload.sources import crawl
from tests.scratch import Scratch


class Groups(ListView):  # type: ignore[type-arg]
    queryset = Group.objects.order_by("name")

    def render_to_response(self, context: dict[str, Any], **_: Any) -> HttpResponse:
        return HttpResponse(", ".join(group.name for group in context["object_list"]))


class OneGroup(DetailView):  # type: ignore[type-arg]
    model = Group

    def render_to_response(self, context: dict[str, Any], **_: Any) -> HttpResponse:
        return HttpResponse(context["object"].name)


class NamedGroup(OneGroup):
    slug_field = "name"


def missing(_: HttpRequest) -> HttpResponse:
    raise Http404


def broken(_: HttpRequest) -> HttpResponse:
    raise ValueError("a secret")


def elsewhere(_: HttpRequest) -> HttpResponse:
    return redirect("/groups/")


def writing(request: HttpRequest) -> HttpResponse:
    Group.objects.create(name="written")
    send_mail("hello", "hello", None, ["someone@example.invalid"])
    assert request.user.is_superuser
    return HttpResponse("written")


def never(_: HttpRequest) -> HttpResponse:
    raise AssertionError("asked for what is excluded")


def static(_: HttpRequest) -> HttpResponse:
    return HttpResponse("nothing asked")


def member(_: HttpRequest, group_id: int) -> HttpResponse:
    return HttpResponse(Group.objects.get(pk=group_id).name)


def year(_: HttpRequest, year: int) -> HttpResponse:
    return never(_)


urlpatterns = [
    path("groups/", Groups.as_view()),
    path("groups/<int:pk>/", OneGroup.as_view()),
    path("named/<slug>/", NamedGroup.as_view()),
    path("nested/<int:group_id>/", include([path("member/", member)])),
    re_path(r"^old/(?P<group_id>\d+)/$", member),
    path("year/<int:year>/", year),
    path("missing/", missing),
    path("broken/", broken),
    path("elsewhere/", elsewhere),
    path("writing/", writing),
    path("static/", static),
    path("logout/", never),
    path("private/x/", never),
]


@pytest.fixture
def found(db: None, settings: LazySettings) -> dict[str, QueryRun]:
    settings.ROOT_URLCONF = __name__
    Group.objects.create(name="first")
    bench = Bench(connections["default"], Limits())
    return {run.label: run for run in crawl.runs(apps, bench, crawl.planned(["/private/*"]))}


@pytest.mark.parametrize(
    ("route", "reason"),
    [
        ("/missing/", "Status 404."),
        ("/broken/", "Status 500 (ValueError at tests/workload/test_crawl.py:51)."),
        ("/elsewhere/", "Redirected to /groups/."),
        ("/year/<int:year>/", "No row tells a value for <year>."),
        ("/logout/", "It would end the session."),
        ("/private/x/", "Excluded by --crawl-exclude."),
    ],
)
def test_what_is_no_success_is_not_audited(found: dict[str, QueryRun], route: str, reason: str) -> None:
    run = found[f"GET {route}"]
    assert (run.status, run.reason) == ("not audited", reason)


def test_nothing_that_a_page_does_stays(found: dict[str, QueryRun]) -> None:
    assert found["GET /writing/"].audited, found["GET /writing/"].reason
    assert not Group.objects.filter(name="written").exists()
    assert not User.objects.filter(username="dbaudit-crawl").exists()
    assert not Session.objects.exists()
    assert not getattr(mail, "outbox", [])


def test_a_page_that_asks_nothing_is_a_page(found: dict[str, QueryRun]) -> None:
    assert found["GET /static/"].audited


def test_parameters_are_filled_from_rows(found: dict[str, QueryRun]) -> None:
    routes = (
        "groups/",
        "groups/<int:pk>/",
        "named/<slug>/",
        "nested/<int:group_id>/member/",
        "old/<group_id>/",
    )
    for route in routes:
        run = found[f"GET /{route}"]
        assert run.audited, (route, run.reason)
        assert any(one.tables == ("auth_group",) for one in run.statements)
    assert found["GET /groups/"].origin == "crawl"


@pytest.mark.needs("rest_framework")
@pytest.mark.django_db
def test_list_and_detail_of_a_rest_router_are_asked(settings: LazySettings) -> None:
    settings.INSTALLED_APPS = [*settings.INSTALLED_APPS, "rest_framework"]
    settings.ROOT_URLCONF = "tests.workload.rest_urls"
    Group.objects.create(name="first")
    runs = {run.label: run for run in crawl.runs(apps, Bench(connections["default"], Limits()), crawl.planned())}
    audited = {label for label, run in runs.items() if run.audited}
    assert audited >= {"GET /api/groups/", "GET /api/groups/<name>/"}, runs
    assert not [label for label in runs if "format" in label]


@pytest.mark.parametrize("scratch", ["sqlite", "postgresql"], indirect=True)
def test_where_no_user_can_be_made_pages_are_asked_for_as_anybody_and_the_reason_is_told(
    scratch: Scratch, settings: LazySettings
) -> None:
    settings.ROOT_URLCONF = __name__
    settings.DATABASE_ROUTERS = [Everything(scratch.alias)]
    found = {
        run.label: run for run in crawl.runs(apps, Bench(scratch.connection, Limits()), crawl.planned(["/private/*"]))
    }
    assert [label for label, run in found.items() if run.audited] == ["GET /static/"]
    assert found["GET /groups/<int:pk>/"].reason == "No row tells a value for <pk>."
    reason = found["GET /groups/"].reason
    assert re.match(r"Status 500 .*No user could be made to ask as \((Operational|Programming)Error at ", reason)


class Everything:
    """Sends everything to one database."""

    def __init__(self, alias: str) -> None:
        self.alias = alias

    def db_for_read(self, _: object, **__: object) -> str:
        return self.alias

    db_for_write = db_for_read


@pytest.mark.parametrize(
    ("route", "words"),
    [
        ("shop/<slug:slug>/", "shop/<slug:slug>/"),
        ("api/tickets/(?P<pk>[^/.]+)/$", "api/tickets/<pk>/"),
        ("^books/(?P<year>(19|20)[0-9]{2})/$", "books/<year>/"),
    ],
)
def test_a_route_is_told_as_people_write_it(route: str, words: str) -> None:
    assert crawl._readable(route) == words
