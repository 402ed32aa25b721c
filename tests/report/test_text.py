from __future__ import annotations

from dataclasses import replace

import pytest
from django.core.management.color import make_style

from dbaudit.facts import Skipped
from dbaudit.findings import Recommendation
from dbaudit.report import text
from tests.report import sample


def crowded() -> str:
    """A report with far more to do than fits on a screen, in words that are far too long."""
    database = sample.database()
    recommendations = tuple(
        Recommendation(
            rank=rank,
            priority="high",
            phase=1,
            title=f"Thing {rank} {'with a long title ' * 9}",
            remedy=sample.remedies()[rank % 7],
            findings=("key",),
        )
        for rank in range(1, 31)
    )
    return text.render(sample.report(replace(database, recommendations=recommendations)))


def test_the_first_screen_has_the_figures_and_the_five_most_valuable_things_to_do() -> None:
    screen = crowded().splitlines()[:24]
    assert any("Models" in line and "Records" in line for line in screen)
    assert [line[:10] for line in screen if "Thing" in line] == [f"  {rank}. Thing" for rank in range(1, 6)]
    assert any("25 more recommendations" in line for line in screen)


def first_thing(title: str, width: int = 80) -> list[str]:
    """The lines of the one thing to do, an index that brings 120.5 ms down to 2 ms."""
    database = sample.database()
    one = replace(database.recommendations[0], title=title)
    lines = text.render(sample.report(replace(database, recommendations=(one,), index_plan=None)), width=width)
    return lines.split("Do first\n")[1].split("\n\n")[0].splitlines()


def test_a_thing_to_do_is_told_in_two_lines_with_what_it_gains() -> None:
    assert first_thing("Orders by customer") == [
        "  1. Orders by customer",
        "     high priority, safe: 120.5 → 2 ms",
    ]


def test_a_long_title_goes_on_in_the_second_line_and_what_it_gains_stands_behind_it() -> None:
    title = "shop_order: an index on (customer_id, status DESC) for 'Open orders of a customer, newest first'"
    assert first_thing(title) == [
        "  1. shop_order: an index on (customer_id, status DESC) for 'Open orders of a",
        "     customer, newest first' (high priority, safe: 120.5 → 2 ms)",
    ]
    assert first_thing(title, width=120)[1:] == ["     high priority, safe: 120.5 → 2 ms"]


def test_the_facts_get_fewer_before_a_title_is_cut() -> None:
    title = "shop_order: an index on (customer_id, status DESC) for 'Open orders of a customer"
    assert first_thing(f"{title} and of all who pay for it'")[1].endswith("for it' (high priority, safe: 120.5 → 2 ms)")
    assert first_thing(f"{title} and of all who ever pay for it'")[1].endswith("for it' (high, safe: 120.5 → 2 ms)")
    first, second = first_thing(f"{title}{' and more' * 20}'")
    assert second.endswith("… (high, safe)")
    assert max(len(first), len(second)) <= 80


@pytest.mark.parametrize("width", [60, 80, 120])
def test_no_line_but_code_is_wider_than_the_terminal(width: int) -> None:
    drawn = text.render(sample.report(), width=width)
    wide = [line for line in drawn.splitlines() if len(line) > width]
    assert all(line.lstrip().startswith(("customer = models", "Tables, evidence")) for line in wide)


def test_a_terminal_that_says_it_has_no_width_gets_a_narrow_page() -> None:
    assert max(map(len, text.render(sample.report(sample.clean()), width=0).splitlines()[:2])) <= 40


def test_no_control_character_of_a_name_reaches_the_terminal() -> None:
    drawn = text.render(sample.report())
    assert all(one.isprintable() or one == "\n" for one in drawn)


def test_without_a_style_there_is_no_colour() -> None:
    assert "\x1b" not in text.render(sample.report())


def test_colours_change_nothing_but_the_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DJANGO_COLORS", "dark")
    coloured = text.render(sample.report(), make_style("dark"))
    assert "\x1b[" in coloured
    bare = coloured
    for start in sorted({part.split("m")[0] for part in coloured.split("\x1b[")[1:]}):
        bare = bare.replace(f"\x1b[{start}m", "")
    assert bare == text.render(sample.report())


def test_a_database_without_findings_does_not_look_like_one_that_was_not_examined() -> None:
    clean = text.render(sample.report(sample.clean()))
    assert "No findings: 2 checks ran, none found anything." in clean
    assert "Everything that this audit looks at was examined." in clean
    blind = text.render(sample.report(sample.empty()))
    assert "No findings" not in blind
    assert "- duplicate_index: Not asked for." in blind


def skipping(*skipped: Skipped) -> str:
    """The report of a clean database of which this much was not examined."""
    return text.render(sample.report(replace(sample.clean(), skipped=skipped)), width=120)


def test_a_few_checks_for_another_server_are_named() -> None:
    drawn = skipping(*(Skipped(f"check_{one}", "Works on postgresql only.", "vendor") for one in range(2)))
    assert "- check_0, check_1: Works on postgresql only.\n" in drawn


def test_many_things_that_were_not_seen_are_named_as_far_as_there_is_room() -> None:
    drawn = skipping(*(Skipped(f"table_{one}", "No statistics.") for one in range(7)))
    assert "- table_0, table_1, table_2, table_3, table_4, table_5 and 1 more: No statistics.\n" in drawn


def test_many_checks_for_another_server_are_counted_in_one_line_and_none_is_taken_for_clean() -> None:
    drawn = skipping(*(Skipped(f"check_{one}", "Works on postgresql only.", "vendor") for one in range(40)))
    assert "- 40 checks: Works on postgresql only. manage.py dbaudit checks lists them.\n" in drawn
    assert "40 things not examined" in drawn
    assert "check_0" not in drawn
    assert "everything examined" not in drawn
