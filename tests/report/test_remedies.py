"""What a recommendation gains, in a few words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dbaudit.findings import CreateIndex, Gain, Helped, Recommendation, Remedy
from dbaudit.report.remedies import change, gained

HELPED = Helped(query="'lookup'", statement="SELECT 1", before=900.0, after=9.0, unit="cost", fingerprint="q")
BUILD = Recommendation(
    rank=1,
    priority="medium",
    phase=1,
    title="item: an index on (a)",
    remedy=Remedy(action=CreateIndex(table="item", columns=("a",), name="item_a")),
    findings=(),
    gain=Gain(before=900.0, after=9.0, unit="cost", source="planned"),
    helps=(HELPED,),
)


def test_nothing_is_said_where_nothing_was_measured() -> None:
    assert gained(replace(BUILD, gain=None)) == ""


def test_what_was_planned_on_the_rows_that_there_are_is_told_alone() -> None:
    assert gained(BUILD) == "100 times less work (900 → 9 cost)"


@pytest.mark.parametrize(
    ("before", "after", "unit", "told"),
    [
        (21, 1, "queries", "21 → 1 queries"),
        (10.5, 0.8, "ms", "10.5 → 0.8 ms"),
        (4_096, 1_024, "bytes", "4,096 → 1.0 KiB"),
        (900, 600, "steps", "33 % less work (900 → 600 steps)"),
        (900, 450, "steps", "2 times less work (900 → 450 steps)"),
        (900, 900, "cost", "as much work as before (900 → 900 cost)"),
        (900, 0, "cost", "no work left (900 → 0 cost)"),
    ],
)
def test_units_that_people_know_are_told_alone_and_a_planner_s_behind_what_they_mean(
    before: float, after: float, unit: str, told: str
) -> None:
    assert change(before, after, unit) == told


def test_a_projection_is_called_one() -> None:
    grown = replace(HELPED, today_before=4.0, today_after=4.0)
    assert gained(replace(BUILD, helps=(grown,))) == "100 times less work (900 → 9 cost), projected"
