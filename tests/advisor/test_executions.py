"""How often the steps of a plan run: what the planner expects against what the server then counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dbaudit.advisor.executions import executions
from dbaudit.workload.plans import postgresql_plan

if TYPE_CHECKING:
    from dbaudit.facts import Plan
    from tests.scratch import Scratch

pytestmark = pytest.mark.needs("postgresql")

TABLES = """
    CREATE TABLE artist (id integer PRIMARY KEY, name text NOT NULL);
    CREATE TABLE album (id integer PRIMARY KEY, artist_id integer NOT NULL, year integer NOT NULL);
    INSERT INTO artist SELECT i, 'artist ' || i FROM generate_series(1, 2000) i;
    INSERT INTO album SELECT i, i % 2000 + 1, 1950 + i % 70 FROM generate_series(1, 20000) i;
    CREATE INDEX album_artist ON album (artist_id);
    VACUUM ANALYZE;
    SET enable_hashjoin = off; SET enable_mergejoin = off; SET enable_seqscan = off; SET enable_bitmapscan = off;
"""


@pytest.fixture
def records(postgres: Scratch) -> Scratch:
    postgres.execute(TABLES)
    return postgres


def plan(records: Scratch, sql: str) -> Plan:
    ((answer,),) = records.rows(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}")
    return postgresql_plan(answer, "", records.alias, "EXPLAIN", analyzed=True)


def compared(records: Scratch, sql: str, index: str) -> tuple[float, float]:
    """What is expected of the scan of an index, and how often it ran."""
    [(node, times)] = [
        (node, times) for node, times in executions(plan(records, sql), lambda _: 2000.0) if node.index == index
    ]
    return times, node.loops or 0.0


def test_what_stands_alone_runs_once(records: Scratch) -> None:
    assert compared(records, "SELECT * FROM album WHERE artist_id = 7", "album_artist") == (1, 1)


def test_the_inner_side_of_a_nested_loop_runs_once_for_each_row_of_the_outer(records: Scratch) -> None:
    records.execute("SET enable_memoize = off")
    sql = "SELECT name FROM artist JOIN album ON artist_id = artist.id WHERE artist.id BETWEEN 1 AND 50"
    expected, counted = compared(records, sql, "album_artist")
    assert counted == 50
    assert expected == pytest.approx(counted, rel=0.1)


def test_below_a_memoize_it_runs_no_more_often_than_the_looked_up_table_has_rows(records: Scratch) -> None:
    sql = "SELECT name FROM album LEFT JOIN artist ON artist_id = artist.id"
    assert any(node.type == "Memoize" for node in plan(records, sql).nodes)
    assert compared(records, sql, "artist_pkey") == (2000, 2000)


def test_below_a_limit_it_runs_as_far_as_the_limit_lets_it(records: Scratch) -> None:
    records.execute("SET enable_memoize = off")
    expected, counted = compared(
        records, "SELECT name FROM album LEFT JOIN artist ON artist_id = artist.id LIMIT 20", "artist_pkey"
    )
    assert counted == 20
    assert expected == pytest.approx(counted, rel=0.2)


def test_a_subplan_runs_once_for_each_row_that_asks_it(records: Scratch) -> None:
    sql = "SELECT id, (SELECT max(year) FROM album WHERE artist_id = artist.id) FROM artist WHERE id <= 100"
    expected, counted = compared(records, sql, "album_artist")
    assert counted == 100
    assert expected == pytest.approx(counted, rel=0.1)
