"""Sizes of indexes on columns that go together, and on expressions, are within 30 % of those that are built."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from dbaudit.advisor.candidate import Candidate
from dbaudit.advisor.trials import postgresql
from dbaudit.advisor.trials.definition import create_index
from dbaudit.facts import IndexKey

if TYPE_CHECKING:
    from tests.scratch import Scratch

pytestmark = pytest.mark.needs("postgresql")

PEOPLE = """
    CREATE TABLE person (id integer PRIMARY KEY, email varchar(80) NOT NULL, city integer NOT NULL,
        zip integer NOT NULL, street text, active boolean NOT NULL);
    INSERT INTO person SELECT i, 'User' || i || '@example.org', i % 900, i % 900 * 10 + i % 3,
        CASE WHEN i % 4 > 0 THEN md5((i % 900)::text) END, i % 10 > 0 FROM generate_series(1, 60000) i;
    VACUUM ANALYZE;
"""


def on(*columns: str, **more: Any) -> Candidate:
    keys = tuple(IndexKey(column=one) if one.isidentifier() else IndexKey(expression=one) for one in columns)
    return Candidate(table="person", keys=keys, **more)


@pytest.mark.parametrize(
    "candidates",
    [
        (
            on("city", "zip"),
            on("city", "zip", "id"),
            on("zip", "city", "street"),
            on("LOWER(LEFT(email, 5))"),
            on("UPPER(email)"),
            on("city", "LOWER(street)"),
            on("city", "zip", condition="active"),
        )
    ],
)
def test_sizes_are_those_of_built_ones(postgres: Scratch, candidates: tuple[Candidate, ...]) -> None:
    postgres.execute(PEOPLE)
    snapshot = postgres.snapshot()
    with postgresql.opened(postgres.connection, snapshot, statement_timeout_ms=30_000, lock_timeout_ms=1_000) as trial:
        told = {one: trial.planner.size(one) for one in candidates}
    for one in candidates:
        postgres.execute(create_index(one, snapshot.dialect, name=one.name))
    built = {one: postgres.rows("SELECT pg_relation_size(%s::regclass)", [f'"{one.name}"'])[0][0] for one in candidates}
    wrong = {one.describe(): (told[one], built[one]) for one in candidates if not 0.7 <= told[one] / built[one] <= 1.3}
    assert not wrong
