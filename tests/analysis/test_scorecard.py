from __future__ import annotations

from dataclasses import replace

from dbaudit.analysis.scorecard import scorecard
from dbaudit.facts import QueryRun, Statement
from tests.scratch import Scratch


def statement(milliseconds: float) -> Statement:
    return Statement(sql="", template="", fingerprint="", alias="default", kind="select", duration_ms=milliseconds)


def run(*milliseconds: float) -> QueryRun:
    statements = tuple(map(statement, milliseconds))
    return QueryRun(id="a", label="a", origin="canned", alias="default", status="good", statements=statements)


def test_what_was_not_measured_is_never_met(sqlite: Scratch) -> None:
    sqlite.execute("CREATE TABLE item (id integer PRIMARY KEY)")
    lines = {line.criterion: line for line in scorecard(sqlite.snapshot(), [])}
    for criterion in ("Average query time", "Slow queries", "Index hits"):
        assert lines[criterion].state == "not measured"
        assert lines[criterion].why
    assert lines["Schema errors"].state == "met"


def test_queries_are_judged_by_the_time_of_their_statements(sqlite: Scratch) -> None:
    sqlite.execute("CREATE TABLE item (id integer PRIMARY KEY)")
    fast = replace(sqlite.snapshot(), runs=(run(1, 2), run(3)))
    average, slow = scorecard(fast, [])[:2]
    assert (average.state, average.measured) == ("met", "2.00 ms over 3 statements")
    assert (slow.state, slow.measured) == ("met", "0 of 3 (0.0 %)")
    one_slow = replace(fast, runs=(run(1, 200),))
    average, slow = scorecard(one_slow, [])[:2]
    assert (average.state, slow.state) == ("missed", "missed")


def test_index_hits_are_counted_from_the_server_s_own_statistics(postgres: Scratch) -> None:
    postgres.execute("""
        CREATE TABLE item (id bigint PRIMARY KEY);
        INSERT INTO item SELECT generate_series(1, 100);
        SET enable_seqscan = off;
    """)
    for _ in range(20):
        postgres.rows("SELECT id FROM item WHERE id = 7")
    postgres.execute("SELECT pg_stat_force_next_flush()")
    hits = scorecard(postgres.snapshot(), [])[2]
    assert (hits.criterion, hits.state) == ("Index hits", "met")
