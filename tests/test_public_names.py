from __future__ import annotations

import pytest

import dbaudit
from tests.scratch import Scratch


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
