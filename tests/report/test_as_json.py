from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from dbaudit.findings import REPORT_VERSION, Document
from dbaudit.report import as_json
from tests.report import sample

SCHEMA = json.loads(Path(as_json.__file__).with_name("schema.json").read_text(encoding="utf-8"))
VALIDATOR = Draft202012Validator(SCHEMA, format_checker=FormatChecker())


def data(*databases: Any) -> Any:
    return json.loads(as_json.render(sample.report(*databases)))


def places(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The path of every object."""
    if isinstance(value, dict):
        yield path
        for name, inner in value.items():
            yield from places(inner, (*path, name))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from places(inner, (*path, number))


def at(value: Any, path: tuple[str | int, ...]) -> Any:
    for step in path:
        value = value[step]
    return value


def objects(schema: Any) -> list[Any]:
    return [at(schema, path) for path in places(schema) if at(schema, path).get("type") == "object"]


def test_the_schema_is_a_valid_json_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA)


def test_the_schema_describes_the_version_that_reports_have() -> None:
    assert SCHEMA["properties"]["version"]["const"] == REPORT_VERSION


def test_every_object_of_the_schema_is_closed_and_requires_all_it_names() -> None:
    for one in objects(SCHEMA):
        assert one["additionalProperties"] is False
        assert one["required"] == list(one["properties"])


def test_every_property_of_the_schema_has_a_description_of_its_own_or_of_what_it_refers_to() -> None:
    for one in objects(SCHEMA):
        for name, inner in one["properties"].items():
            assert "description" in inner or "$ref" in inner or name == "kind", name


def test_a_full_report_satisfies_the_schema() -> None:
    VALIDATOR.validate(data())


def test_a_clean_report_and_that_of_an_empty_database_satisfy_the_schema() -> None:
    VALIDATOR.validate(data(sample.clean(), sample.empty()))


def test_an_unknown_key_anywhere_in_a_report_fails_the_schema() -> None:
    report = data()
    for path in places(report):
        spoilt = copy.deepcopy(report)
        at(spoilt, path)["surprise"] = 1
        assert not VALIDATOR.is_valid(spoilt), path


def test_a_key_that_is_missing_anywhere_in_a_report_fails_the_schema() -> None:
    report = data()
    seen = set()
    for path in places(report):
        kind = tuple(step for step in path if isinstance(step, str))
        for name in at(report, path):
            if (kind, name) in seen:
                continue
            seen.add((kind, name))
            spoilt = copy.deepcopy(report)
            del at(spoilt, path)[name]
            assert not VALIDATOR.is_valid(spoilt), (path, name)


def test_what_was_not_seen_is_null_and_what_is_absent_is_empty() -> None:
    tables = {table["name"]: table for table in data()["databases"][0]["tables"]}
    assert tables["shop_order"]["bytes"] is None
    assert tables["shop_summary"]["rows"] is None
    assert tables["shop_summary"]["model"] == ""
    assert tables["shop_summary"]["location"] is None


def test_a_relation_field_and_its_constraint_are_one_row() -> None:
    rows = {(row["model"], row["field"]): row for row in data()["databases"][0]["foreign_keys"]}
    assert len(rows) == 3
    declared = rows["shop.Order", "customer"]
    assert (declared["on_delete"], declared["database_on_delete"], declared["validated"]) == (
        "CASCADE",
        "NO ACTION",
        True,
    )
    alone = rows["", ""]
    assert (alone["table"], alone["target_schema"], alone["constraint"]) == ("shop_order", "legacy", True)
    unguarded = rows["shop.Hostile", "customer"]
    assert (unguarded["constraint"], unguarded["database_on_delete"], unguarded["validated"]) == (False, "", None)


def test_a_crashed_check_is_told_from_a_skipped_one() -> None:
    skipped = {one["what"]: one["crashed"] for one in data()["databases"][0]["skipped"]}
    assert skipped == {"Query performance": False, "shop_secret": False, "shop_vault": False, "shop_crashing": True}


def test_hostile_names_survive_the_way_there_and_back() -> None:
    names = [table["name"] for table in data()["databases"][0]["tables"]]
    assert sample.HOSTILE in names


def test_a_name_that_is_not_utf_8_survives_too() -> None:
    report = replace(sample.report(), document=Document(title="shop/\udce9.py"))
    assert json.loads(as_json.render(report).encode("utf-8"))["document"]["title"] == "shop/\udce9.py"


@pytest.mark.parametrize("kind", [one["$ref"].rpartition("/")[2] for one in SCHEMA["$defs"]["remedy"]["oneOf"]])
def test_every_kind_of_remedy_satisfies_the_schema(kind: str) -> None:
    remedy = next(one for one in sample.remedies() if one.kind == kind)
    Draft202012Validator({"$ref": f"#/$defs/{kind}", "$defs": SCHEMA["$defs"]}).validate(
        json.loads(json.dumps(as_json._remedy(remedy)))
    )
