"""Steps on an SQLite file: together or not at all."""

from __future__ import annotations

import hashlib
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from dbaudit.apply import undoing
from dbaudit.apply.journal import Journal
from dbaudit.apply.recording import Undoing
from dbaudit.facts.dialect import Dialect
from tests.apply.applying import Beside, Run, creation, removal, runner, until
from tests.scratch import Scratch

STEP = creation("items", "items_kind_idx", "USING btree (kind)")
DIALECT = Dialect("sqlite")


@pytest.fixture
def items(sqlite: Scratch, tmp_path: Path) -> Run:
    """Runs on a file with the table ``items`` of 2,000 rows."""
    sqlite.connection.inc_thread_sharing()
    sqlite.execute("CREATE TABLE items (id integer PRIMARY KEY, kind int, code text, active bool NOT NULL)")
    sqlite.execute("""
        WITH RECURSIVE numbers(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers LIMIT 2000)
        INSERT INTO items SELECT n, n % 7, 'c' || n, n % 2 FROM numbers
    """)
    return runner(sqlite, tmp_path)


def file(run: Run) -> Path:
    return Path(run.scratch.connection.settings_dict["NAME"])


def digest(run: Run) -> str:
    return hashlib.sha256(file(run).read_bytes()).hexdigest()


def indexes(run: Run) -> list[str]:
    return [name for (name,) in run.scratch.rows("SELECT name FROM sqlite_master WHERE type = 'index' ORDER BY 1")]


def test_indexes_are_built_and_found_again(items: Run) -> None:
    other = creation("items", "items_both_idx", "(kind, code DESC) WHERE active", number=2)
    assert items.outcomes(STEP, other) == ["built", "built"]
    assert items.outcomes(STEP, other) == ["present", "present"]
    assert indexes(items) == ["items_both_idx", "items_kind_idx"]


@pytest.mark.parametrize("standing", ["(kind)", '("kind" ASC)', "([kind])"])
def test_the_same_definition_under_another_name_is_not_built_again(items: Run, standing: str) -> None:
    items.scratch.execute(f"CREATE INDEX theirs ON items {standing}")
    (done,) = items(STEP)
    assert (done.outcome, done.index) == ("adopted", "theirs")
    assert indexes(items) == ["theirs"]


def test_where_one_step_fails_the_file_is_as_it_was(items: Run) -> None:
    before = digest(items)
    first, second = items(STEP, creation("items", "items_colour_idx", "(colour)", number=2))
    assert "stand or fall together. The file is as it was." in first.reason
    assert "No such column: colour. The file is as it was." in second.reason
    assert digest(items) == before
    assert items.journal.runs()[0].pending


def test_duplicates_keep_a_unique_index_from_being_built(items: Run) -> None:
    before = digest(items)
    (done,) = items(creation("items", "items_kind_uniq", "(kind)", unique=True))
    assert "Rows with equal keys exist" in done.reason
    assert digest(items) == before


def test_a_taken_name_is_told(items: Run) -> None:
    items.scratch.execute("CREATE INDEX items_kind_idx ON items (code)")
    (done,) = items(STEP)
    assert "The name items_kind_idx is taken" in done.reason
    assert indexes(items) == ["items_kind_idx"]


def test_a_busy_writer_is_waited_for(items: Run) -> None:
    with closing(sqlite3.connect(file(items), isolation_level=None, check_same_thread=False)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        with Beside(lambda: items.outcomes(STEP)) as beside:
            until(lambda: items.said, "a word of waiting")
            writer.execute("COMMIT")
    assert beside.result == ["built"]


def test_a_reader_is_waited_for_at_the_end(items: Run) -> None:
    with closing(sqlite3.connect(file(items), isolation_level=None, check_same_thread=False)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM items").fetchall()
        with Beside(lambda: items.outcomes(STEP)) as beside:
            until(lambda: items.said, "a word of waiting")
            reader.execute("COMMIT")
    assert beside.result == ["built"]


def test_a_writer_that_stays_busy_is_told_and_the_file_is_as_it_was(items: Run) -> None:
    before = digest(items)
    with closing(sqlite3.connect(file(items), isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        (done,) = items(STEP, max_wait=0.1)
        writer.execute("ROLLBACK")
    assert "Another connection kept the file locked" in done.reason
    assert digest(items) == before
    assert items.outcomes(STEP) == ["built"]


def test_a_full_disk_leaves_the_file_as_it_was(items: Run) -> None:
    before = digest(items)
    (pages,) = items.scratch.rows("PRAGMA page_count")[0]
    items.scratch.execute(f"PRAGMA max_page_count = {pages}")
    (done,) = items(STEP)
    assert "The disk is full." in done.reason
    assert digest(items) == before


def test_undo_takes_back_what_the_run_did_and_refuses_what_changed(items: Run) -> None:
    items.scratch.execute("CREATE INDEX narrow ON items (kind)")
    spelled = "SELECT replace(sql, '\"', '') FROM sqlite_master ORDER BY name"
    before = items.scratch.rows(spelled)
    wide = creation("items", "wide", "USING btree (kind, code)")
    drop = removal("items", "narrow", "(kind)", number=2, because="wide")
    assert items.outcomes(wide, drop) == ["built", "dropped"]
    (run,) = items.journal.runs()
    steps = undoing.steps(run, DIALECT)
    assert [one.outcome for one in items(*steps, record=Undoing(items.journal))] == ["built", "dropped"]
    assert items.scratch.rows(spelled) == before
    items.journal = Journal(items.journal.path, run="second")
    items(wide)
    items.scratch.execute("DROP INDEX wide; CREATE INDEX wide ON items (code)")
    (turned,) = undoing.steps(items.journal.runs()[-1], DIALECT)
    (done,) = items(turned, record=Undoing(items.journal))
    assert "wide has changed since" in done.reason
