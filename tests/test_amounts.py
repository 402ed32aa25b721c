"""Amounts as people write them."""

from __future__ import annotations

import pytest
from django.core.management import CommandError, call_command
from django.test import override_settings

from dbaudit import amounts, conf
from dbaudit.amounts import Budget
from dbaudit.errors import AuditError


@pytest.mark.parametrize("text", ["", "much", "-5", "5 apples", "12%%", "1e9", "25 %MB"])
def test_what_is_no_budget_is_refused_in_one_sentence(text: str) -> None:
    with pytest.raises(AuditError, match="An index budget is bytes or a share of the rows, such as 64MB or 25%"):
        amounts.budget(text)


@pytest.mark.parametrize("text", ["", "0", "0s", "soon", "-1s", "5h"])
def test_what_is_no_time_is_refused_in_one_sentence(text: str) -> None:
    with pytest.raises(AuditError, match="A time is a number of seconds above zero, such as 60s or 2m"):
        amounts.seconds(text)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("4096", Budget(bytes=4096)),
        ("64MB", Budget(bytes=64 * 2**20)),
        ("1.5 GB", Budget(bytes=3 * 2**29)),
        ("10kib", Budget(bytes=10 * 2**10)),
        ("25%", Budget(share=0.25)),
        ("0", Budget(bytes=0)),
    ],
)
def test_budgets(text: str, wanted: Budget) -> None:
    assert amounts.budget(text) == wanted


def test_a_share_is_one_of_the_rows() -> None:
    assert amounts.budget("25%").of(1_000) == 250
    assert amounts.budget("10").of(1_000) == 10


@pytest.mark.parametrize(("text", "wanted"), [("60", 60), ("1.5s", 1.5), ("2m", 120), ("3 min", 180), ("5 sec", 5)])
def test_times(text: str, wanted: float) -> None:
    assert amounts.seconds(text) == wanted


@pytest.mark.parametrize(
    "option", [{"index_budget": "much"}, {"advise_for": "soon"}], ids=["--index-budget", "--advise-for"]
)
def test_a_bad_option_ends_the_command_with_2_before_anything_is_read(option: dict[str, str]) -> None:
    with pytest.raises(CommandError, match=r"not '(much|soon)'") as caught:
        call_command("dbaudit", "report", **option)
    assert caught.value.returncode == 2


@pytest.mark.parametrize("key", ["INDEX_BUDGET", "ADVISE_FOR"])
def test_a_bad_setting_is_refused_by_a_system_check(key: str) -> None:
    with override_settings(DBAUDIT={key: "much"}):
        [problem] = conf.check_settings()
    assert problem.id == "dbaudit.E003"
    assert f"DBAUDIT['{key}']" in problem.msg
