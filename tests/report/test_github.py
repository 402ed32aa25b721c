from __future__ import annotations

import re
from dataclasses import replace

from markdown_it import MarkdownIt

from dbaudit.facts import Location
from dbaudit.findings import Code, DatabaseReport, Finding, Report, Severity
from dbaudit.report import github
from tests.report import sample

#: How the runner reads a command (actions/runner, ActionCommand.TryParseV2).
COMMAND = re.compile(r"::(?P<command>[a-z]+)(?: (?P<properties>[^:]*(?:[^:]|:(?!:))*?))?::(?P<data>.*)")


def many(count: int, severity: Severity) -> DatabaseReport:
    database = sample.database()
    first = database.findings[0]
    findings = tuple(replace(first, identity=(str(number),), severity=severity, new=None) for number in range(count))
    return replace(database, findings=findings, crashed=(), recommendations=())


def commands(report: Report) -> list[dict[str, str]]:
    """The commands as the runner understands them."""
    found = []
    for line in github.render(report).splitlines():
        match = COMMAND.fullmatch(line)
        if match:
            parts = [one.partition("=") for one in (match["properties"] or "").split(",") if one]
            values = {name: unescaped(value) for name, _, value in parts}
            found.append({**values, "command": match["command"], "message": unescaped(match["data"])})
    return found


def unescaped(value: str) -> str:
    for escape, one in (("%3A", ":"), ("%2C", ","), ("%0D", "\r"), ("%0A", "\n"), ("%25", "%")):
        value = value.replace(escape, one)
    return value


def with_first(**changes: object) -> Report:
    database = sample.database()
    first: Finding = replace(database.findings[0], **changes)  # type: ignore[arg-type]
    return sample.report(replace(database, findings=(first,)))


def test_a_clean_report_has_no_annotation_but_says_so() -> None:
    assert github.render(sample.report(sample.clean())) == (
        "dbaudit: default: 0 errors, 0 warnings, 0 info; everything examined\n"
    )


def test_known_findings_are_not_annotated() -> None:
    assert [(one["command"], one["title"]) for one in commands(sample.report())] == [
        ("error", "dbaudit: shop_hostile"),
        ("warning", "dbaudit: duplicate_index"),
    ]


def test_an_annotation_has_file_and_line_from_the_root_of_the_repository() -> None:
    (one,) = commands(replace(with_first(), code=Code(prefix="backend/")))
    assert (one["file"], one["line"]) == ("backend/shop/models/orders.py", "40")


def test_a_finding_of_an_installed_package_has_no_place_in_the_repository() -> None:
    (one,) = commands(with_first(owner="django", location=Location("django/contrib/auth/models.py", 3)))
    assert "file" not in one


def test_what_would_end_a_property_or_the_command_is_escaped() -> None:
    (one,) = commands(
        with_first(subject="100% of a,b:c::d", location=Location("a,b:c%/x.py", 3), detail="\r\n::error::no")
    )
    assert one["file"] == "a,b:c%/x.py"
    assert one["message"].startswith("100% of a,b:c::d. \\r\\n::error::no ")


def test_no_name_begins_a_command_or_a_line_of_its_own() -> None:
    lines = github.render(sample.report()).splitlines()
    assert all(line.startswith(("::error ", "::warning ", "dbaudit: default: ")) for line in lines)


def test_of_each_kind_as_many_as_github_shows_and_the_rest_is_counted() -> None:
    found = commands(sample.report(many(25, Severity.WARNING)))
    assert [one["command"] for one in found] == ["warning"] * 10 + ["notice"]
    assert found[-1]["message"] == "15 more findings, in the summary of this job."
    notices = commands(sample.report(many(25, Severity.INFO)))
    assert len(notices) == 10
    assert notices[-1]["message"].startswith("16 more findings")


def test_the_summary_lists_new_findings_and_counts_the_fixed() -> None:
    drawn = github.summary(sample.report())
    assert "## New findings" in drawn
    assert "2 known findings fixed." in drawn
    assert "narrow_0" not in drawn.partition("## New findings")[2]


def test_the_summary_is_markdown_in_which_no_name_acts() -> None:
    html = MarkdownIt("gfm-like", {"linkify": False}).render(github.summary(sample.report()))
    assert "<script" not in html
    assert html.count("<table>") == 2


def test_the_summary_keeps_within_the_room_and_counts_what_is_left_out() -> None:
    report = sample.report(many(9_000, Severity.WARNING))
    drawn = github.summary(report)
    assert 1_000_000 < len(drawn.encode()) <= github.SUMMARY_LIMIT
    shown = drawn.count("| warning |")
    assert f"… and {9_000 - shown:,} more; the JSON has all." in drawn
    for room in (5_000, 1_500):
        assert len(github.summary(report, room).encode()) <= room


def test_where_not_even_the_figures_fit_there_is_no_summary() -> None:
    assert github.summary(sample.report(), 100) == ""
