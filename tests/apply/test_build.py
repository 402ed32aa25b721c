"""One index on PostgreSQL, with nobody in the way."""

from __future__ import annotations

import json

from tests.apply.applying import Run, creation, indexes, invalid


def test_an_index_is_built_and_valid(items: Run) -> None:
    (done,) = items(creation("items", "items_kind_idx", "(kind)"))
    assert (done.outcome, done.index, done.retries) == ("built", "items_kind_idx", 0)
    assert indexes(items.scratch) == ["items_kind_idx", "items_pkey"]
    assert invalid(items.scratch) == []


def test_a_second_run_finds_it_there(items: Run) -> None:
    step = creation("items", "items_kind_idx", "(kind)")
    assert items.outcomes(step) == ["built"]
    assert items.outcomes(step) == ["present"]


def test_the_journal_tells_of_each_step_before_and_after_it(items: Run) -> None:
    items(creation("items", "items_kind_idx", "(kind)"))
    lines = [json.loads(line) for line in items.journal.path.read_text().splitlines()]
    assert [line["event"] for line in lines] == ["run started", "step started", "step ended", "run finished"]
    (run,) = items.journal.runs()
    assert run.finished
    assert [record.outcome for record in run.records] == ["built"]
    assert "USING btree (kind)" in run.records[0].definition
