"""Trials on SQLite: what is counted, that it is always the same, and that the user's file stays as it is."""

from __future__ import annotations

import hashlib
import sqlite3
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.apps.registry import Apps
from django.db import transaction

from dbaudit.advisor.candidate import Asked, Candidate, UnplannableError
from dbaudit.advisor.growth import Growth
from dbaudit.advisor.trials import sqlite as trials
from dbaudit.advisor.trials.sqlite import NotCopiedError, SqlitePlanner, copied, grow
from dbaudit.facts import IndexKey, Parameters

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.scratch import Scratch

ITEMS = """
    CREATE TABLE item (id integer PRIMARY KEY, place_id integer NOT NULL, state text NOT NULL, day date NOT NULL);
    CREATE INDEX item_place ON item (place_id);
"""
FILL = """
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows})
    INSERT INTO item SELECT i, i % 10, 'state ' || (i % 7), date('2026-01-01', (i % 5) || ' days') FROM n
"""
BOTH = Candidate(table="item", keys=(IndexKey(column="place_id"), IndexKey(column="state")))
STATE = Candidate(table="item", keys=(IndexKey(column="state"),))
NONE: frozenset[Candidate] = frozenset()


def asked(sql: str, *samples: tuple[object, ...]) -> Asked:
    return Asked(fingerprint=sql, sql=sql, samples=tuple(map(Parameters, samples)))


LOOKUP = asked('SELECT * FROM "item" WHERE "place_id" = %s AND "state" = %s', (3, "state 2"))


@contextmanager
def planner(database: Scratch) -> Iterator[SqlitePlanner]:
    with copied(database.connection) as copy:
        yield SqlitePlanner(copy, database.snapshot(Apps([])))


@pytest.fixture
def items(sqlite: Scratch) -> Scratch:
    """A table of 2,000 rows with an index on the place alone."""
    sqlite.execute(ITEMS)
    sqlite.execute(FILL.format(rows=2_000))
    return sqlite


def test_a_candidate_that_no_plan_uses_changes_no_cost(items: Scratch) -> None:
    with planner(items) as trial:
        before = trial.cost(LOOKUP, NONE)
        day = Candidate(table="item", keys=(IndexKey(column="day"),))
        assert trial.cost(LOOKUP, frozenset([day])) == before
        assert not before.used


def test_a_candidate_of_another_table_is_not_even_built(items: Scratch) -> None:
    items.execute("CREATE TABLE other (a integer)")
    with planner(items) as trial:
        elsewhere = Candidate(table="other", keys=(IndexKey(column="a"),))
        assert not trial.cost(LOOKUP, frozenset([elsewhere])).used


def test_what_sqlite_cannot_build_is_never_used(items: Scratch) -> None:
    with planner(items) as trial:
        for odd in (
            Candidate(table="item", keys=(IndexKey(column="state", opclass="text_pattern_ops"),)),
            Candidate(table="item", keys=(IndexKey(column="state"),), include=("day",)),
            Candidate(table="item", keys=(IndexKey(column="state"),), method="gin"),
            Candidate(table="item", keys=(IndexKey(column="gone"),)),
        ):
            assert not trial.cost(LOOKUP, frozenset([odd])).used
            with pytest.raises(UnplannableError, match="no index like that"):
                trial.size(odd)


def test_the_index_that_fits_is_used_and_takes_fewer_steps(items: Scratch) -> None:
    with planner(items) as trial:
        before = trial.cost(LOOKUP, NONE)
        after = trial.cost(LOOKUP, frozenset([BOTH, STATE]))
        assert after.used == {BOTH}
        assert after.cost < before.cost / 3
        assert {node.index for plan in after.plans for node in plan.nodes} == {BOTH.name}


def test_the_count_is_the_same_in_another_copy_and_after_other_trials(items: Scratch) -> None:
    with planner(items) as trial:
        first = trial.cost(LOOKUP, frozenset([BOTH]))
    with planner(items) as trial:
        trial.cost(LOOKUP, frozenset([STATE]))
        trial.cost(LOOKUP, NONE)
        assert trial.cost(LOOKUP, frozenset([BOTH, STATE])) == first


def test_every_sample_is_counted(items: Scratch) -> None:
    sql = 'SELECT * FROM "item" WHERE "place_id" = %s AND "state" = %s'
    with planner(items) as trial:
        one, other = (trial.cost(asked(sql + " " * n, (3, f"state {n}")), NONE).cost for n in (1, 2))
        assert trial.cost(asked(sql, (3, "state 1"), (3, "state 2")), NONE).cost == one + other


def test_partial_and_expression_indexes_and_directions_are_tried_too(items: Scratch) -> None:
    partial = Candidate(table="item", keys=(IndexKey(column="day"),), condition="\"state\" = 'state 1'")
    upper = Candidate(table="item", keys=(IndexKey(expression='upper("state")'),))
    down = Candidate(table="item", keys=(IndexKey(column="day", descending=True), IndexKey(column="state")))
    with planner(items) as trial:
        page = asked('SELECT * FROM "item" WHERE "state" = \'state 1\' ORDER BY "day" LIMIT 5')
        assert trial.cost(page, frozenset([partial])).used == {partial}
        search = asked('SELECT * FROM "item" WHERE upper("state") = %s', ("STATE 1",))
        assert trial.cost(search, frozenset([upper])).used == {upper}
        mixed = asked('SELECT * FROM "item" ORDER BY "day" DESC, "state" LIMIT 5')
        assert trial.cost(mixed, frozenset([down])).used == {down}


def test_a_statement_that_writes_is_counted_and_taken_back(items: Scratch) -> None:
    with planner(items) as trial:
        update = asked('UPDATE "item" SET "day" = NULL || "day" WHERE "state" = %s AND 0', ("state 1",))
        delete = asked('DELETE FROM "item" WHERE "state" = %s', ("state 1",))
        trial.cost(update, NONE)
        assert trial.cost(delete, NONE) == trial.cost(delete, NONE)
        count = asked('SELECT * FROM "item"')
        assert trial.cost(count, NONE).cost > 2_000


def test_the_size_is_that_of_the_pages(items: Scratch) -> None:
    with planner(items) as trial:
        assert trial.size(BOTH) > trial.size(STATE) > 2_000
        assert trial.size(BOTH) % 512 == 0


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ('SELECT * FROM "gone"', "SQLite refuses it: No such table: gone."),
        ("SELECT FROM WHERE", "SQLite refuses it: The database refused the statement"),
        ('SELECT * FROM "item" WHERE "place_id" = %s', "SQLite refuses it: "),
    ],
)
def test_a_statement_that_cannot_be_planned_says_why(items: Scratch, sql: str, reason: str) -> None:
    with planner(items) as trial, pytest.raises(UnplannableError, match=reason):
        trial.cost(asked(sql), NONE)


def test_the_rest_is_planned_after_one_that_cannot_be(items: Scratch) -> None:
    with planner(items) as trial:
        with pytest.raises(UnplannableError):
            trial.cost(asked('SELECT * FROM "gone"'), NONE)
        assert trial.cost(LOOKUP, NONE).cost > 0


def test_a_statement_that_never_ends_is_cut(items: Scratch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trials, "MAX_STEPS", 10_000)
    with planner(items) as trial:
        assert trial.cost(asked('SELECT count(*) FROM "item" a, "item" b'), NONE).cost == 10_000


def test_a_file_above_the_limit_is_not_copied(items: Scratch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trials, "COPIED_UP_TO_BYTES", 8_192)
    with pytest.raises(NotCopiedError, match="trials are made on a copy in memory"), planner(items):
        pass


def test_a_writer_that_does_not_let_go_is_told(items: Scratch) -> None:
    writer = sqlite3.connect(items.connection.settings_dict["NAME"], isolation_level=None)
    items.connection.connection.execute("PRAGMA busy_timeout = 0")
    writer.execute("BEGIN EXCLUSIVE")
    try:
        with pytest.raises(NotCopiedError, match="another process may hold it locked"):
            trials._image(items.connection.connection)
    finally:
        writer.close()


@pytest.mark.parametrize("journal", ["delete", "wal"])
def test_the_file_and_its_folder_stay_as_they_are(items: Scratch, journal: str) -> None:
    items.execute(f"PRAGMA journal_mode = {journal}")
    items.snapshot(Apps([]))  # reading alone opens a write-ahead log
    path = Path(items.connection.settings_dict["NAME"])

    def state() -> dict[str, str]:
        return {
            one.name: hashlib.sha256(one.read_bytes()).hexdigest() for one in path.parent.iterdir() if one.is_file()
        }

    before = state()
    with planner(items) as trial:
        trial.cost(LOOKUP, frozenset([BOTH]))
        during = state()
    after = state()
    assert before == during == after


def test_a_trial_inside_of_a_transaction_leaves_it_alone(items: Scratch) -> None:
    with transaction.atomic(using=items.alias):
        items.execute("INSERT INTO item VALUES (5000, 3, 'state 2', '2026-01-01')")
        with planner(items) as trial:
            trial.cost(LOOKUP, frozenset([BOTH]))
        transaction.set_rollback(True, using=items.alias)
    with items.connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM item")
        assert cursor.fetchone() == (2_000,)


def test_a_grown_copy_has_the_rows_and_keeps_those_that_there_were(sqlite: Scratch) -> None:
    sqlite.execute("""
        CREATE TABLE place (id integer PRIMARY KEY, name varchar(50) NOT NULL UNIQUE, kind text NOT NULL);
        CREATE TABLE shelf (id integer PRIMARY KEY, place_id integer NOT NULL REFERENCES place (id),
            owner_id integer REFERENCES place (id), day date, at datetime, UNIQUE (place_id, owner_id));
        INSERT INTO place VALUES (1, 'here', 'a'), (2, 'there', 'a'), (3, 'nowhere', 'b');
        INSERT INTO shelf VALUES (1, 1, 2, '2026-05-05', '2026-05-05 10:00:00'), (2, 2, NULL, '2026-05-06', NULL);
    """)
    snapshot = sqlite.snapshot(Apps([]))
    tables = tuple(snapshot.stored_tables())
    with copied(sqlite.connection) as copy:
        counts = grow(copy, snapshot, tables, Growth(factor=5, span=10))
        raw = copy.connection
        assert counts == {"place": 75, "shelf": 50}
        assert raw.execute("SELECT name, kind FROM place WHERE id <= 3 ORDER BY id").fetchall() == [
            ("here", "a"),
            ("there", "a"),
            ("nowhere", "b"),
        ]
        assert raw.execute("SELECT count(DISTINCT kind), count(DISTINCT name) FROM place").fetchone() == (2, 75)
        # Five times as many places have shelves, each five times as many, and every place that is named is there.
        assert raw.execute("SELECT count(*) FROM shelf WHERE place_id = 1").fetchone() == (5,)
        assert raw.execute("SELECT count(DISTINCT place_id), count(DISTINCT owner_id) FROM shelf").fetchone() == (10, 5)
        assert raw.execute("SELECT count(*) FROM shelf WHERE place_id NOT IN (SELECT id FROM place)").fetchone() == (0,)
        assert raw.execute("SELECT min(day), max(day), max(at) FROM shelf").fetchone() == (
            "2026-04-07",
            "2026-05-06",
            "2026-05-05 10:00:00",
        )


def test_a_unique_index_over_what_is_alike_in_copies_is_grown_as_a_plain_one(sqlite: Scratch) -> None:
    """``ratio`` has a type of which no copy gets other values."""
    sqlite.execute("""
        CREATE TABLE rate (id integer PRIMARY KEY, kind real NOT NULL, ratio real NOT NULL);
        CREATE UNIQUE INDEX rate_kind_ratio ON rate (kind, ratio);
        INSERT INTO rate VALUES (1, 1.5, 2.5), (2, 1.5, 3.5);
    """)
    snapshot = sqlite.snapshot(Apps([]))
    with copied(sqlite.connection) as copy:
        assert grow(copy, snapshot, tuple(snapshot.stored_tables()), Growth(factor=5, span=10)) == {"rate": 50}
        assert copy.connection.execute("SELECT name FROM sqlite_master WHERE type = 'index'").fetchall() == [
            ("rate_kind_ratio",)
        ]


def test_a_like_with_a_beginning_is_served_in_its_collation_and_in_no_other(items: Scratch) -> None:
    begins = asked('SELECT * FROM "item" WHERE "state" LIKE %s ESCAPE \'\\\'', ("state 2%",))
    alike = Candidate(table="item", keys=(IndexKey(column="state", collation="NOCASE"),))
    with planner(items) as trial:
        assert not trial.cost(begins, frozenset([STATE])).used
        found = trial.cost(begins, frozenset([alike]))
        assert found.used == {alike}
        assert found.cost < trial.cost(begins, NONE).cost / 2
