from __future__ import annotations

import importlib.util
from dataclasses import fields, is_dataclass
from pathlib import Path

import pytest

import dbaudit
from dbaudit import facts, findings
from tests.scratch import Scratch

DOCS = Path(__file__).parent.parent / "docs"
SPEC = importlib.util.spec_from_file_location("reference", DOCS / "reference.py")
assert SPEC
assert SPEC.loader
reference = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(reference)


def test_every_public_name_is_there() -> None:
    assert [name for name in dbaudit.__all__ if getattr(dbaudit, name, None) is None] == []


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="nonsense"):
        dbaudit.nonsense  # noqa: B018


def test_audit_gives_the_report_as_a_value(scratch: Scratch) -> None:
    scratch.execute("CREATE TABLE item (id integer PRIMARY KEY, a integer); CREATE INDEX one ON item (a);")
    scratch.execute("CREATE INDEX two ON item (a)")
    report = dbaudit.audit(scratch.alias, queries=False, checks=("duplicate_index",))
    assert [finding.subject for finding in report.databases[0].findings] == ["Index two repeats one"]


def test_audit_refuses_an_unknown_alias_with_the_nearest() -> None:
    with pytest.raises(Exception, match=r"Unknown database .defualt.\. Did you mean .default."):
        dbaudit.audit("defualt")


def test_the_page_of_the_public_names_is_current() -> None:
    assert (DOCS / "reference.md").read_text() == reference.page(), "run `make docs`"


def test_every_public_name_and_every_field_has_its_line_on_the_page() -> None:
    sections = {part.partition("`")[0]: part for part in reference.page().split("\n### `")[1:]}
    assert sections.keys() == {*dbaudit.__all__}
    undocumented = [
        f"{name}.{one.name}"
        for name, section in sections.items()
        if is_dataclass(value := getattr(dbaudit, name))
        for one in fields(value)
        if f"\n| `{one.name}` |" not in section
    ]
    assert undocumented == []


def test_every_fact_and_every_conclusion_is_a_public_name() -> None:
    values = [*facts.__all__, *(name for name in findings.__all__ if name not in ("Known", "worst"))]
    assert {name for name in values if not name.isupper()} <= {*dbaudit.__all__}


def test_a_lone_name_is_a_list_of_one(scratch: Scratch) -> None:
    scratch.execute("CREATE TABLE item (id integer PRIMARY KEY, a integer)")
    report = dbaudit.audit(scratch.alias, queries=False, checks="duplicate_index")
    assert report.databases[0].ran == ("duplicate_index",)
