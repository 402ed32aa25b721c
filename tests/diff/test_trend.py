"""The course of a database over several reports, earlier ones read from their JSON."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from dbaudit import diff
from dbaudit.errors import AuditError
from dbaudit.report import as_json, html, markdown
from tests.report import sample


def earlier(folder: Path) -> diff.Past:
    found = sample.database()
    before = replace(
        sample.report(replace(found, findings=found.findings[:2])), generated_at="2025-06-13T00:00:00+00:00"
    )
    path = folder / "june.json"
    path.write_text(as_json.render(before))
    return diff.read(path)


def test_without_an_earlier_report_there_is_no_course() -> None:
    report = sample.report()
    assert diff.traced(report, []) == report
    assert "## Trend" not in markdown.render(report)


def test_a_report_of_another_database_says_nothing_of_this_one(tmp_path: Path) -> None:
    database = sample.database()
    other = sample.report(replace(database, snapshot=replace(database.snapshot, alias="other")))
    assert diff.traced(other, [earlier(tmp_path)]) == other


def test_earlier_figures_come_before_this_one_s(tmp_path: Path) -> None:
    (database,) = diff.traced(sample.report(), [earlier(tmp_path)]).databases
    june, july = database.trend
    assert (june.at, july.at) == ("2025-06-13T00:00:00+00:00", sample.report().generated_at)
    assert sum(june.findings.values()) == 2
    assert july.findings == {"error": 1, "warning": 1, "info": 46}
    assert june.records == july.records
    assert june.bytes == july.bytes


def test_every_format_for_people_and_programs_shows_it(tmp_path: Path) -> None:
    report = diff.traced(sample.report(), [earlier(tmp_path)])
    assert "## Trend" in markdown.render(report)
    assert "findings_trend" in html.render(report)
    schema = json.loads((Path(as_json.__file__).parent / "schema.json").read_text())
    Draft202012Validator(schema).validate(json.loads(as_json.render(report)))


def test_a_file_that_is_no_report_is_refused_in_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "cut.json"
    path.write_text('{"version": 1, "databases": [')
    with pytest.raises(AuditError, match="is not whole JSON"):
        diff.read(path)
