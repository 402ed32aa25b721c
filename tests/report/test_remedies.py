"""What a recommendation gains, in a few words."""

from __future__ import annotations

from dataclasses import replace

from dbaudit.findings import CreateIndex, Gain, Helped, Recommendation, Remedy
from dbaudit.report.remedies import gained

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
    assert gained(BUILD) == "900 → 9 cost"


def test_a_projection_is_called_one() -> None:
    grown = replace(HELPED, today_before=4.0, today_after=4.0)
    assert gained(replace(BUILD, helps=(grown,))) == "900 → 9 cost, projected"
