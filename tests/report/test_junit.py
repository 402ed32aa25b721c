from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from junitparser import Error, Failure, JUnitXml
from junitparser import Skipped as SkippedCase

from dbaudit.facts import Skipped
from dbaudit.findings import Report
from dbaudit.report import junit
from tests.report import sample


def suites(report: Report | None = None) -> Any:
    return JUnitXml.fromstring(junit.render(report or sample.report()).encode())


def cases(report: Report | None = None) -> list[Any]:
    return [case for suite in suites(report) for case in suite]


def outcome(case: Any) -> type | None:
    (result,) = case.result or (None,)
    return None if result is None else type(result)


def test_a_check_that_found_nothing_passes() -> None:
    found = cases(sample.report(sample.clean()))
    assert [(case.classname, case.name, outcome(case)) for case in found] == [
        ("dbaudit.duplicate_index", "all", None),
        ("dbaudit.redundant_index", "all", None),
    ]


def test_a_database_in_which_nothing_ran_has_no_case_that_passes() -> None:
    assert [outcome(case) for case in cases(sample.report(sample.empty()))] == [SkippedCase]


def test_a_suite_is_a_database_and_its_counts_are_right() -> None:
    parsed = suites()
    parsed_counts = (parsed.tests, parsed.failures, parsed.errors, parsed.skipped)
    parsed.update_statistics()
    assert parsed_counts == (parsed.tests, parsed.failures, parsed.errors, parsed.skipped)
    assert [suite.name for suite in suites(sample.report(sample.clean(), sample.empty()))] == ["default", "empty"]


def test_new_errors_and_warnings_fail_with_what_to_do() -> None:
    failed = {case.classname: case.result[0] for case in cases() if outcome(case) is Failure}
    assert failed.keys() == {"dbaudit.duplicate_index", "dbaudit.shop_hostile"}
    assert failed["dbaudit.duplicate_index"].type == "warning"
    assert "DROP INDEX CONCURRENTLY" in failed["dbaudit.duplicate_index"].text


def test_a_remark_passes_and_is_told() -> None:
    database = sample.database()
    remarks = tuple(replace(one, new=None) for one in database.findings if one.owner == "django")
    found = cases(sample.report(replace(database, findings=remarks, suppressed=(), skipped=(), crashed=())))
    (remark,) = [case for case in found if case.classname == "dbaudit.duplicate_index"]
    assert outcome(remark) is None
    assert remark.system_out.startswith("Index a repeats b\n")


def test_known_findings_are_skipped_with_the_reason() -> None:
    known = [case for case in cases() if case.classname == "dbaudit.redundant_index"]
    assert {outcome(case) for case in known} == {SkippedCase}
    assert known[0].result[0].message.startswith("Known to dbaudit-baseline.txt: Index narrow_0")


def test_suppressed_findings_are_skipped_with_the_project_s_reason() -> None:
    (suppressed,) = [case for case in cases() if case.name.endswith("known")]
    assert suppressed.result[0].message.startswith("Suppressed at shop/models.py:12: Known since")


def test_what_was_not_examined_is_skipped_and_a_crash_is_an_error() -> None:
    found = {(case.classname, case.name): outcome(case) for case in cases()}
    assert found["dbaudit.not_examined", "Query performance"] is SkippedCase
    assert found["dbaudit.shop_crashing", "all"] is Error


def test_every_case_has_a_name_of_its_own_also_where_a_check_was_skipped_for_two_reasons() -> None:
    database = sample.database()
    twice = tuple(Skipped("duplicate_index", f"Reason {number}.") for number in (1, 2))
    found = cases(sample.report(replace(database, skipped=(*database.skipped, *twice))))
    assert "Reason 1. Reason 2." in [case.result[0].message for case in found if case.result]
    names = [(case.classname, case.name) for case in found]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("name", ["full", "two"])
def test_the_golden_file_is_read_by_the_parser(name: str) -> None:
    assert JUnitXml.fromfile(str(Path(__file__).parent / "golden" / f"{name}.xml")).tests
