"""How far a build is, in one line."""

from __future__ import annotations

from dbaudit.apply.postgresql.progress import Seen, line, seen


def test_a_phase_without_figures_is_told_by_its_name() -> None:
    one = seen("initializing", (0, 0), (0, 0), (0, 0), 3.0, "")
    assert (one.share, one.left) == (None, None)
    assert line("idx", one) == "idx initializing"


def test_a_scan_is_told_by_its_blocks_with_the_time_that_is_left() -> None:
    one = seen("building index: scanning table", (250, 1000), (0, 0), (0, 0), 10.0, "")
    assert (one.share, one.left) == (0.25, 30.0)
    assert line("idx", one) == "idx [#####               ]  25 % building index: scanning table, 30 s left"


def test_a_wait_is_told_by_whom_it_is_for() -> None:
    one = seen("waiting for old snapshots", (1000, 1000), (5, 5), (1, 2), 10.0, "process 7 (app, idle in transaction)")
    assert one.share == 0.5
    assert line("idx", one).endswith("10 s left, for process 7 (app, idle in transaction)")


def test_more_than_was_expected_is_no_more_than_all() -> None:
    one = seen("building index: loading tuples in tree", (0, 0), (120, 100), (0, 0), 10.0, "")
    assert (one.share, one.left) == (1.0, None)
    assert Seen(phase="x", share=0.5, seconds=0.2).left is None
