"""Dropping what is proved redundant, and taking a run back."""

# ruff: noqa: SIM117 - one line for each session

from __future__ import annotations

import pytest

from dbaudit.apply import undoing
from dbaudit.apply.journal import Journal
from dbaudit.apply.recording import Undoing
from dbaudit.apply.steps import Done
from dbaudit.facts.dialect import Dialect
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
    removal,
    until,
)

BUILD = creation("items", "items_both_idx", "(kind, code)")
NARROW = removal("items", "items_kind_idx", "(kind)", number=2, because="items_both_idx", after=1)
SNAPSHOT = ("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ", "SELECT 1")


@pytest.fixture
def narrow(items: Run) -> Run:
    """Runs on ``items`` with an index of its kind."""
    items.scratch.execute("CREATE INDEX items_kind_idx ON items (kind)")
    return items


def undo(run: Run) -> tuple[Done, ...]:
    """Take the last run of the journal back."""
    last = run.journal.runs()[-1]
    journal = Journal(run.journal.path, run=last.id)
    done = run(*undoing.steps(last, Dialect("postgresql")), record=Undoing(journal))
    if all(one.ok for one in done):
        journal.run_undone()
    return done


def definitions(run: Run) -> list[tuple[object, ...]]:
    """The definitions of all indexes."""
    return run.scratch.rows("SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1")


def test_an_index_is_dropped_once_what_does_its_work_stands(narrow: Run) -> None:
    assert narrow.outcomes(BUILD, NARROW) == ["built", "dropped"]
    assert indexes(narrow.scratch) == ["items_both_idx", "items_pkey"]


def test_nothing_is_dropped_where_the_build_before_failed(narrow: Run) -> None:
    failing = creation("items", "items_both_idx", "(kind, colour)")
    first, second = narrow(failing, NARROW)
    assert (first.outcome, second.outcome) == ("failed", "failed")
    assert "Step 1 did not succeed" in second.reason
    assert indexes(narrow.scratch) == ["items_kind_idx", "items_pkey"]


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        ("SELECT 1", "items_both_idx does not do the work of items_kind_idx"),
        ("CREATE INDEX items_both_idx ON items (code, kind)", "does not do the work"),
        ("CREATE INDEX items_both_idx ON items (kind, code) WHERE active", "does not do the work"),
        ("DROP INDEX items_kind_idx; CREATE INDEX items_kind_idx ON items (kind DESC)", "has changed since"),
        ("ALTER TABLE items CLUSTER ON items_kind_idx", "serves a constraint"),
    ],
)
def test_what_is_not_redundant_any_more_is_left_alone(narrow: Run, statement: str, sentence: str) -> None:
    narrow.scratch.execute(statement)
    (done,) = narrow(removal("items", "items_kind_idx", "(kind)", because="items_both_idx"))
    assert done.outcome == "failed"
    assert sentence in done.reason
    assert "items_kind_idx" in indexes(narrow.scratch)


def test_what_is_gone_already_is_no_failure(items: Run) -> None:
    assert items.outcomes(removal("items", "items_kind_idx", "(kind)")) == ["absent"]


def test_undo_takes_back_exactly_what_the_run_did(narrow: Run) -> None:
    before = definitions(narrow)
    narrow(BUILD, NARROW, creation("items", "there", "(code)", number=3))
    assert [one.outcome for one in undo(narrow)] == ["dropped", "built", "dropped"]
    assert definitions(narrow) == before
    assert narrow.journal.runs()[-1].undone
    assert undo(narrow) == ()


def test_undo_leaves_alone_what_was_there_before_the_run(narrow: Run) -> None:
    narrow(creation("items", "items_kind_idx", "(kind)"), creation("items", "twin", "(kind)", number=2))
    assert undo(narrow) == ()
    assert indexes(narrow.scratch) == ["items_kind_idx", "items_pkey"]


@pytest.mark.parametrize(
    "change",
    [
        "ALTER INDEX items_both_idx SET (fillfactor = 70)",
        "DROP INDEX items_both_idx; CREATE INDEX items_both_idx ON items (code)",
        "ALTER TABLE items CLUSTER ON items_both_idx",
    ],
)
def test_undo_refuses_what_was_changed_since_and_does_the_rest(items: Run, change: str) -> None:
    items(BUILD, creation("items", "items_code_idx", "(code)", number=2))
    items.scratch.execute(change)
    second, first = undo(items)
    assert (second.outcome, first.outcome) == ("dropped", "failed")
    assert "left alone" in first.reason
    assert "items_both_idx" in indexes(items.scratch)
    assert not items.journal.runs()[-1].undone


def test_undo_of_a_drop_whose_name_was_taken_since_is_refused(narrow: Run) -> None:
    narrow.scratch.execute("CREATE INDEX items_both_idx ON items (kind, code)")
    narrow(removal("items", "items_kind_idx", "(kind)", because="items_both_idx"))
    narrow.scratch.execute("CREATE INDEX items_kind_idx ON items (code)")
    (done,) = undo(narrow)
    assert "The name items_kind_idx is taken" in done.reason


def test_a_run_whose_end_was_never_written_is_resumed_and_undone_by_what_stands(items: Run) -> None:
    items(BUILD)
    lines = items.journal.path.read_text().splitlines(keepends=True)
    items.journal.path.write_text("".join(lines[:2]) + lines[2][:40])  # killed after the work, torn while writing
    (run,) = items.journal.runs()
    assert run.pending == (BUILD,)
    assert [one.outcome for one in items(*run.pending, record=items.journal)] == ["present"]
    assert [one.outcome for one in items.journal.runs()[0].records] == ["built"]
    assert [one.outcome for one in undo(items)] == ["dropped"]
    assert indexes(items.scratch) == ["items_pkey"]


def test_an_undo_that_was_killed_is_completed_by_the_next(narrow: Run) -> None:
    narrow(BUILD, NARROW)
    last = narrow.journal.runs()[-1]
    rebuild, drop = undoing.steps(last, Dialect("postgresql"))
    with holding(narrow.scratch, *SNAPSHOT) as snapshot, another(narrow.scratch, autocommit=True) as eye:
        with Beside(lambda: narrow(rebuild, record=Undoing(narrow.journal))) as beside:
            pid = until(lambda: phase_of(eye, PHASES[4]), PHASES[4])
            eye.execute("SELECT pg_terminate_backend(%s)", [pid])
            snapshot.close()
    assert [one.outcome for one in beside.result] == ["built"]
    assert [one.outcome for one in undo(narrow)] == ["dropped"]
    assert indexes(narrow.scratch) == ["items_kind_idx", "items_pkey"]
    assert invalid(narrow.scratch) == []
    assert drop.action == "drop"
