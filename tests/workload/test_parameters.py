"""Parameters of routes are filled from rows that exist and belong together, or from the settings."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from django.apps import apps
from django.conf import LazySettings
from django.contrib.admin.models import LogEntry
from django.contrib.auth import models as auth
from django.contrib.auth.models import Group, Permission, User
from django.http import HttpRequest, HttpResponse
from django.urls import include, path, re_path, register_converter
from django.views.decorators.http import require_POST
from django.views.generic import DetailView, ListView, RedirectView, View

from dbaudit.errors import AuditError
from dbaudit.workload.sources import crawl
from dbaudit.workload.sources.excluding import excluded, verified
from dbaudit.workload.sources.parameters import Parameters
from dbaudit.workload.sources.routes import answers_get, routes


class ByUser:
    """A converter whose value is an object, as projects write them."""

    regex = "u-[a-z]+"

    def to_python(self, value: str) -> User:
        return User.objects.get(username=value.removeprefix("u-"))

    def to_url(self, user: User) -> str:
        return f"u-{user.username}"


register_converter(ByUser, "byuser")


def page(_: HttpRequest, **__: Any) -> HttpResponse:
    return HttpResponse("")


def one_user(_: HttpRequest, key: int) -> HttpResponse:
    return HttpResponse(auth.User.objects.get(pk=key).username)


def positional(_: HttpRequest, group_id: str) -> HttpResponse:
    return HttpResponse(Group.objects.get(pk=group_id).name)


class Entry(DetailView):  # type: ignore[type-arg]
    model = LogEntry


class Odd(ListView):  # type: ignore[type-arg]
    @property
    def queryset(self) -> Any:  # type: ignore[override]
        raise LookupError("asked for without a request")

    @property
    def model(self) -> Any:  # type: ignore[override]
        raise LookupError("asked for without a request")


class Posted(View):
    def post(self, _: HttpRequest) -> HttpResponse:
        return HttpResponse("")


urlpatterns = [
    path("users/<str:username>/", page),
    path("entries/<int:pk>/", Entry.as_view()),
    path("users/<int:user_pk>/entries/<int:pk>/", Entry.as_view()),
    path("content/<int:content_type_id>/permissions/<slug:codename>/", page),
    path("days/<int:year>/<int:month>/<int:day>/", Entry.as_view()),
    path("by/<byuser:user>/", page),
    path("keys/<int:key>/", one_user),
    path("odd/<int:pk>/", Odd.as_view()),
    path("years/<int:year>/", page),
    re_path(r"^formats/(?P<kind>json|xml)/$", page),
    re_path(r"^unnamed/(\d+)/$", positional),
    re_path(r"^optional/(?:(?P<number>\d+)/)?$", page),
    path("nested/<int:group_id>/", include(([path("names/<str:name>/", page)], "nested"))),
    path("posted/", Posted.as_view()),
    path("decorated/", require_POST(page)),
    path("moved/", RedirectView.as_view(url="/elsewhere/")),
    path("<str:anything>/", page),
    path("shadowed/", page),
]


@pytest.fixture
def filled(db: None, settings: LazySettings) -> Any:
    """What gives the paths of a route, and the reason where there are none."""
    settings.ROOT_URLCONF = __name__
    User.objects.create(username="ann", last_login=datetime(2026, 5, 4, tzinfo=UTC))
    bob = User.objects.create(username="bob")
    Group.objects.create(name="first")
    entry = LogEntry(user=bob, action_flag=1, object_repr="x", action_time=datetime(2025, 12, 3, tzinfo=UTC))
    entry.save()

    def ask(route: str, **samples: Any) -> tuple[tuple[str, ...], str]:
        parameters = Parameters(apps, samples.pop("samples", samples))
        (found,) = [one for one in routes() if one.route == route]
        return parameters.filled(found)

    return ask


@pytest.mark.parametrize(
    ("route", "first"),
    [
        ("users/<str:username>/", "/users/ann/"),
        ("entries/<int:pk>/", r"/entries/\d+/"),
        ("days/<int:year>/<int:month>/<int:day>/", "/days/2025/12/3/"),
        ("by/<byuser:user>/", "/by/u-ann/"),
        ("keys/<int:key>/", r"/keys/\d+/"),
        ("formats/(?P<kind>json|xml)/$", "/formats/json/"),
        (r"unnamed/(\d+)/$", r"/unnamed/\d+/"),
        (r"optional/(?:(?P<number>\d+)/)?$", "/optional/"),
        ("nested/<int:group_id>/names/<str:name>/", r"/nested/\d+/names/first/"),
    ],
)
def test_a_path_is_made_from_rows(filled: Any, route: str, first: str) -> None:
    paths, reason = filled(route)
    assert paths, reason
    assert re.fullmatch(first, paths[0])


def test_nested_parameters_are_those_of_one_row(filled: Any) -> None:
    paths, _ = filled("users/<int:user_pk>/entries/<int:pk>/")
    bob, entry = User.objects.get(username="bob"), LogEntry.objects.get()
    assert paths[0] == f"/users/{bob.pk}/entries/{entry.pk}/"
    permission = Permission.objects.order_by("pk")[0]
    paths, _ = filled("content/<int:content_type_id>/permissions/<slug:codename>/")
    assert paths[0] == f"/content/{permission.content_type_id}/permissions/{permission.codename}/"


def test_a_view_whose_model_is_a_property_costs_nothing(filled: Any) -> None:
    paths, reason = filled("odd/<int:pk>/")
    assert paths or reason == "No row tells a value for <pk>."


def test_what_no_row_tells_the_settings_may(filled: Any) -> None:
    assert filled("years/<int:year>/") == ((), "No row tells a value for <year>.")
    assert filled("years/<int:year>/", year=2026)[0] == ("/years/2026/",)
    assert filled("years/<int:year>/", samples={"years/<int:year>/": {"year": 2027}})[0] == ("/years/2027/",)


def test_a_route_that_another_one_hides_is_not_asked_for(filled: Any) -> None:
    assert filled("shadowed/") == ((), "Another route answers its path.")


def test_routes_that_answer_no_get_are_known_before_they_are_asked(settings: LazySettings) -> None:
    settings.ROOT_URLCONF = __name__
    silent = {one.route for one in routes() if not answers_get(one.view)}
    assert silent == {"posted/", "decorated/"}
    assert crawl.planned().reasons["moved/"] == "It only redirects."


@pytest.mark.parametrize(
    ("pattern", "met"),
    [
        ("^/users/", {"users/<str:username>/", "users/<int:user_pk>/entries/<int:pk>/"}),
        (r"^/users/\w+/$", {"users/<str:username>/"}),
        ("/users/*", {"users/<str:username>/", "users/<int:user_pk>/entries/<int:pk>/"}),
        ("posted/", {"posted/"}),
        ("/nested/", {"nested/<int:group_id>/names/<str:name>/"}),
        (r"/formats/(json|xml)/", {"formats/(?P<kind>json|xml)/$"}),
        ("keys/<int:key>/", {"keys/<int:key>/"}),
    ],
)
def test_patterns_are_regular_expressions_shell_patterns_and_paths(
    settings: LazySettings, pattern: str, met: set[str]
) -> None:
    settings.ROOT_URLCONF = __name__
    assert set(excluded([pattern], routes())) == met


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("^/user/x/", "--crawl-exclude '^/user/x/' meets no route; the nearest is '/users/<str:username>/'."),
        ("^/users/(", "--crawl-exclude '^/users/(' is no regular expression: "),
    ],
)
def test_a_pattern_that_meets_no_route_is_refused(settings: LazySettings, pattern: str, words: str) -> None:
    settings.ROOT_URLCONF = __name__
    with pytest.raises(AuditError, match=re.escape(words)):
        excluded([pattern], [one for one in routes() if "anything" not in one.route])


def test_samples_of_what_the_project_does_not_have_are_refused(settings: LazySettings) -> None:
    settings.ROOT_URLCONF = __name__
    verified({"year": 2026, "keys/<int:key>/": {"key": 1}, "/keys/<int:key>/": {"key": 1}}, routes())
    with pytest.raises(AuditError, match="names 'yaer', which is no parameter of a route; the nearest is 'year'"):
        verified({"yaer": 2026}, routes())
    with pytest.raises(AuditError, match="which is no route; the nearest is 'keys/<int:key>/'"):
        verified({"keys/<int:pk>/": {"key": 1}}, routes())
