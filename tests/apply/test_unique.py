"""Unique indexes: only where no duplicates exist, and no index that rejects rows stays behind."""

from __future__ import annotations

import pytest

from tests.apply.applying import GATED, PHASES, Run, another, creation, held_at, indexes, invalid, phase_of, until

STEP = creation("items", "items_code_uniq", "(code)", unique=True)


def test_a_unique_index_is_built_where_no_rows_are_alike(items: Run) -> None:
    assert items.outcomes(STEP) == ["built"]
    assert items.outcomes(STEP) == ["present"]


def test_rows_with_null_and_rows_outside_the_condition_are_not_alike(items: Run) -> None:
    items.scratch.execute("UPDATE items SET code = NULL WHERE id < 10")
    items.scratch.execute("UPDATE items SET code = 'same', active = false WHERE id BETWEEN 10 AND 20")
    assert items.outcomes(creation("items", "items_code_uniq", "(code) WHERE active", unique=True)) == ["built"]


def test_duplicates_are_found_before_anything_is_built_and_no_value_is_told(items: Run) -> None:
    items.scratch.execute("UPDATE items SET code = 'hunter2' WHERE id < 3")
    (done,) = items(STEP)
    assert done.outcome == "failed"
    assert "Rows with equal keys exist" in done.reason
    assert "SELECT code, count(*) FROM" in done.reason
    assert "hunter2" not in done.reason + items.journal.path.read_text()
    assert indexes(items.scratch) == ["items_pkey"]


@pytest.mark.parametrize("phase", PHASES[:2])
def test_duplicates_that_appear_during_the_build_end_it_and_no_enforcing_index_stays(items: Run, phase: str) -> None:
    with items.scratch.connection.cursor() as cursor:
        cursor.execute(GATED)
    step = creation("items", "items_gated_uniq", "(gated(kind), code)", unique=True)
    with held_at(items, phase, step) as (beside, _), another(items.scratch, autocommit=True) as other:
        other.execute("INSERT INTO items VALUES (-2, 1, 'hunter2', true), (-3, 1, 'hunter2', true)")
    (done,) = beside.result
    assert (done.outcome, done.retries) == ("failed", 0)
    assert "rows with equal keys exist; the index was taken away again" in done.reason
    assert "hunter2" not in done.reason + items.journal.path.read_text()
    assert invalid(items.scratch) == []
    items.scratch.execute("INSERT INTO items VALUES (-4, 1, 'hunter2', true)")


def test_a_unique_build_cancelled_in_its_last_wait_rejects_nothing_afterwards(items: Run) -> None:
    with items.scratch.connection.cursor() as cursor:
        cursor.execute(GATED)
    step = creation("items", "items_gated_uniq", "(gated(kind), code)", unique=True)
    with held_at(items, PHASES[4], step) as (beside, pid), another(items.scratch, autocommit=True) as canceller:
        canceller.execute("SELECT pg_cancel_backend(%s)", [pid])
        until(lambda: phase_of(canceller, PHASES[4]) is None, "the end of the build")
    assert [one.outcome for one in beside.result] == ["failed"]
    assert invalid(items.scratch) == []
    items.scratch.execute("INSERT INTO items SELECT -id, kind, code, active FROM items WHERE id = 5")
