"""The HTML page as a file: whole, escaped, and readable without a script."""

from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser

import pytest

from dbaudit.facts import Table
from dbaudit.findings import Finding, Phase, Report, Severity
from dbaudit.report import html
from dbaudit.report.html import page
from tests.report import sample

VOID = {"meta", "input", "br", "link", "img", "hr"}


class Page(HTMLParser):
    """Reads a page as a browser would, and notes what could act."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.script = ""
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1:] == ["script"]:
            self.script += data
        elif self.open[-1:] != ["style"]:
            self.text += data

    def ids(self) -> list[str]:
        return [str(attributes["id"]) for _, attributes in self.tags if "id" in attributes]


def several() -> Report:
    return sample.report(sample.database(), sample.clean(), sample.empty())


def test_a_database_without_tables_is_told_to_be_that() -> None:
    drawn = Page(html.render(sample.report(sample.empty())))
    assert "No check ran, so this says nothing about the database." in drawn.text
    assert "No findings" not in drawn.text


def test_a_clean_database_says_what_was_not_examined() -> None:
    assert "Not examined" in Page(html.render(sample.report(sample.clean()))).text


@pytest.mark.parametrize("report", [sample.report, several])
def test_the_page_is_whole_and_names_every_part_once(report: object) -> None:
    drawn = Page(html.render(report()))  # type: ignore[operator]
    assert drawn.open == []
    assert len(drawn.ids()) == len(set(drawn.ids()))
    anchors = {attributes.get("href") or "" for tag, attributes in drawn.tags if tag == "a"}
    assert {one.removeprefix("#") for one in anchors} <= {*drawn.ids()}


def test_it_asks_nothing_of_the_network() -> None:
    for tag, attributes in Page(html.render(sample.report())).tags:
        assert tag not in ("link", "img", "iframe")
        assert "src" not in attributes
        assert not str(attributes.get("href", "#")).startswith("http")


def test_names_out_of_a_database_are_text_and_nothing_else() -> None:
    hostile = replace(
        sample.report(),
        document=replace(sample.report().document, title=sample.HOSTILE, category="<img src=x onerror=alert(1)>"),
    )
    source = html.render(hostile)
    drawn = Page(source)
    assert not [tag for tag, _ in drawn.tags if tag in ("b", "img")]
    assert "<b>" not in source
    assert "\x1b" not in source
    assert "\u202e" not in source
    assert "</script><b>" in drawn.text


def test_every_figure_of_a_chart_is_also_in_a_table() -> None:
    drawn = Page(html.render(sample.report()))
    assert "shop_customer" in drawn.text
    assert "1,200,000" in drawn.text


def test_a_remedy_comes_with_its_code_and_its_undo() -> None:
    report = sample.report()
    drawn = Page(html.render(report))
    for finding in report.databases[0].findings:
        if not finding.group:
            assert finding.subject.split()[0] in drawn.text
            assert finding.remedy.sql.split("\n")[0] in drawn.text


def test_findings_above_the_limit_are_rows_of_a_table() -> None:
    found = sample.database().findings[0]
    many = tuple(
        Finding(
            subject=f"Index {number} repeats another",
            detail="It does.",
            identity=(f"{number}",),
            remedy=found.remedy,
            check="duplicate_index",
            severity=Severity.INFO,
        )
        for number in range(page.DETAILED + 5)
    )
    drawn = Page(html.render(sample.report(replace(sample.database(), findings=many))))
    details = [1 for tag, attributes in drawn.tags if tag == "details" and "finding" in str(attributes.get("class"))]
    assert len(details) == page.DETAILED
    assert "Further findings" in drawn.text
    assert all(one.subject in drawn.text for one in many)


def test_recommendations_above_the_limit_are_rows_of_a_table() -> None:
    first, *_ = sample.database().recommendations
    many = tuple(replace(first, rank=rank, title=f"Thing {rank}.") for rank in range(1, page.RECOMMENDED + 4))
    plan = (Phase(number=1, title="Safe", recommendations=tuple(one.rank for one in many)),)
    drawn = Page(html.render(sample.report(replace(sample.database(), recommendations=many, plan=plan))))
    cards = [1 for tag, attributes in drawn.tags if attributes.get("class") == "recommendation"]
    assert len(cards) == page.RECOMMENDED
    assert "Further recommendations" in drawn.text
    assert all(one.title in drawn.text for one in many)
    anchors = {str(attributes["href"])[1:] for tag, attributes in drawn.tags if tag == "a"}
    assert anchors <= {*drawn.ids()}


def test_the_first_screen_says_where_a_thing_is_to_be_done() -> None:
    source = html.render(sample.report())
    first = source.partition('<ol class="first">')[2].partition("</ol>")[0]
    assert "shop/models/orders.py:40" in first


def test_why_and_fix_are_paragraphs_with_code_in_them() -> None:
    report = sample.report()
    rule = replace(report.rules[0], why="Each ``id`` is\nwritten.", fix="Drop <one>.\n\nRun ``<migrate>``.")
    source = html.render(replace(report, rules=(rule,)))
    assert "<p>Each <code>id</code> is written.</p>" in source
    assert "<p>Drop &lt;one&gt;.</p><p>Run <code>&lt;migrate&gt;</code>.</p>" in source


def test_many_tables_are_all_there() -> None:
    snapshot = replace(
        sample.SNAPSHOT, tables=tuple(Table(name=f"t{number}", rows=number, bytes=number) for number in range(3_000))
    )
    drawn = Page(html.render(sample.report(replace(sample.database(), snapshot=snapshot))))
    assert "t2999" in drawn.text


def test_the_libraries_inside_come_with_their_licences() -> None:
    vendored = page.ASSETS / "vendor"
    for name in page.VENDORED:
        (licence,) = vendored.glob(f"{name}.LICENSE*")
        assert "Permission is hereby granted" in licence.read_text()
        assert (vendored / f"{name}.js").stat().st_size > 1_000


def test_the_same_report_gives_the_same_bytes() -> None:
    assert html.render(sample.report()) == html.render(sample.report())
