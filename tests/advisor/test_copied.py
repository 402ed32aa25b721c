"""Advice on PostgreSQL without HypoPG: real indexes on temporary copies of the tables; and that nothing is left."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from dbaudit.advisor.advise import advise
from dbaudit.advisor.candidate import Asked, Candidate, Key
from dbaudit.advisor.trials import postgresql
from dbaudit.facts import Parameters

if TYPE_CHECKING:
    from dbaudit.advisor.advice import Advice
    from tests.scratch import Scratch

pytestmark = pytest.mark.needs("sqlglot")

LIMITS = {"statement_timeout_ms": 30_000, "lock_timeout_ms": 1_000}
TABLES = """
    CREATE TABLE customer (id integer PRIMARY KEY, email varchar(60) NOT NULL, city text NOT NULL);
    CREATE TABLE sale (id integer PRIMARY KEY, customer_id integer NOT NULL, status text NOT NULL,
        placed timestamp NOT NULL, paid boolean NOT NULL, closed timestamp, "To ""tal" numeric NOT NULL);
    INSERT INTO customer SELECT i, 'Mail' || i || '@x.org', 'city ' || i % 300 FROM generate_series(1, 6000) i;
    INSERT INTO sale SELECT i, i % 6000 + 1, CASE WHEN i % 50 = 0 THEN 'Open' ELSE 'done' END,
        timestamp '2026-01-01' + i % 50000 * interval '1 minute', i % 100 <> 0,
        CASE WHEN i % 40 = 0 THEN NULL ELSE now() END, i % 977 FROM generate_series(1, 100000) i;
    CREATE INDEX sale_customer ON sale (customer_id);
    VACUUM ANALYZE;
"""


@pytest.fixture
def shop(postgres: Scratch) -> Scratch:
    postgres.execute(TABLES)
    return postgres


def asked(sql: str, *samples: tuple[Any, ...], **more: Any) -> Asked:
    return Asked(fingerprint=sql, sql=sql, samples=tuple(map(Parameters, samples)), **more)


def advice(shop: Scratch, *statements: Asked, **options: Any) -> Advice:
    snapshot = shop.snapshot()
    with postgresql.opened(shop.connection, snapshot, **LIMITS) as trial:
        assert trial.source == postgresql.COPIED
        return advise(trial.planner, snapshot, statements, **{"budget_bytes": 10**9, **options})


def chosen(found: Advice) -> list[str]:
    return [f"{one.candidate.table} {one.candidate.describe()}" for one in found.chosen]


def on(*columns: str, **more: Any) -> Candidate:
    return Candidate(table="sale", keys=tuple(Key(column=one) for one in columns), **more)


def leftovers(shop: Scratch) -> list[tuple[Any, ...]]:
    """Temporary relations of any session, hypothetical or real candidates, and what the session's settings are."""
    return shop.rows(
        "SELECT relname FROM pg_class WHERE relpersistence = 't' OR relname LIKE 'dbaudit%' "
        "UNION ALL SELECT current_setting('search_path') WHERE current_setting('search_path') LIKE '%pg_temp%'"
    )


def test_indexes_are_recommended_on_every_server_without_hypopg(postgres_versions: Scratch) -> None:
    postgres_versions.execute(TABLES)
    sql = "SELECT * FROM sale WHERE status = %s ORDER BY placed DESC LIMIT 10"
    found = advice(
        postgres_versions,
        asked(sql, ("Open",), ("done",)),
        asked("SELECT * FROM customer WHERE email = %s", ("Mail5@x.org",)),
    )
    assert [key.column for key in found.chosen[0].candidate.keys] in (["status", "placed"], ["email"])
    assert {one.candidate.table for one in found.chosen} == {"customer", "sale"}
    assert all(effect.ratio < 0.1 for effect in found.effects)
    assert leftovers(postgres_versions) == []


def test_costs_on_a_sample_are_those_of_the_whole_table_within_a_third(shop: Scratch) -> None:
    statements = [
        asked("SELECT * FROM sale WHERE status = %s", ("Open",)),
        asked("SELECT * FROM sale WHERE placed BETWEEN %s AND %s", ("2026-01-02", "2026-01-09")),
        asked(
            "SELECT c.city, s.id FROM sale s JOIN customer c ON c.id = s.customer_id WHERE s.placed > %s",
            ("2026-02-01",),
        ),
        asked("SELECT * FROM sale WHERE status = %s ORDER BY placed LIMIT 50", ("done",)),
    ]
    wanted = [on("status"), on("placed"), on("placed"), on("status", "placed")]
    snapshot = shop.snapshot()
    with postgresql.opened(shop.connection, snapshot, **LIMITS) as trial:
        tried = [trial.planner.cost(one, frozenset({index})) for one, index in zip(statements, wanted, strict=True)]
    assert all(one.used for one in tried)
    shop.execute(
        "CREATE INDEX a ON sale (status); CREATE INDEX b ON sale (placed);CREATE INDEX c ON sale (status, placed)"
    )
    with postgresql.opened(shop.connection, shop.snapshot(), **LIMITS) as trial:
        real = [trial.planner.cost(one, frozenset()) for one in statements]
    for one, other in zip(tried, real, strict=True):
        assert one.cost == pytest.approx(other.cost, rel=0.34)


def test_a_join_of_samples_still_finds_its_partners(shop: Scratch) -> None:
    sql = "SELECT s.* FROM customer c JOIN sale s ON s.customer_id = c.id WHERE c.email = %s"
    assert chosen(advice(shop, asked(sql, ("Mail5@x.org",)))) == ["customer (email)"]


def test_a_composite_names_the_index_that_it_makes_needless(shop: Scratch) -> None:
    sql = "SELECT * FROM sale WHERE customer_id = %s AND placed > %s ORDER BY placed"
    shop.execute(
        "INSERT INTO sale SELECT i, 1, 'done', '2026-01-01', true, now(), 1 FROM generate_series(150001, 160000) i"
    )
    shop.execute("ANALYZE sale")
    (index,) = advice(shop, asked(sql, (1, "2026-01-14"))).chosen
    assert [key.column for key in index.candidate.keys] == ["customer_id", "placed"]
    assert [one.name for one in index.replaces] == ["sale_customer"]


def test_silent_where_an_index_serves_the_statement(shop: Scratch) -> None:
    assert chosen(advice(shop, asked("SELECT * FROM sale WHERE customer_id = %s", (7,)))) == []
    assert chosen(advice(shop, asked("SELECT * FROM sale WHERE id = %s", (7,)))) == []


def test_rows_grouped_by_their_key_alone_are_planned_on_a_copy(shop: Scratch) -> None:
    sql = (
        "SELECT c.id, c.email, c.city, count(s.id) FROM customer c LEFT JOIN sale s ON s.customer_id = c.id "
        "WHERE c.city = %s GROUP BY c.id"
    )
    found = advice(shop, asked(sql, ("city 7",)))
    assert found.skipped == ()
    assert chosen(found) == ["customer (city)"]
