"""The HTML page in a real browser: nothing complains, what it promises works, everybody can use it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dbaudit.facts import Table
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
    table.scroll_into_view_if_needed()
    expect(page.locator("#d1-tables .dt-container")).to_be_visible()
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


def test_lines_that_a_change_touches_are_marked(page: Page) -> None:
    nasty = page.locator("#d1-list .finding.error").first
    nasty.locator("summary").first.click()
    assert nasty.locator("del").all_inner_texts() == ["orders = Order.objects.all()"]
    assert nasty.locator("ins").count() == len(nasty.locator("figure.code:has(ins) code").inner_text().splitlines())


def test_a_picture_has_all_tables_and_lines_inside_and_an_arrow_for_each_foreign_key(page: Page) -> None:
    for picture in page.locator("details.picture").all():
        picture.evaluate("one => { one.open = true }")
        picture.locator("svg").wait_for(state="attached")
        left, top, width, height = picture.locator("svg").evaluate(
            "one => { const box = one.getBBox(), whole = one.viewBox.baseVal;"
            " return [box.x - whole.x, box.y - whole.y, whole.width - box.width, whole.height - box.height] }"
        )
        assert min(left, top) >= 0
        assert min(width, height) >= 0
        assert picture.locator("path.head").count() == picture.locator("tbody tr").count()


def test_paper_shows_what_the_screen_folds(page: Page) -> None:
    shut = page.locator("details:not([open])").count()
    assert shut
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("details:not([open])").count() == 0
    assert page.locator(".drawing:not(:has(svg))").count() == 0
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator("details:not([open])").count() == shut


def test_everything_is_there_without_a_script(browser: Browser, file: Path) -> None:
    with browser.new_context(java_script_enabled=False) as context:
        opened = context.new_page()
        opened.goto(file.as_uri())
        assert opened.locator(".filters:visible, .chart:visible").count() == 0
        assert opened.locator("#d1-tables tbody tr:visible").count() == len(sample.SNAPSHOT.tables)
        opened.locator(".finding summary").first.click()
        assert opened.locator(".finding[open] figure.code").first.is_visible()


TABLES = 10_000


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a database of ten thousand tables, with a finding in every tenth."""
    tables = tuple(
        Table(name=f"t{number:05}", columns=sample.columns("id"), rows=number, bytes=number * 8_192, index_bytes=8_192)
        for number in range(TABLES)
    )
    (found,) = (one for one in sample.findings() if one.check == "duplicate_index" and one.owner == "project")
    findings = tuple(
        replace(found, subject=f"Index {number} repeats another", identity=(f"{number}",), app=f"app{number % 7}")
        for number in range(TABLES // 10)
    )
    database = replace(
        sample.database(),
        snapshot=replace(sample.SNAPSHOT, tables=tables),
        findings=findings,
        recommendations=(),
        plan=(),
    )
    path = tmp_path_factory.mktemp("html") / "large.html"
    path.write_text(html.render(sample.report(database)), encoding="utf-8")
    return path


@pytest.fixture
def large_page(browser: Browser, large: Path, complaints: list[str]) -> Iterator[Page]:
    with browser.new_context(viewport={"width": 1280, "height": 900}) as context:
        opened = context.new_page()
        opened.on("console", lambda message: complaints.append(message.text))
        opened.on("pageerror", lambda error: complaints.append(str(error)))
        opened.goto(large.as_uri())
        yield opened


def test_ten_thousand_tables_are_paged_sorted_and_searched(large_page: Page, complaints: list[str]) -> None:
    from playwright.sync_api import expect  # noqa: PLC0415 - absent where the capability is

    section = large_page.locator("#tables")
    rows = section.locator("tbody tr")
    assert section.locator("tbody tr:visible").count() == 25
    section.scroll_into_view_if_needed()
    expect(section.locator(".dt-container")).to_be_visible()
    assert rows.count() == 25
    expect(rows.first).to_contain_text(f"t{TABLES - 1:05}")
    section.locator("thead th", has_text="Records").click()
    expect(rows.first).to_contain_text("t00000")
    section.locator("input[type=search]").fill("t04242")
    expect(rows).to_have_count(1)
    expect(rows.first).to_contain_text("4,242")
    assert complaints == []


def test_the_filters_cover_findings_that_are_only_rows(large_page: Page) -> None:
    form = large_page.locator("form.filters")
    assert form.locator("output").inner_text() == "1,000 of 1,000 shown"
    form.locator("select[name=app]").select_option("app3")
    wanted = len([number for number in range(TABLES // 10) if number % 7 == 3])
    assert form.locator("output").inner_text() == f"{wanted} of 1,000 shown"
    form.locator("input[name=words]").fill("index 997 ")
    assert form.locator("output").inner_text() == "1 of 1,000 shown"
    assert large_page.locator("#further tbody tr").all_inner_texts()[0].split("\t")[2] == "Index 997 repeats another"


def test_ten_thousand_tables_have_no_serious_violation_and_fit_a_narrow_screen(large_page: Page) -> None:
    from axe_playwright_python.sync_playwright import Axe  # noqa: PLC0415 - absent where the capability is

    found = Axe().run(large_page).response["violations"]
    assert [(one["id"], one["nodes"][0]["html"]) for one in found if one["impact"] in ("serious", "critical")] == []
    large_page.set_viewport_size({"width": 360, "height": 740})
    assert large_page.evaluate("document.documentElement.scrollWidth") == 360


def test_when_a_script_fails_no_row_stays_hidden(large_page: Page) -> None:
    seen = "[...document.querySelectorAll('#tables tbody tr')].filter(one => one.offsetParent).length"
    assert large_page.evaluate(seen) == 25
    large_page.evaluate("dispatchEvent(new ErrorEvent('error'))")
    assert large_page.evaluate(seen) == TABLES
