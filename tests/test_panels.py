"""The toolbar's panel: real requests through the toolbar's middleware."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import django
import pytest
from asgiref.sync import sync_to_async
from django.conf import LazySettings
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connections
from django.test import AsyncClient, Client

import dbaudit
from dbaudit import registry
from dbaudit.workload.sources.routing import routed_to
from tests.scratch import Scratch
from tests.workload.conftest import AUTHORS, library
from tests.workload.models import Author, Book

__all__ = ["library"]

pytestmark = pytest.mark.needs("debug_toolbar")
ROOT = Path(__file__).parent.parent
PANEL = "AuditPanel"
# The toolbar keeps the URLs of the panels that it met first: the same for every test.
PANELS = ["dbaudit.panels.AuditPanel", "debug_toolbar.panels.sql.SQLPanel"]
# No test depends on how fast a machine is.
AMPLE = {"view": "*", "budget_ms": 600_000}


# What the panel shows is the same everywhere; what it asks a database itself is tried on both.
on_both = pytest.mark.parametrize(
    "scratch", ["sqlite", pytest.param("postgres", marks=pytest.mark.needs("postgresql"))], indirect=True
)


@pytest.fixture
def scratch(request: pytest.FixtureRequest) -> Scratch:
    """SQLite, unless a test is parametrised by `on_both`."""
    found: Scratch = request.getfixturevalue(getattr(request, "param", "sqlite"))
    return found


@pytest.fixture
def site(settings: LazySettings, library: Scratch) -> Iterator[Scratch]:
    """The toolbar on the pages of tests/workload/panel_urls.py."""
    from debug_toolbar.store import get_store  # noqa: PLC0415 - it may not be installed

    store: Any = get_store()
    settings.DEBUG = True
    settings.ROOT_URLCONF = "tests.workload.panel_urls"
    settings.MIDDLEWARE = ["debug_toolbar.middleware.DebugToolbarMiddleware"]
    settings.DEBUG_TOOLBAR_PANELS = PANELS
    settings.DBAUDIT = {"BUDGETS": [AMPLE]}
    store.clear()
    yield library
    store.clear()


def newest() -> Any:
    """The newest request as the toolbar reads it from its store."""
    from debug_toolbar.store import get_store  # noqa: PLC0415 - it may not be installed
    from debug_toolbar.toolbar import DebugToolbar  # noqa: PLC0415

    return DebugToolbar.fetch(list(get_store().request_ids())[-1])


def stats(path: str) -> dict[str, Any]:
    """What the panel stored of a request, as the store gives it back."""
    Client().get(path)
    return dict(newest().get_panel_by_id(PANEL).get_stats())


def html() -> str:
    return str(newest().get_panel_by_id(PANEL).content)


def close(alias: str) -> None:
    connections[alias].close()


def sections(found: dict[str, Any]) -> dict[str, list[str]]:
    return {one["title"]: [finding["check"] for finding in one["findings"]] for one in found["sections"]}


def test_a_request_without_the_toolbar_is_not_recorded(site: Scratch, settings: LazySettings) -> None:
    from debug_toolbar.store import get_store  # noqa: PLC0415 - it may not be installed

    settings.DEBUG = False
    Client().get("/loop/")
    assert list(get_store().request_ids()) == []


def test_a_request_that_asks_nothing_says_so(site: Scratch) -> None:
    found = stats("/quiet/")
    assert (found["queries"], found["sections"], found["skipped"]) == (0, [], [])
    assert "This request asked no database." in html()


def test_a_clean_request_is_called_clean(site: Scratch) -> None:
    found = stats("/clean/")
    assert (found["queries"], found["problems"], found["sections"], found["skipped"]) == (1, 0, [], [])
    assert "Nothing was found." in html()
    assert newest().get_panel_by_id(PANEL).nav_subtitle == "nothing found in 1 query"


def test_an_n_plus_one_is_shown_with_its_place_and_its_fix(site: Scratch) -> None:
    found = stats("/loop/")
    (section,) = found["sections"]
    (finding,) = section["findings"]
    assert section["title"] == "Asked once for each row (N+1)"
    assert finding["subject"] == "tests.Author.publisher is asked once for each row"
    assert finding["place"].startswith("tests/workload/panel_urls.py:")
    assert finding["fix"] == 'select_related("publisher")'
    assert newest().get_panel_by_id(PANEL).nav_subtitle == f"1 problem in {AUTHORS + 1} queries"


@on_both
def test_an_asynchronous_request_is_audited_too(site: Scratch) -> None:
    async def main() -> None:
        response = await AsyncClient().get("/loop-async/", REMOTE_ADDR="127.0.0.1")
        assert response.status_code == 200
        await sync_to_async(close)(site.alias)

    asyncio.run(main())
    found = newest().get_panel_by_id(PANEL).get_stats()
    assert sections(found) == {"Asked once for each row (N+1)": ["n_plus_one"]}
    assert (found["queries"], found["skipped"]) == (AUTHORS + 1, [])


@on_both
def test_statistics_are_the_same_after_json(site: Scratch) -> None:
    from debug_toolbar.toolbar import DebugToolbar  # noqa: PLC0415 - it may not be installed

    live: list[Any] = []

    def keep(toolbar: Any, **_: Any) -> None:
        live.append(toolbar)

    DebugToolbar._created.connect(keep)
    try:
        stored = stats("/loop/")
    finally:
        DebugToolbar._created.disconnect(keep)
    (made,) = (one.stats[PANEL] for one in live if PANEL in one.stats)
    assert json.loads(json.dumps(made)) == made == stored


@on_both
def test_planning_is_seen_neither_by_the_panel_of_sql_nor_by_a_capture_of_every_thread(site: Scratch) -> None:
    with dbaudit.capture() as run:
        found = stats("/search/")
    assert found["queries"] == len(newest().get_panel_by_id("SQLPanel").get_stats()["queries"]) == 1
    assert len(run.statements) == 1


@on_both
def test_a_scan_of_a_large_table_is_shown_with_its_plan_and_without_values(site: Scratch) -> None:
    author = Author.objects.all()[0]
    Book.objects.bulk_create(Book(title=f"Book {number}", author=author) for number in range(6_000))
    if site.vendor == "postgresql":
        site.execute("ANALYZE")
    found = stats("/search/")
    assert found["skipped"] == []
    (finding,) = next(one for one in found["sections"] if one["title"] == "Plans that an index would help")["findings"]
    assert (finding["check"], finding["fix"]) == ("bad_plan", "Index what the condition compares.")
    assert "a secret title" not in json.dumps(found)


def test_a_budget_is_held_to(site: Scratch, settings: LazySettings) -> None:
    settings.DBAUDIT = {"BUDGETS": [{**AMPLE, "view": "clean", "max_queries": 1}, {"view": "lo*", "max_queries": 5}]}
    assert [one["over"] for one in stats("/clean/")["limits"]] == [False, False, False]
    found = stats("/loop/")
    assert found["limits"][0] == {"what": "Queries", "measured": str(AUTHORS + 1), "allowed": "5", "over": True}
    assert sections(found)["Over budget"] == ["slow_query"]


def test_checks_that_the_project_skips_are_skipped(site: Scratch, settings: LazySettings) -> None:
    settings.DBAUDIT = {"SKIP": ["n_plus_one"], "BUDGETS": [AMPLE]}
    assert stats("/loop/")["sections"] == []


def test_what_comes_out_of_the_database_is_escaped(site: Scratch) -> None:
    found = stats("/marked-up/<b>/")
    assert newest().get_panel_by_id(PANEL).nav_subtitle == "1 remark in 3 queries"
    assert sections(found) == {"Also found": ["duplicate_statement"]}
    assert "<script>alert" in json.dumps(found)
    assert "&lt;script&gt;alert" in html()
    assert "<script>alert" not in html()


def test_the_toolbar_fetches_the_panel_by_its_own_page(site: Scratch) -> None:
    stats("/loop/")
    answer = Client().get("/__debug__/render_panel/", {"request_id": newest().request_id, "panel_id": PANEL}).json()
    assert "select_related(&quot;publisher&quot;)" in answer["content"]
    assert "dbaudit/panel.css" in answer["content"]


def test_of_a_stream_it_is_said_that_it_was_not_followed(site: Scratch) -> None:
    assert stats("/stream/")["streaming"]
    assert "What ran while the response was streamed." in html()


def test_a_request_that_fails_leaves_no_recorder_behind(site: Scratch) -> None:
    Client(raise_request_exception=False).get("/failing/")
    assert stats("/clean/")["queries"] == 1


def test_a_check_that_raises_is_told_and_the_page_is_served(site: Scratch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_checks", dict(registry._checks))

    @registry.check(needs=["queries"])
    def broken(snapshot: Any) -> Any:
        """A check of this test.

        Why: It is wrong.

        Fix: None.

        Silent when: Never.
        """
        raise LookupError(snapshot.alias)

    found = stats("/loop/")
    assert sections(found) == {"Asked once for each row (N+1)": ["n_plus_one"]}
    assert [one["what"] for one in found["skipped"]] == ["tests.broken"]
    assert newest().get_panel_by_id(PANEL).nav_subtitle == f"1 problem in {AUTHORS + 1} queries, not all examined"
    assert "Not examined" in html()


def test_settings_that_cannot_be_read_are_told_and_the_page_is_served(site: Scratch, settings: LazySettings) -> None:
    settings.DBAUDIT = {"BUDGET": []}
    found = stats("/loop/")
    assert found["skipped"] == [
        {"what": "DBAUDIT", "reason": "DBAUDIT has no key 'BUDGET'. Did you mean 'BUDGETS'?"},
    ]
    assert sections(found)["Asked once for each row (N+1)"] == ["n_plus_one"]
    stats("/quiet/")
    assert newest().get_panel_by_id(PANEL).nav_subtitle == "nothing found in 0 queries, not all examined"


def test_requests_at_once_do_not_mix(site: Scratch) -> None:
    from debug_toolbar.store import get_store  # noqa: PLC0415 - it may not be installed

    def ask() -> None:
        Client().get("/clean/")
        close(site.alias)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    store = get_store()
    assert [store.panel(one, PANEL)["queries"] for one in store.request_ids()] == [1] * 4


@pytest.mark.django_db
def test_an_admin_list_of_the_reference_erp_is_shown_with_what_to_write_into_the_admin(
    sqlite: Scratch, settings: LazySettings
) -> None:
    settings.DEBUG = True
    settings.DEBUG_TOOLBAR_PANELS = PANELS
    sqlite.connection.ensure_connection()
    connections["default"].connection.backup(sqlite.connection.connection)
    call_command("seed_erp", database=sqlite.alias, scale=1, admin_password="x", verbosity=0)
    with routed_to(sqlite.alias, set(sqlite.connection.introspection.table_names())):
        client = Client()
        client.force_login(User.objects.get(username="admin"))
        assert client.get("/admin/erp/salesorder/").status_code == 200
    found = newest().get_panel_by_id(PANEL).get_stats()
    assert list(sections(found)) == ["Asked once for each row (N+1)", "Over budget"]
    shown = {one["subject"]: (one["place"], one["fix"]) for one in found["sections"][0]["findings"]}
    assert shown.pop("erp.SalesOrder.items is asked once for each row")[0].startswith("erp/admin/sales.py:")
    if django.VERSION < (6, 1):  # from then on the admin joins what a list shows
        place, fix = shown.pop("erp.SalesOrder.salesperson is asked once for each row")
        assert re.fullmatch(r"erp/admin/sales.py:\d+, through django/contrib/admin/templates/.*:\d+", place)
        assert fix == 'list_select_related = ("salesperson",)'
    assert shown == {}
    assert found["limits"][0]["allowed"] == "12"


def test_the_reference_erp_shows_the_panel_in_development_and_no_toolbar_without() -> None:
    code = (
        "import django; django.setup(); from django.conf import settings; from django.urls import reverse;"
        "print(settings.DEBUG_TOOLBAR_PANELS[0] if settings.DEBUG_TOOLBAR else 'none');"
        "settings.DEBUG_TOOLBAR and reverse('djdt:render_panel')"
    )
    told = {}
    for debug in "10":
        environment = {**os.environ, "DJANGO_DEBUG": debug, "DJANGO_SETTINGS_MODULE": "context7.settings"}
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, env=environment, text=True, capture_output=True, check=True
        )
        told[debug] = done.stdout.strip()
    assert told == {"1": "dbaudit.panels.AuditPanel", "0": "none"}
