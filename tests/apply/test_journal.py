"""The journal: on disk before and after each step, readable after any end."""

from __future__ import annotations

from pathlib import Path

import pytest

from dbaudit.apply.journal import Journal
from dbaudit.apply.steps import Done, Plan
from dbaudit.errors import AuditError
from dbaudit.findings import Gain
from tests.apply.applying import creation, removal

BUILD = creation(
    "items", "items_kind_idx", "(kind)", evidence=("rows: 5",), gain=Gain(before=2, after=1, unit="ms", source="x")
)
DROP = removal("items", "old", "(kind)", number=2, because="items_kind_idx", after=1)


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    """A journal with a run of two steps, the first of which is done."""
    made = Journal(tmp_path / "journal.jsonl", run="first")
    made.started(Plan(alias="default", vendor="postgresql", steps=(BUILD, DROP)), "shop")
    made.begin(BUILD, before=False)
    made.end(Done(step=BUILD, outcome="built", index="items_kind_idx", definition="CREATE INDEX …"))
    return made


def test_a_journal_that_does_not_exist_has_no_runs(tmp_path: Path) -> None:
    assert Journal(tmp_path / "none").runs() == ()


def test_steps_come_back_as_they_were(journal: Journal) -> None:
    (run,) = journal.runs()
    assert [one.step for one in run.records] == [BUILD, DROP]
    assert run.pending == (DROP,)
    assert not run.finished


@pytest.mark.parametrize("cut", [1, 20, 60])
def test_a_torn_last_line_is_one_that_was_not_written(journal: Journal, cut: int) -> None:
    journal.begin(DROP, before=True)
    whole = journal.path.read_bytes()
    journal.path.write_bytes(whole[:-cut])
    (run,) = journal.runs()
    assert run.records[1].begun == (1 if cut == 1 else 0)
    journal.begin(DROP, before=True)
    journal.end(Done(step=DROP, outcome="dropped"))
    journal.finished()
    (run,) = journal.runs()
    assert (run.finished, run.pending) == (True, ())


def test_what_was_done_when_the_run_was_killed_counts_as_done_by_it(journal: Journal) -> None:
    journal.begin(DROP, before=True)
    journal.resumed()
    journal.begin(DROP, before=False)
    journal.end(Done(step=DROP, outcome="absent"))
    assert journal.runs()[0].records[1].outcome == "dropped"


def test_what_stood_before_the_run_does_not(journal: Journal) -> None:
    second = Journal(journal.path, run="second")
    second.started(Plan(alias="default", vendor="postgresql", steps=(BUILD,)), "shop")
    second.begin(BUILD, before=True)
    second.end(Done(step=BUILD, outcome="present", index="items_kind_idx"))
    assert [run.records[0].outcome for run in journal.runs()] == ["built", "present"]


def test_a_failed_step_is_pending(journal: Journal) -> None:
    journal.begin(DROP, before=True)
    journal.end(Done(step=DROP, outcome="failed", reason="no"))
    assert journal.runs()[0].pending == (DROP,)


@pytest.mark.parametrize("text", ["import os\n", '{"a": 1}\n', "[1, 2]\n"])
def test_a_file_that_is_no_journal_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "journal.jsonl"
    path.write_text(text)
    with pytest.raises(AuditError, match="is not a journal"):
        Journal(path).runs()


def test_a_place_that_cannot_be_written_is_told_before_anything_is_done(tmp_path: Path) -> None:
    with pytest.raises(AuditError, match="Cannot write the journal"):
        Journal(tmp_path / "missing" / "journal.jsonl").writable()
