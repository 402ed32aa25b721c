"""Plans that lead through a large table in disorder, by the real planner."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from dbaudit.advisor.candidate import Asked, Candidate
from dbaudit.advisor.disorder import DEAR, Disorder
from dbaudit.advisor.propose import advise
from dbaudit.advisor.trials import hypopg
from dbaudit.facts import IndexKey, Parameters

if TYPE_CHECKING:
    from dbaudit.facts import Snapshot
    from tests.scratch import Scratch

pytestmark = pytest.mark.needs("hypopg")

LIMITS = {"statement_timeout_ms": 10_000, "lock_timeout_ms": 1_000}
# Rows are seen to be visible to all only once their commit is on the disk.
TABLE = """
    SET synchronous_commit = on;
    CREATE EXTENSION hypopg;
    CREATE TABLE reading (id integer, place integer NOT NULL, day integer NOT NULL, value integer NOT NULL, note text);
    INSERT INTO reading SELECT i, (i * 7919::bigint) % 1000, i / 100, i % 977, repeat('x', 200)
        FROM generate_series(1, 40000) i;
    SET random_page_cost = 1.1; SET max_parallel_workers_per_gather = 0;
    VACUUM ANALYZE reading;
"""
PLACE = Candidate(table="reading", keys=(IndexKey(column="place"),))
DAY = Candidate(table="reading", keys=(IndexKey(column="day"),))
TENTH = Asked(fingerprint="q", sql="SELECT sum(value) FROM reading WHERE place < %s", samples=(Parameters((100,)),))


@pytest.fixture
def readings(postgres: Scratch) -> Scratch:
    postgres.execute(TABLE)
    return postgres


def cramped(snapshot: Snapshot) -> Snapshot:
    """As on a server whose buffers hold a part of the table."""
    settings = {**dict(snapshot.settings), "shared_buffers": "100", "random_page_cost": "1.1"}
    return replace(snapshot, settings=tuple(sorted(settings.items())))


def risk(readings: Scratch, snapshot: Snapshot, asked: Asked, candidate: Candidate) -> float:
    with hypopg.opened(readings.connection, snapshot, **LIMITS) as planner:
        planned = planner.cost(asked, frozenset({candidate}))
        assert planned.used == {candidate}
        return Disorder(snapshot).of(planned)


def test_silent_where_the_buffers_hold_the_table(readings: Scratch) -> None:
    assert risk(readings, readings.snapshot(), TENTH, PLACE) == 0


def test_silent_where_few_pages_are_met(readings: Scratch) -> None:
    few = replace(TENTH, samples=(Parameters((2,)),))
    assert risk(readings, cramped(readings.snapshot()), few, PLACE) == 0


def test_silent_where_the_rows_lie_in_the_order_of_the_index(readings: Scratch) -> None:
    days = replace(TENTH, sql=TENTH.sql.replace("place", "day"), samples=(Parameters((300,)),))
    assert risk(readings, cramped(readings.snapshot()), days, DAY) == 0


def test_most_pages_of_a_large_table_in_disorder_cost_twice_reading_it_in_turn(readings: Scratch) -> None:
    snapshot = cramped(readings.snapshot())
    table = snapshot.table("reading")
    assert table is not None
    with hypopg.opened(readings.connection, snapshot, **LIMITS) as planner:
        planned = planner.cost(TENTH, frozenset({PLACE}))
        whole = planner.cost(TENTH, frozenset())
        taken = planned.cost + Disorder(snapshot).of(planned)
    assert planned.cost < whole.cost < taken
    assert taken == pytest.approx(DEAR * whole.cost, rel=0.2)


def test_an_index_that_leads_there_is_not_advised_and_one_that_carries_the_column_is(readings: Scratch) -> None:
    snapshot = cramped(readings.snapshot())
    with hypopg.opened(readings.connection, snapshot, **LIMITS) as planner:
        found = advise(planner, snapshot, [TENTH], budget_bytes=10**9)
    assert [one.candidate.describe() for one in found.chosen] == ["(place) INCLUDE (value)"]
