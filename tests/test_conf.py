from __future__ import annotations

import pytest
from django.test import override_settings

from dbaudit.conf import check_settings, load
from dbaudit.errors import AuditError, nearest


@override_settings(DBAUDIT={})
def test_nothing_needs_to_be_set() -> None:
    assert load().statement_timeout_ms > 0
    assert check_settings() == []


@override_settings(DBAUDIT={"SKIP": ["duplicate_index"], "DOCUMENT": {"title": "Ours"}})
def test_what_is_set_is_read() -> None:
    assert load().skip == ("duplicate_index",)
    assert load().document.title == "Ours"


@override_settings(DBAUDIT={"BUDGETS": [{"view": "shop:*", "max_queries": 9}, {"view": "GET /*", "budget_ms": 50}]})
def test_the_first_budget_that_fits_holds() -> None:
    read = load()
    assert read.budget("", "POST /x") is None
    assert (one := read.budget("shop:cart", "GET /cart")) is not None
    assert (one.max_queries, one.budget_ms) == (9, None)
    assert (one := read.budget("other", "GET /other")) is not None
    assert (one.max_queries, one.budget_ms) == (None, 50)


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
        ({"BUDGETS": {"view": "*"}}, "dbaudit.E003", "DBAUDIT['BUDGETS'] must be a list of dictionaries"),
        ({"BUDGETS": [{"veiw": "*"}]}, "dbaudit.E002", "DBAUDIT['BUDGETS'][0] has no key 'veiw'."),
        (
            {"BUDGETS": [{}, {"max_queries": "9"}]},
            "dbaudit.E003",
            "DBAUDIT['BUDGETS'][1]['max_queries'] must be a whole number, not '9'.",
        ),
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


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"CRAWL": {"year": 2026, "shops/<slug:shop>/": {"shop": "main"}}}, ""),
        ({"CRAWL": ["year"]}, "DBAUDIT['CRAWL'] must be a dictionary"),
        ({"CRAWL": {"year": None}}, "DBAUDIT['CRAWL']['year'] must be a string, a number or a dictionary, not None."),
        ({"CRAWL": {1: "x"}}, "DBAUDIT['CRAWL'][1]: a parameter or a route is a string."),
        ({"AUTOMATIC_STATEMENTS": 0}, "DBAUDIT['AUTOMATIC_STATEMENTS'] must be 1 or more, not 0."),
        ({"CRAWL_STATEMENTS": "many"}, "DBAUDIT['CRAWL_STATEMENTS'] must be a whole number, not 'many'."),
    ],
)
def test_samples_and_limits_of_pages_are_checked(given: dict[str, object], problem: str) -> None:
    with override_settings(DBAUDIT=given):
        found = [one.msg for one in check_settings()]
    assert len(found) == bool(problem)
    assert not problem or found[0].startswith(problem)
