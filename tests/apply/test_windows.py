"""The hours in which steps may begin, and how a run goes on afterwards."""

from __future__ import annotations

from dataclasses import replace
from datetime import time

import pytest
from django.core.management import CommandError, call_command

from dbaudit.apply.windows import Window, window
from dbaudit.errors import AuditError
from tests.apply.applying import Run, creation, indexes
from tests.scratch import Scratch

STEP = creation("items", "items_kind_idx", "(kind)")


@pytest.mark.parametrize(
    ("text", "now", "open_"),
    [
        ("22:00-05:00", time(22), True),
        ("22:00-05:00", time(23, 59), True),
        ("22:00-05:00", time(0), True),
        ("22:00-05:00", time(4, 59, 59), True),
        ("22:00-05:00", time(5), False),
        ("22:00-05:00", time(21, 59), False),
        ("9:30-17:00", time(9, 30), True),
        ("9:30-17:00", time(17), False),
        ("9:30-17:00", time(3), False),
    ],
)
def test_a_window_is_open_from_its_first_moment_to_before_its_last(text: str, now: time, open_: bool) -> None:
    assert replace(window(text), clock=lambda: now).open is open_


@pytest.mark.parametrize("text", ["22:00", "22-05", "25:00-05:00", "22:00-05:60", "at night", "", "22:00-05:00-06:00"])
def test_what_is_no_window_is_refused_in_words(text: str) -> None:
    with pytest.raises(ValueError, match="is no window of two times of day, such as 22:00-05:00"):
        window(text)


def test_a_window_that_ends_when_it_begins_is_refused() -> None:
    with pytest.raises(ValueError, match="begins when it ends"):
        window("5:00-05:00")


def test_outside_of_the_window_it_is_refused_with_the_time() -> None:
    with pytest.raises(AuditError, match="It is 12:03, and --window 22:00-05:00 lets no step begin"):
        Window(time(22), time(5), lambda: time(12, 3)).refuse()


def test_no_step_begins_when_the_window_is_over_and_the_others_are_left_for_the_next_one(items: Run) -> None:
    hours = iter([time(4), time(5)])
    bounds = Window(time(22), time(5), lambda: next(hours))
    second = creation("items", "items_code_idx", "(code)", number=2)
    (done,) = items(STEP, second, window=bounds)
    assert done.outcome == "built"
    assert indexes(items.scratch) == ["items_kind_idx", "items_pkey"]
    (run,) = items.journal.runs()
    assert run.pending == (second,)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--window", "22:00"], "is no window of two times of day"),
        (["--max-steps", "0"], "'0' is no whole number from 1 on"),
        (["--max-load", "0"], "'0' is no number above 0"),
        (["--max-load", "nan"], "'nan' is no number above 0"),
        (["--max-lag", "-1"], "'-1' is no number of seconds from 0 on"),
    ],
)
def test_a_value_that_makes_no_sense_is_refused_in_words(arguments: list[str], sentence: str) -> None:
    with pytest.raises(CommandError) as refused:
        call_command("dbaudit", "apply-indexes", "--noinput", *arguments)
    assert sentence in str(refused.value)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--resume", "--only", "x"], "--only says nothing beside --resume"),
        (["--undo", "--max-steps", "1"], "--max-steps says nothing beside --undo"),
    ],
)
def test_options_that_say_nothing_together_are_refused(arguments: list[str], sentence: str) -> None:
    with pytest.raises(CommandError) as refused:
        call_command("dbaudit", "apply-indexes", "--noinput", *arguments)
    assert sentence in str(refused.value)
    assert refused.value.returncode == 2


@pytest.mark.parametrize("option", ["--max-active", "--max-lag", "--max-load"])
def test_limits_of_a_server_are_refused_on_sqlite(option: str, sqlite: Scratch) -> None:
    with pytest.raises(CommandError, match=f"{option} says nothing of SQLite"):
        call_command("dbaudit", "apply-indexes", "--noinput", "--database", sqlite.alias, option, "1")
