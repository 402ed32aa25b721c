from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from jsonschema import Draft202012Validator

from dbaudit.facts import Location
from dbaudit.findings import Code, Report
from dbaudit.report import gitlab
from tests.report import sample

# The required properties and their values as GitLab documents them (ci/testing/code_quality, "report format").
SCHEMA = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["description", "check_name", "fingerprint", "severity", "location"],
        "properties": {
            "type": {"const": "issue"},
            "description": {"type": "string", "minLength": 1},
            "check_name": {"type": "string", "minLength": 1},
            "fingerprint": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
            "severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
            "location": {
                "type": "object",
                "required": ["path", "lines"],
                "properties": {
                    "path": {"type": "string", "pattern": r"^(?!\./|/)."},
                    "lines": {"type": "object", "required": ["begin"], "properties": {"begin": {"type": "integer"}}},
                },
            },
        },
    },
}


def entries(report: Report | None = None) -> list[Any]:
    found: list[Any] = json.loads(gitlab.render(report or sample.report()))
    Draft202012Validator(SCHEMA).validate(found)
    return found


def test_a_clean_report_in_which_everything_was_examined_is_an_empty_list() -> None:
    assert entries(sample.report(sample.clean())) == []


def test_what_was_not_examined_is_an_entry_for_each_reason() -> None:
    told = [one["description"] for one in entries() if one["check_name"] == "not_examined"]
    assert "Not examined on default: shop_secret, shop_vault: The audit's role may not read it." in told
    assert len(told) == 3


def test_severities_are_those_of_gitlab() -> None:
    assert {one["check_name"]: one["severity"] for one in entries() if one["check_name"] != "duplicate_index"} == {
        "shop_hostile": "critical",
        "redundant_index": "info",
        "not_examined": "info",
    }
    assert entries()[0]["severity"] == "major"


def test_suppressed_findings_are_left_out() -> None:
    assert len([one for one in entries() if one["check_name"] != "not_examined"]) == len(sample.findings())


def test_every_fingerprint_is_there_once_and_stays_when_the_line_moves() -> None:
    marks = [one["fingerprint"] for one in entries()]
    assert len(set(marks)) == len(marks)
    database = sample.database()
    moved = replace(database, findings=tuple(replace(one, location=None) for one in database.findings))
    assert [one["fingerprint"] for one in entries(sample.report(moved))] == marks


def test_paths_begin_at_the_root_of_the_repository() -> None:
    report = replace(sample.report(), code=Code(prefix="backend/", settings=Location("shop/settings.py", 3)))
    assert entries(report)[0]["location"] == {"path": "backend/shop/models/orders.py", "lines": {"begin": 40}}
    assert entries(report)[-1]["location"]["path"] == "backend/shop/settings.py"


def test_no_control_character_reaches_the_file() -> None:
    assert all(one["description"].isprintable() and one["location"]["path"].isprintable() for one in entries())
