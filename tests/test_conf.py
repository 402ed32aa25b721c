from __future__ import annotations

import pytest
from django.test import override_settings

from dbaudit.conf import check_settings, load, nearest
from dbaudit.errors import AuditError


@override_settings(DBAUDIT={})
def test_nothing_needs_to_be_set() -> None:
    assert load().statement_timeout_ms > 0
    assert check_settings() == []


@override_settings(DBAUDIT={"SKIP": ["duplicate_index"], "DOCUMENT": {"title": "Ours"}})
def test_what_is_set_is_read() -> None:
    assert load().skip == ("duplicate_index",)
    assert load().document.title == "Ours"


@pytest.mark.parametrize(
    ("given", "identifier", "sentence"),
    [
        ([], "dbaudit.E001", "settings.DBAUDIT must be a dictionary, not list."),
        ({"STATEMENT_TIMEOUT": 5}, "dbaudit.E002", "DBAUDIT has no key 'STATEMENT_TIMEOUT'."),
        ({3: 5}, "dbaudit.E002", "DBAUDIT has no key 3."),
        (
            {"STATEMENT_TIMEOUT_MS": "5"},
            "dbaudit.E003",
            "DBAUDIT['STATEMENT_TIMEOUT_MS'] must be a whole number, not '5'.",
        ),
        ({"STATEMENT_TIMEOUT_MS": True}, "dbaudit.E003", "must be a whole number, not True."),
        ({"SKIP": "duplicate_index"}, "dbaudit.E003", "DBAUDIT['SKIP'] must be a list of strings"),
        ({"DOCUMENT": {"titel": "x"}}, "dbaudit.E002", "DBAUDIT['DOCUMENT'] has no key 'titel'."),
        ({"DOCUMENT": {"title": 3}}, "dbaudit.E003", "DBAUDIT['DOCUMENT']['title'] must be a string, not 3."),
    ],
)
def test_what_is_wrong_is_refused_by_name(given: object, identifier: str, sentence: str) -> None:
    with override_settings(DBAUDIT=given):
        (problem,) = check_settings()
        assert problem.id == identifier
        assert sentence in problem.msg
        with pytest.raises(AuditError):
            load()


def test_the_nearest_name_is_offered_or_all_of_them() -> None:
    assert nearest("titel", ["title", "version"]) == "Did you mean 'title'?"
    assert nearest("zzz", ["title", "version"]) == "Valid names: title, version."
