"""Invalid indexes that an earlier attempt or somebody else left."""

# ruff: noqa: SIM117 - one line for each session

from __future__ import annotations

import pytest

from tests.apply.applying import (
    PHASES,
    Beside,
    Run,
    another,
    creation,
    holding,
    indexes,
    invalid,
    phase_of,
    refused,
    removal,
    until,
)

STEP = creation("items", "items_kind_idx", "(kind)")
SNAPSHOT = ("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ", "SELECT 1")
BLOCKED = "SELECT pid FROM pg_stat_activity WHERE query LIKE %s AND wait_event_type = 'Lock'"


def leave_invalid(run: Run, statement: str) -> None:
    """Cancel a concurrent statement in its last wait, as a lock timeout does."""
    reading = "SELECT count(*) FROM items"
    with holding(run.scratch, *SNAPSHOT, reading), another(run.scratch, autocommit=True) as owner:
        with another(run.scratch, autocommit=True) as eye, Beside(lambda: refused(owner, statement)):
            (pid,) = until(lambda: eye.execute(BLOCKED, [f"{statement[:20]}%"]).fetchone(), "the wait")
            eye.execute("SELECT pg_cancel_backend(%s)", [pid])


def test_our_own_invalid_index_is_dropped_and_built_again(items: Run) -> None:
    leave_invalid(items, "CREATE INDEX CONCURRENTLY items_kind_idx ON items (kind)")
    assert invalid(items.scratch) == ["items_kind_idx"]
    assert items.outcomes(STEP) == ["built"]
    assert "dropping items_kind_idx, which an earlier attempt left invalid" in items.said
    assert invalid(items.scratch) == []


@pytest.mark.parametrize("body", ["(code)", "(kind DESC, code)"])
def test_an_invalid_index_of_our_name_and_another_definition_is_left_alone_and_told(items: Run, body: str) -> None:
    leave_invalid(items, f"CREATE INDEX CONCURRENTLY items_kind_idx ON items {body}")
    (done,) = items(STEP)
    assert done.outcome == "failed"
    assert "The name items_kind_idx is taken by an index of items with another definition" in done.reason
    assert invalid(items.scratch) == ["items_kind_idx"]


def test_an_invalid_index_of_another_name_is_left_alone_and_told(items: Run) -> None:
    leave_invalid(items, "CREATE INDEX CONCURRENTLY theirs ON items (kind)")
    assert items.outcomes(STEP) == ["built"]
    assert any("theirs is invalid" in line and "DROP INDEX CONCURRENTLY" in line for line in items.said)
    assert invalid(items.scratch) == ["theirs"]


def test_an_invalid_index_that_somebody_is_building_is_never_dropped(items: Run) -> None:
    with holding(items.scratch, *SNAPSHOT) as snapshot, another(items.scratch, autocommit=True) as foreign:
        with Beside(lambda: foreign.execute("CREATE INDEX CONCURRENTLY items_kind_idx ON items (kind)")):
            with another(items.scratch, autocommit=True) as eye:
                until(lambda: phase_of(eye, PHASES[4]), PHASES[4])
                assert items.outcomes(STEP, max_wait=0.1) == ["failed"]
                assert phase_of(eye, PHASES[4])
                snapshot.close()
    assert invalid(items.scratch) == []


def test_an_interrupted_drop_is_finished_by_the_next_run(items: Run) -> None:
    items.scratch.execute("CREATE INDEX items_kind_idx ON items (kind)")
    leave_invalid(items, "DROP INDEX CONCURRENTLY items_kind_idx")
    assert invalid(items.scratch) == ["items_kind_idx"]
    assert items.outcomes(removal("items", "items_kind_idx", "(kind)")) == ["dropped"]
    assert indexes(items.scratch) == ["items_pkey"]


def test_a_drop_that_waits_too_long_says_in_what_state_the_index_is_and_is_finished_later(items: Run) -> None:
    items.scratch.execute("CREATE INDEX items_kind_idx ON items (kind)")
    drop = removal("items", "items_kind_idx", "(kind)")
    with holding(items.scratch, *SNAPSHOT, "SELECT count(*) FROM items"):
        (done,) = items(drop, max_wait=0.2)
        assert done.outcome == "failed"
        assert "items_kind_idx could not be dropped and is invalid" in done.reason
        assert "It waited for longer than 0.2 s for process" in done.reason
    assert items.outcomes(drop) == ["dropped"]


def test_the_index_of_an_interrupted_drop_is_built_again_where_it_is_wanted(items: Run) -> None:
    items.scratch.execute("CREATE INDEX items_kind_idx ON items (kind)")
    leave_invalid(items, "DROP INDEX CONCURRENTLY items_kind_idx")
    assert items.outcomes(STEP) == ["built"]
    assert invalid(items.scratch) == []
