"""The HTML page in a real browser: nothing complains, what it promises works, everybody can use it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dbaudit.report import html
from tests.report import sample

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.needs("chromium"), pytest.mark.needs("playwright")]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - absent where the capability is

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("html") / "report.html"
    path.write_text(html.render(sample.report(sample.database(), sample.clean())), encoding="utf-8")
    return path


@pytest.fixture
def complaints() -> list[str]:
    return []


@pytest.fixture
def page(browser: Browser, file: Path, complaints: list[str]) -> Iterator[Page]:
    with browser.new_context(viewport={"width": 1280, "height": 900}) as context:
        opened = context.new_page()
        opened.on("console", lambda message: complaints.append(message.text))
        opened.on("pageerror", lambda error: complaints.append(str(error)))
        opened.on(
            "request", lambda request: complaints.append(request.url) if "report.html" not in request.url else None
        )
        opened.goto(file.as_uri())
        yield opened


def test_nothing_complains_and_nothing_is_fetched(page: Page, complaints: list[str]) -> None:
    for details in page.locator("details").all():
        details.evaluate("one => { one.open = true }")
    page.wait_for_function("document.querySelectorAll('.drawing svg').length > 0")
    assert complaints == []


def test_charts_are_drawn(page: Page) -> None:
    painted = page.evaluate(
        "[...document.querySelectorAll('canvas')].map(one => one.width > 0 && one.toDataURL().length > 2000)"
    )
    assert painted
    assert all(painted)


def test_filters_hide_what_does_not_fit_and_say_how_much_is_left(page: Page) -> None:
    form = page.locator("form.filters").first
    every = page.locator("#d1-list .finding").count()
    form.locator("select[name=severity]").select_option("error")
    shown = page.locator("#d1-list .finding:visible")
    assert 0 < shown.count() < every
    assert form.locator("output").inner_text() == f"{shown.count()} of {every} shown"
    assert {one.get_attribute("data-severity") for one in shown.all()} == {"error"}
    form.locator("button[type=reset]").click()
    page.wait_for_function(
        "wanted => document.querySelectorAll('#d1-list .finding:not([hidden])').length === wanted", arg=every
    )


def test_words_filter_the_findings(page: Page) -> None:
    page.locator("form.filters input[name=words]").first.fill("no finding has these words")
    assert page.locator("#d1-list .finding:visible").count() == 0
    assert page.locator("#d1-list .check:visible").count() == 0


def test_tables_sort_by_number_not_by_text(page: Page) -> None:
    from playwright.sync_api import expect  # noqa: PLC0415 - absent where the capability is

    table = page.locator("#d1-tables table")
    header = table.locator("thead th", has_text="Records")
    for direction, first in (("ascending", "not counted"), ("descending", "1,200,000")):
        header.click()
        expect(header).to_have_attribute("aria-sort", direction)
        expect(table.locator("tbody tr").first).to_contain_text(first)


def test_a_link_to_a_recommendation_opens_it(page: Page) -> None:
    page.locator("#d1-summary ol a").first.click()
    page.wait_for_function("document.getElementById('d1-r1').open")


def test_code_is_copied(page: Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.locator("#d1-r1 summary").click()
    figure = page.locator("#d1-r1 figure.code").first
    figure.locator("button").click()
    page.wait_for_function(
        "[...document.querySelectorAll('figure.code button')].some(one => one.textContent === 'Copied')"
    )
    assert page.evaluate("navigator.clipboard.readText()") == figure.locator("code").text_content()


def test_a_name_that_would_end_the_script_is_shown_as_it_is(page: Page) -> None:
    assert page.locator("main b").count() == 0
    assert page.get_by_text("</script><b>").count() > 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_serious_violation_of_accessibility(page: Page, scheme: str) -> None:
    from axe_playwright_python.sync_playwright import Axe  # noqa: PLC0415 - absent where the capability is

    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    for details in page.locator("details").all():
        details.evaluate("one => { one.open = true }")
    found = Axe().run(page).response["violations"]
    assert [(one["id"], one["nodes"][0]["html"]) for one in found if one["impact"] in ("serious", "critical")] == []


def test_a_narrow_screen_does_not_scroll_sideways(page: Page) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    for details in page.locator("details").all():
        details.evaluate("one => { one.open = true }")
    assert page.evaluate("document.documentElement.scrollWidth") == 360


def test_everything_is_there_without_a_script(browser: Browser, file: Path) -> None:
    with browser.new_context(java_script_enabled=False) as context:
        opened = context.new_page()
        opened.goto(file.as_uri())
        assert opened.locator(".filters:visible, .chart:visible").count() == 0
        assert opened.locator("#d1-tables tbody tr:visible").count() == len(sample.SNAPSHOT.tables)
        opened.locator(".finding summary").first.click()
        assert opened.locator(".finding[open] figure.code").first.is_visible()
