from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft4Validator, FormatChecker

from dbaudit.facts import Location
from dbaudit.findings import Code, Report, Suppressed
from dbaudit.report import sarif
from tests.report import sample

SCHEMA = json.loads((Path(__file__).parent / "schemas" / "sarif-2.1.0.json").read_text())
VALIDATOR = Draft4Validator(SCHEMA, format_checker=FormatChecker())


def run(report: Report | None = None) -> Any:
    data = json.loads(sarif.render(report or sample.report()))
    VALIDATOR.validate(data)
    (only,) = data["runs"]
    return only


def results(report: Report | None = None) -> list[Any]:
    found: list[Any] = run(report)["results"]
    return found


def uri(result: Any) -> str:
    return str(result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"])


def test_a_clean_report_and_that_of_an_empty_database_satisfy_the_official_schema() -> None:
    assert results(sample.report(sample.clean(), sample.empty())) == []


def test_the_schema_refuses_what_is_no_sarif() -> None:
    assert not VALIDATOR.is_valid({"version": "2.1.0", "runs": [{"results": []}]})


def test_severities_are_levels() -> None:
    levels = {one["ruleId"]: one["level"] for one in results()}
    assert (levels["shop_hostile"], levels["redundant_index"]) == ("error", "note")
    assert next(one["level"] for one in results() if one["ruleId"] == "duplicate_index") == "warning"


def test_rules_carry_their_pages_in_markdown_and_results_point_at_them() -> None:
    data = run()
    rules = data["tool"]["driver"]["rules"]
    assert rules[0]["help"]["markdown"].startswith("# Two indexes are the same\n\n**Why**: Each is written")
    assert rules[0]["fullDescription"]["text"]
    for result in data["results"]:
        if "ruleIndex" in result:
            assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
    assert {one["ruleId"] for one in data["results"] if "ruleIndex" not in one} == {"shop_hostile"}


def test_paths_are_relative_uris_from_the_root_of_the_repository() -> None:
    report = replace(sample.report(), code=Code(prefix="backend/", settings=Location("shop/settings.py", 9)))
    places = {uri(one) for one in results(report)}
    assert "backend/shop/models/orders.py" in places
    assert "backend/shop/settings.py" in places
    assert not [one for one in places if one.startswith("/") or " " in one or "<" in one or "\\" in one]


def test_a_finding_of_an_installed_package_is_shown_where_the_databases_are_named() -> None:
    (foreign,) = [one for one in results() if one["properties"]["owner"] == "django" and "suppressions" not in one]
    assert uri(foreign) == "manage.py"
    assert foreign["locations"][0]["logicalLocations"][0]["fullyQualifiedName"] == "default.auth_permission"


def test_fingerprints_come_from_the_key_and_do_not_move_with_the_line() -> None:
    moved = sample.database()
    moved = replace(moved, findings=tuple(replace(one, location=Location("a.py", 99)) for one in moved.findings))
    before = [one["partialFingerprints"] for one in results(sample.report(sample.database()))]
    assert before == [one["partialFingerprints"] for one in results(sample.report(moved))]
    assert before[0]["dbauditKey/v1"] == "default duplicate_index:shop_order:plain:(customer_id)"
    assert len({one[sarif.GITHUB_FINGERPRINT] for one in before}) == len(before)


def test_the_same_finding_on_two_databases_has_two_fingerprints() -> None:
    other = replace(sample.database(), snapshot=replace(sample.SNAPSHOT, alias="replica"))
    found = results(sample.report(sample.database(), other))
    assert len({one["partialFingerprints"][sarif.GITHUB_FINGERPRINT] for one in found}) == len(found)


def test_a_suppression_in_the_source_has_its_place_and_one_of_the_settings_is_external() -> None:
    (suppressed,) = [one for one in results() if "suppressions" in one]
    (told,) = suppressed["suppressions"]
    assert (told["kind"], told["status"]) == ("inSource", "accepted")
    assert "until 2027-01-31" in told["justification"]
    assert told["location"]["physicalLocation"]["region"]["startLine"] == 12
    database = sample.database()
    (one,) = database.suppressed
    wish = replace(one.suppression, source="DBAUDIT['SUPPRESS'][0]")
    settings = replace(database, suppressed=(Suppressed(one.finding, wish),))
    (external,) = [one for one in results(sample.report(settings)) if "suppressions" in one]
    assert external["suppressions"][0]["kind"] == "external"


def test_new_and_known_findings_have_their_state_and_without_a_baseline_none_has() -> None:
    states = {one["ruleId"]: one.get("baselineState") for one in results()}
    assert (states["shop_hostile"], states["redundant_index"]) == ("new", "unchanged")
    database = sample.database()
    plain = replace(database, findings=tuple(replace(one, new=None) for one in database.findings))
    assert not [one for one in results(sample.report(plain)) if "baselineState" in one and "suppressions" not in one]


def test_a_crash_is_an_error_of_the_tool_and_what_was_not_examined_a_note() -> None:
    (invocation,) = run()["invocations"]
    assert invocation["executionSuccessful"] is False
    told = [(one["level"], one["message"]["text"]) for one in invocation["toolExecutionNotifications"]]
    assert (told[0][0], told[0][1][:34]) == ("error", "default: shop_crashing: ValueError")
    assert ("note", "default: not examined: shop_secret, shop_vault: The audit's role may not read it.") in told
    assert run(sample.report(sample.clean()))["invocations"][0]["executionSuccessful"] is True


@pytest.mark.parametrize("text", ["[a](1)", "see [b](http://x)"])
def test_a_name_does_not_become_a_link(text: str) -> None:
    database = sample.database()
    findings = (replace(database.findings[0], subject=text),)
    (result, *_) = results(sample.report(replace(database, findings=findings)))
    assert "](" not in result["message"]["text"]


def test_a_file_name_that_is_not_utf_8_is_a_uri_all_the_same() -> None:
    database = sample.database()
    findings = (replace(database.findings[0], location=Location("shop/\udce9 ü.py", 1), owner="project"),)
    (result, *_) = results(sample.report(replace(database, findings=findings)))
    assert uri(result) == "shop/%E9%20%C3%BC.py"
    sarif.render(sample.report(replace(database, findings=findings))).encode("ascii")
