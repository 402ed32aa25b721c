"""The commands that a report ends with fit the report."""

from __future__ import annotations

from dataclasses import replace

from dbaudit.findings import Baseline, DatabaseReport, Report
from dbaudit.report.next_steps import next_steps
from tests.report import sample


def commands(database: DatabaseReport | None = None, report: Report | None = None) -> list[str]:
    database = database or sample.database()
    return [one.command for one in next_steps(report or sample.report(database), database)]


def test_a_clean_database_is_only_kept_an_eye_on() -> None:
    assert commands(database=sample.clean())[-1].endswith("report --output report.json")
    assert not any("apply-indexes" in one or "explain" in one for one in commands(database=sample.clean()))


def test_indexes_are_looked_at_before_they_are_built() -> None:
    found = commands()
    assert found[0].endswith("apply-indexes --dry-run")
    assert found[1].endswith("apply-indexes --migrations")


def test_a_baseline_is_not_offered_where_there_is_one() -> None:
    held = replace(sample.report(), baseline=Baseline(file="known.txt", fixed=()))
    assert any("--write-baseline" in one for one in commands())
    assert not any("--write-baseline" in one for one in commands(report=held))


def test_another_alias_than_default_is_named_and_quoted() -> None:
    database = sample.database()
    other = replace(database, snapshot=replace(database.snapshot, alias="read replica"))
    found = commands(database=other)
    assert all("--database 'read replica'" in one for one in found if "explain" not in one)
