"""Grown copies on PostgreSQL: what they hold, and that nothing is left of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.apps.registry import Apps

from dbaudit.advisor import growth
from dbaudit.advisor.candidate import Asked, Candidate, UnplannableError
from dbaudit.advisor.growth import Growth
from dbaudit.advisor.trials import hypopg
from dbaudit.advisor.trials.grown import grown
from dbaudit.facts import IndexKey, Parameters
from tests.scratch import connected

if TYPE_CHECKING:
    from tests.scratch import Scratch

TABLES = """
    CREATE TABLE place (id integer PRIMARY KEY, code varchar(6) NOT NULL UNIQUE, kind text NOT NULL, ref uuid NOT NULL);
    CREATE TABLE shelf (id bigint PRIMARY KEY, place_id integer NOT NULL REFERENCES place (id),
        owner_id integer REFERENCES place (id), day date, at timestamptz, state varchar(20) NOT NULL,
        area integer GENERATED ALWAYS AS (place_id * 2) STORED, UNIQUE (place_id, owner_id));
    CREATE INDEX shelf_place ON shelf (place_id);
    CREATE INDEX shelf_state ON shelf (upper(state)) WHERE day IS NOT NULL;
    INSERT INTO place SELECT n, 'code' || n, CASE n WHEN 1 THEN 'a' ELSE 'b' END, md5(n::text)::uuid
        FROM generate_series(1, 3) n;
    INSERT INTO shelf VALUES (1, 1, 2, '2026-05-05', '2026-05-05 10:00', 'open'),
        (2, 2, NULL, '2026-05-06', NULL, 'shut');
    ANALYZE;
"""
FIVE = Growth(factor=5, span=1_000)


def rows(database: Scratch, sql: str) -> list[tuple[object, ...]]:
    with database.connection.cursor() as cursor:
        cursor.execute(sql)
        return list(cursor.fetchall())


@pytest.mark.parametrize(("count", "wanted"), [(0, None), (1, 31), (276, 23), (10_000, 5), (10_001, None)])
def test_the_more_rows_there_are_the_less_they_grow(count: int, wanted: int | None) -> None:
    assert growth.factor(count) == wanted


@pytest.mark.parametrize("factor", growth.FACTORS)
def test_any_two_columns_vary_independently(factor: int) -> None:
    def shift(copy: int, direction: int) -> int:
        return (copy // factor + direction * (copy % factor)) % factor

    for first, second in [(0, 1), (1, 2), (0, factor - 1)]:
        pairs = {(shift(copy, first), shift(copy, second)) for copy in range(factor**2)}
        assert len(pairs) == factor**2


def test_a_grown_table_stands_in_front_of_the_real_one_and_goes_with_the_block(postgres: Scratch) -> None:
    postgres.execute(TABLES)
    snapshot = postgres.snapshot(Apps([]))
    before = rows(postgres, "SELECT count(*) FROM pg_class")
    with grown(
        postgres.connection, snapshot, tuple(snapshot.stored_tables()), FIVE, statement_timeout_ms=30_000
    ) as counts:
        assert counts == {("", "place"): 75, ("", "shelf"): 50}
        assert rows(postgres, "SELECT count(*), count(DISTINCT code), count(DISTINCT kind), max(id) FROM place") == [
            (75, 75, 2, 24_003)
        ]
        assert rows(postgres, "SELECT count(DISTINCT place_id), count(DISTINCT owner_id), count(*) FROM shelf") == [
            (10, 5, 50)
        ]
        assert rows(postgres, "SELECT count(*) FROM shelf WHERE place_id NOT IN (SELECT id FROM place)") == [(0,)]
        assert rows(postgres, "SELECT code, kind FROM place WHERE id = 1") == [("code1", "a")]
        assert len(rows(postgres, "SELECT FROM pg_indexes WHERE schemaname LIKE 'pg_temp%'")) == 6
    assert rows(postgres, "SELECT count(*) FROM shelf") == [(2,)]
    assert rows(postgres, "SELECT count(*) FROM pg_class") == before


@pytest.mark.needs("hypopg")
def test_the_planner_meets_the_grown_rows(postgres: Scratch) -> None:
    postgres.execute(TABLES)
    postgres.execute("CREATE EXTENSION hypopg")
    snapshot = postgres.snapshot(Apps([]))
    factor = Growth(factor=31, span=1_000)
    asked = Asked(
        fingerprint="x",
        sql='SELECT * FROM "shelf" WHERE "day" = %s AND "state" = %s',
        samples=(Parameters(("2026-05-06", "shut")),),
    )
    both = frozenset({Candidate(table="shelf", keys=(IndexKey(column="day"), IndexKey(column="state")))})
    timeouts = {"statement_timeout_ms": 30_000, "lock_timeout_ms": 2_000}
    tables = tuple(snapshot.stored_tables())
    with (
        grown(postgres.connection, snapshot, tables, factor, statement_timeout_ms=30_000) as counts,
        hypopg.opened(postgres.connection, growth.grown(snapshot, factor, counts), **timeouts) as planner,
    ):
        before, after = planner.cost(asked, frozenset()), planner.cost(asked, both)
    assert after.used == both
    assert after.cost < before.cost
    assert rows(postgres, "SELECT count(*) FROM hypopg_list_indexes") == [(0,)]


def test_rows_grouped_by_their_key_alone_are_planned_on_grown_tables(postgres: Scratch) -> None:
    postgres.execute(TABLES)
    snapshot = postgres.snapshot(Apps([]))
    tables = tuple(snapshot.stored_tables())
    with grown(postgres.connection, snapshot, tables, FIVE, statement_timeout_ms=30_000):
        groups = rows(
            postgres,
            "SELECT place.id, place.code, count(*) FROM place JOIN shelf ON place_id = place.id GROUP BY place.id",
        )
    assert groups


def test_a_role_that_may_make_no_temporary_tables_is_told(postgres: Scratch) -> None:
    postgres.execute(TABLES)
    role = postgres.role("reader")
    postgres.execute(
        "GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader; REVOKE TEMPORARY ON DATABASE scratch FROM PUBLIC"
    )
    snapshot = postgres.snapshot(Apps([]))
    with connected("reader", role) as connection:
        tables = tuple(snapshot.stored_tables())
        told = pytest.raises(UnplannableError, match=r"the server refuses temporary tables \(SQLSTATE 42501\)")
        with told, grown(connection, snapshot, tables, FIVE, statement_timeout_ms=30_000):
            pass
    postgres.execute("GRANT TEMPORARY ON DATABASE scratch TO PUBLIC")
