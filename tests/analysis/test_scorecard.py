from __future__ import annotations

from dataclasses import replace

from dbaudit.analysis.scorecard import scorecard
from dbaudit.facts import QueryRun, Snapshot, Statement
from dbaudit.facts.dialect import Dialect
from dbaudit.findings import CreateIndex, Gain, IndexPlan, Recommendation, Remedy
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
        INSERT INTO item SELECT generate_series(1, 1000);
        ANALYZE item;
        SET enable_seqscan = off;
        SELECT count((SELECT id FROM item WHERE id = n)) FROM generate_series(1, 1100) n;
        SELECT pg_stat_force_next_flush();
    """)
    snapshot = postgres.snapshot()
    old = replace(snapshot, statistics_since="2020-01-01T00:00:00+00:00")
    hits = scorecard(old, [])[2]
    assert (hits.criterion, hits.state) == ("Index hits", "met")
    assert "1,1" in hits.measured
    assert snapshot.posture is not None
    young = scorecard(replace(snapshot, statistics_since=f"{snapshot.posture.today}T00:00:00+00:00"), [])[2]
    assert young.state == "not measured"
    assert young.why.startswith("Too little traffic to say: 1,1")


def test_a_small_database_and_few_scans_say_nothing_of_index_hits(postgres: Scratch) -> None:
    postgres.execute("""
        CREATE TABLE item (id bigint PRIMARY KEY);
        INSERT INTO item SELECT generate_series(1, 666);
        SELECT count(*) FROM item;
        SELECT pg_stat_force_next_flush();
    """)
    hits = scorecard(replace(postgres.snapshot(), statistics_since="2020-01-01T00:00:00+00:00"), [])[2]
    assert hits.state == "not measured"
    assert hits.why == "Too little traffic to say: 0 scans of tables of 1,000 rows or more."


def test_an_index_that_is_only_projected_is_not_missing_today() -> None:
    build = Recommendation(
        rank=1,
        priority="medium",
        phase=1,
        title="an index",
        remedy=Remedy(action=CreateIndex(table="item", columns=("a",), name="a")),
        findings=(),
        gain=Gain(before=9, after=1, unit="cost", source="planned"),
    )
    plan = IndexPlan(
        built=2,
        dropped=0,
        built_bytes=0,
        freed_bytes=0,
        entries=2,
        statements=1,
        before=9,
        after=1,
        unit="cost",
        source="",
    )
    snapshot = Snapshot(alias="default", vendor="sqlite", server_version="3", dialect=Dialect("sqlite"))
    line = scorecard(snapshot, [], [replace(build, projected=True)], plan)[3]
    assert (line.state, line.measured) == ("met", "none is missing, 1 when tables have grown")
    line = scorecard(snapshot, [], [build, replace(build, projected=True)], plan)[3]
    assert (line.state, line.measured) == ("missed", "1 to build, 1 when tables have grown")
