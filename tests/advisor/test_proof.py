"""Costs are not believed where the copy can execute: an index that reads no fewer pages and rows is not advised."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from dbaudit.advisor.candidate import Candidate
from dbaudit.advisor.closure import closed
from dbaudit.advisor.prune import NO_GAIN
from dbaudit.advisor.trials import postgresql
from dbaudit.facts import IndexKey
from tests.advisor.shop import asked

if TYPE_CHECKING:
    from dbaudit.advisor.candidate import Asked
    from dbaudit.advisor.values import Advice
    from tests.scratch import Scratch

pytestmark = pytest.mark.needs("pg_trgm")

PEOPLE = 20_000
TABLES = f"""
    CREATE EXTENSION pg_trgm;
    CREATE TABLE person (id integer PRIMARY KEY, email varchar(80) NOT NULL, name text NOT NULL);
    INSERT INTO person SELECT i, 'user' || i || '@' || (ARRAY['example.com', 'mail.example.org', 'example.net',
        'firm' || i % 500 || '.de'])[1 + i % 4], md5(i::text) FROM generate_series(1, {PEOPLE}) i;
    CREATE TABLE reading (id integer PRIMARY KEY, device_id integer NOT NULL, at timestamp NOT NULL,
        note text NOT NULL);
    INSERT INTO reading SELECT i, i * 7919 % 500, timestamp '2026-01-01' + i * interval '1 min', repeat('x', 200)
        FROM generate_series(1, {PEOPLE}) i;
    VACUUM ANALYZE;
"""
COMMON = asked("SELECT * FROM person WHERE email::text LIKE %s", ("%@example.com",))
RARE = asked("SELECT * FROM person WHERE email::text LIKE %s", ("%@firm77.de",))
EXACT = asked("SELECT * FROM person WHERE email = %s", ("user77@firm77.de",))
LAST = asked("SELECT DISTINCT ON (device_id) * FROM reading ORDER BY device_id, at DESC")


@pytest.fixture
def people(postgres: Scratch) -> Scratch:
    postgres.execute(TABLES)
    return postgres


def advice(people: Scratch, *questions: Asked, **limits: Any) -> Advice:
    snapshot = people.snapshot()
    timeouts = {"statement_timeout_ms": 30_000, "lock_timeout_ms": 1_000}
    with postgresql.opened(people.connection, snapshot, **timeouts) as trial:
        return closed(trial.planner, snapshot, questions, budget_bytes=10**9, seconds=30, quick=False)


def keys(found: Advice) -> set[tuple[str, str]]:
    return {(one.candidate.method, str(one.candidate.keys[0])) for one in found.chosen}


def test_an_inverted_index_that_finds_few_rows_is_advised(people: Scratch) -> None:
    assert keys(advice(people, RARE)) == {("gin", "email gin_trgm_ops")}


def test_one_that_finds_a_quarter_of_them_and_looks_at_the_rest_again_is_refused(people: Scratch) -> None:
    assert advice(people, COMMON).chosen == ()


def test_it_takes_the_place_of_no_index_that_finds_a_value(people: Scratch) -> None:
    assert ("btree", "email") in keys(advice(people, RARE, EXACT))


def test_a_walk_through_the_whole_table_in_another_order_is_refused(people: Scratch) -> None:
    found = advice(people, LAST)
    assert found.chosen == ()
    assert NO_GAIN in {one.reason for one in found.rejected}


def test_a_statement_of_two_samples_is_not_executed_and_refutes_nothing(people: Scratch) -> None:
    people.execute("INSERT INTO reading SELECT i, 1, now(), 'x' FROM generate_series(100001, 160000) i")
    people.execute("INSERT INTO person SELECT i, 'x', 'y' FROM generate_series(100001, 160000) i; ANALYZE")
    both = asked("SELECT p.* FROM person p JOIN reading r ON r.id = p.id WHERE p.email = %s", ("user7",))
    candidate = Candidate(table="person", keys=(IndexKey(column="email"),))
    snapshot = people.snapshot()
    with postgresql.opened(people.connection, snapshot, statement_timeout_ms=30_000, lock_timeout_ms=1_000) as trial:
        assert trial.planner.executed(both, frozenset({candidate})) is None
        found = trial.planner.executed(EXACT, frozenset({candidate}))
        plain = trial.planner.executed(EXACT, frozenset())
    assert found is not None
    assert plain is not None
    assert found.used == {candidate}
    assert found.work < plain.work / 10
