"""Lists without an end whose views say why: crawled routes and admin lists, measured."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.apps.registry import Apps
from django.conf import LazySettings
from django.contrib import admin
from django.contrib.auth.models import Group
from django.db import connections
from django.db.models import Model

from dbaudit import catalog
from dbaudit.facts import QueryRun, Snapshot
from dbaudit.findings import Finding
from dbaudit.workload.asking.surroundings import prepared
from dbaudit.workload.asking.visitor import Visitors
from dbaudit.workload.limits import Limits
from dbaudit.workload.sampling import Bench
from dbaudit.workload.sources import crawl
from dbaudit.workload.sources.admin_pages import changelists
from tests.checks.operations import outcome
from tests.workload import paged_views

CHECK = "unbounded_result"
HERE = "tests/checks/test_unbounded_result_of_views.py"
VIEWS = "tests/workload/paged_views.py"
MANY = 700


def fill(groups: int) -> None:
    """That many groups."""
    Group.objects.bulk_create(Group(name=f"Group {number}") for number in range(groups))


def judged(run: QueryRun) -> tuple[Finding, ...]:
    """What the check finds in a run."""
    found = outcome(CHECK, replace(read(Apps([])), runs=(run,)))
    assert not found.skipped
    return found.findings


def read(registry: Apps) -> Snapshot:
    """The database of the alias "default"."""
    limits: dict[str, Any] = {"statement_timeout_ms": 30_000, "lock_timeout_ms": 2_000, "count_limit_bytes": 1 << 24}
    return catalog.read(connections["default"], apps=registry, **limits)


@pytest.fixture
def routes(db: None, settings: LazySettings) -> Any:
    """What asks one route of the test's views, and gives its run."""
    settings.ROOT_URLCONF = "tests.workload.paged_views"
    settings.INSTALLED_APPS = [*settings.INSTALLED_APPS, "rest_framework"]

    def ask(route: str) -> QueryRun:
        others = [one for one in ROUTES if one != route]
        runs = crawl.runs(apps, Bench(connections["default"], Limits()), crawl.planned(others))
        (run,) = [one for one in runs if one.id == f"crawl:/{route}"]
        assert run.audited, run.reason
        return run

    return ask


def line(text: str, file: str = paged_views.__file__) -> int:
    """The line of a file on which a text first stands."""
    lines = Path(file).read_text().splitlines()
    return next(number for number, one in enumerate(lines, 1) if text in one)


PAGED = ["paged/", "paged-here/", "paged-in-code/", "paginator/", "sized/", "bounded/", "bounded-in-code/"]
PAGED += ["one-size/", "bounded-limit/", "cursor/"]
CAUSES = [
    ("plain/", "paginate_by of Groups is not set", "paginate_by = 50", "paginate_by: int | None = None"),
    ("none/", "pagination_class of RestGroups is not set", "pagination_class = Pages", "pagination_class: Any = None"),
    ("set/$", "pagination_class of GroupSet is not set", "pagination_class = Pages", "    pagination_class = None"),
    ("no-size/", "page_size of NoSize is not set", "page_size = 50", "    page_size = None"),
    (
        "no-size-at-all/",
        "PAGE_SIZE of REST_FRAMEWORK is not set",
        'REST_FRAMEWORK = {..., "PAGE_SIZE": 50}',
        "RestGroups(",
    ),
]
ANY_SIZE = [
    ("any-size/", "max_page_size of AnySize is not set", "max_page_size = 100", "class AnySize", "size=1000"),
    ("any-limit/", "max_limit of AnyLimit is not set", "max_limit = 100", "class AnyLimit", "limit=1000"),
]
ROUTES = [*PAGED, *(one[0] for one in CAUSES), *(one[0] for one in ANY_SIZE), "permissions/"]


@pytest.mark.needs("rest_framework")
@pytest.mark.parametrize("route", PAGED)
def test_silent_on_a_list_that_has_pages(routes: Any, route: str) -> None:
    fill(MANY)
    assert not judged(routes(route))


@pytest.mark.needs("rest_framework")
@pytest.mark.parametrize("route", ["plain/", "none/", "any-size/", "any-limit/"])
def test_silent_on_a_list_of_a_small_table(routes: Any, route: str) -> None:
    assert not judged(routes(route))


@pytest.mark.needs("rest_framework")
def test_silent_about_the_view_where_another_statement_has_no_limit(routes: Any) -> None:
    fill(MANY)
    (finding,) = judged(routes("permissions/"))
    assert finding.detail == "The statement has no limit, so that it grows with the table."


@pytest.mark.needs("rest_framework")
@pytest.mark.parametrize(("route", "cause", "change", "written"), CAUSES)
def test_names_the_setting_for_which_a_view_has_no_pages(
    routes: Any, route: str, cause: str, change: str, written: str
) -> None:
    fill(MANY)
    (finding,) = judged(routes(route))
    assert finding.detail.startswith(cause)
    assert finding.remedy.orm.startswith(change)
    assert place(finding) == (VIEWS, line(written))


@pytest.mark.needs("rest_framework")
@pytest.mark.parametrize(("route", "cause", "change", "written", "asked"), ANY_SIZE)
def test_finds_pages_of_any_size_by_asking_for_a_large_one(
    routes: Any, route: str, cause: str, change: str, written: str, asked: str
) -> None:
    fill(MANY)
    (finding,) = judged(routes(route))
    assert finding.detail.startswith(cause)
    assert finding.remedy.orm == change
    assert place(finding) == (VIEWS, line(written))
    told = [(one.what, one.value, one.source) for one in finding.evidence]
    assert told[0][:2] == ("rows of a page", 50)
    assert told[1] == ("rows returned", MANY, f"GET /{route} with ?{asked}")


def place(finding: Finding) -> tuple[str, int]:
    assert finding.location is not None
    return finding.location.file, finding.location.line


# -- the admin -----------------------------------------------------------------------------------------------------


class Listed(admin.ModelAdmin):  # type: ignore[type-arg]
    pass


class LongPages(Listed):
    list_per_page = 5_000


class PagesLongEnough(Listed):
    list_per_page = 600


class ShowsAll(Listed):
    list_max_show_all = 100_000


class ShowsFew(Listed):
    list_max_show_all = 600


@pytest.fixture
def listed(db: None) -> Any:
    """What gives the run of the admin list of groups as a class shows it."""

    def show(cls: type[Listed], groups: int = MANY) -> QueryRun:
        fill(groups)
        (facts,) = [one for one in read(apps).models if one.label == "auth.Group"]
        bench = Bench(connections["default"], Limits(samples=1), writes=True)
        with registered(Group, cls), prepared(bench.connection):
            (run,) = changelists([(Group, facts)], Visitors(apps, bench), bench)
        assert run.audited, run.reason
        return run

    return show


@contextmanager
def registered(model: type[Model], cls: type[Listed]) -> Iterator[None]:
    """The admin with a class of the test's own in place of the model's."""
    before = type(admin.site.get_model_admin(model))
    admin.site.unregister(model)
    admin.site.register(model, cls)
    try:
        yield
    finally:
        admin.site.unregister(model)
        admin.site.register(model, before)


@pytest.mark.parametrize("cls", [Listed, PagesLongEnough, ShowsFew])
def test_silent_on_an_admin_list_that_does_not_grow(listed: Any, cls: type[Listed]) -> None:
    assert not judged(listed(cls))


@pytest.mark.parametrize("cls", [LongPages, ShowsAll])
def test_silent_on_an_admin_list_of_a_small_table(listed: Any, cls: type[Listed]) -> None:
    assert not judged(listed(cls, 300))


def test_finds_an_admin_list_whose_page_holds_the_whole_table(listed: Any) -> None:
    (finding,) = judged(listed(LongPages))
    assert finding.detail == "list_per_page of LongPages is 5,000: up to there it grows with the table."
    assert finding.remedy.orm == "list_per_page = 100"
    assert place(finding) == (HERE, line("list_per_page = 5_000", __file__))


def test_finds_an_admin_list_that_shows_all_of_a_large_table(listed: Any) -> None:
    (finding,) = judged(listed(ShowsAll))
    assert finding.detail == "list_max_show_all of ShowsAll is 100,000: up to there it grows with the table."
    assert finding.remedy.orm == "list_max_show_all = 200"
    assert place(finding) == (HERE, line("list_max_show_all = 100_000", __file__))
    assert [one.value for one in finding.evidence] == [100, MANY, MANY]
