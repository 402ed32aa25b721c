"""Advice on PostgreSQL without HypoPG: real indexes on temporary copies of the tables; and that nothing is left."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from django.db import transaction

from dbaudit.advisor.candidate import Asked, Candidate, UnplannableError
from dbaudit.advisor.concluded import Advised
from dbaudit.advisor.propose import advise
from dbaudit.advisor.trials import built, copies, postgresql
from dbaudit.advisor.trials.copied import Copied
from dbaudit.advisor.trials.run import Wishes, advised
from dbaudit.amounts import Budget
from dbaudit.connection.reasons import LOST
from dbaudit.connection.rollback import rolled_back
from dbaudit.facts import IndexKey, Parameters, QueryRun, Statement
from dbaudit.workload.recording.template import template
from tests.advisor.shop import asked, chosen, on, tables
from tests.apply.applying import until
from tests.apply.test_refusals import standby
from tests.project import ROOT
from tests.scratch import connected

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.db.backends.base.base import BaseDatabaseWrapper

    from dbaudit.advisor.values import Advice
    from dbaudit.facts import Skipped, Snapshot
    from tests.scratch import Scratch


LIMITS = {"statement_timeout_ms": 30_000, "lock_timeout_ms": 1_000}
SALES = 100_000


@pytest.fixture
def shop(postgres: Scratch) -> Scratch:
    postgres.execute(tables(SALES))
    return postgres


def advice(shop: Scratch, *statements: Asked, **options: Any) -> Advice:
    snapshot = shop.snapshot()
    with postgresql.opened(shop.connection, snapshot, **LIMITS) as trial:
        assert trial.source == postgresql.COPIED
        return advise(trial.planner, snapshot, statements, **{"budget_bytes": 10**9, **options})


def leftovers(shop: Scratch) -> list[tuple[Any, ...]]:
    """Temporary relations of any session, hypothetical or real candidates, and what the session's settings are."""
    return shop.rows(
        "SELECT relname FROM pg_class WHERE relpersistence = 't' OR relname LIKE 'dbaudit%' "
        "UNION ALL SELECT current_setting('search_path') WHERE current_setting('search_path') LIKE '%pg_temp%'"
    )


def test_indexes_are_recommended_on_every_server_without_hypopg(postgres_versions: Scratch) -> None:
    postgres_versions.execute(tables(SALES))
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
    shop.execute("ANALYZE sale; SELECT pg_stat_force_next_flush()")  # the rows were filled in, and not by the work
    (index,) = advice(shop, asked(sql, (1, "2026-02-01"))).chosen
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


def test_hostile_names_and_expressions_are_tried(shop: Scratch) -> None:
    found = advice(
        shop,
        asked('SELECT id FROM sale WHERE "To ""tal" = %s', (5,)),
        asked('SELECT id FROM customer WHERE UPPER("customer"."email"::text) = UPPER(%s)', ("mail7@X.org",)),
    )
    assert {*chosen(found)} == {'sale (To "tal)', 'customer ((UPPER(CAST("email" AS TEXT))))'}


def test_a_statement_without_values_is_planned_on_the_copy_too(postgres_versions: Scratch) -> None:
    postgres_versions.execute(tables(SALES))
    assert chosen(advice(postgres_versions, asked("SELECT * FROM sale WHERE placed = $1"))) == ["sale (placed)"]


def test_the_same_is_said_when_room_for_few_indexes_is_made_again_and_again(
    shop: Scratch, monkeypatch: pytest.MonkeyPatch
) -> None:
    statements = [
        asked("SELECT * FROM sale WHERE status = %s AND placed > %s AND closed IS NULL", ("Open", "2026-01-10")),
        asked("SELECT * FROM customer WHERE email = %s", ("Mail5@x.org",)),
        asked('SELECT id FROM sale WHERE "To ""tal" = %s AND placed < %s', (5, "2026-01-10")),
    ]
    whole = advice(shop, *statements)
    monkeypatch.setattr(copies, "LOCKS_SHARE", 0.0004)
    monkeypatch.setattr(built, "LEAST", 12)
    with postgresql.opened(shop.connection, shop.snapshot(), **LIMITS) as trial:
        assert isinstance(trial.planner, Copied)
        few = advise(trial.planner, shop.snapshot(), statements, budget_bytes=10**9)
        assert trial.planner.clearings > 0
    assert few.chosen == whole.chosen


def test_the_limit_of_locks_is_held(shop: Scratch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copies, "LOCKS_SHARE", 0.001)
    wide = [
        on(one, other)
        for one in ("id", "customer_id", "status", "placed", "paid", "closed")
        for other in ("id", "customer_id", "status", "placed", "paid", "closed")
        if one != other
    ]
    question = asked("SELECT * FROM sale WHERE placed > %s", ("2026-01-10",))
    with postgresql.opened(shop.connection, shop.snapshot(), **LIMITS) as trial:
        for one in wide:
            trial.planner.cost(question, frozenset({one}))
            [(count,)] = shop.rows(
                "SELECT count(*) FROM pg_locks WHERE pid = pg_backend_pid() AND mode = 'AccessExclusiveLock'"
            )
            assert count < 40


def test_more_tables_than_there_are_locks_for_are_not_copied(shop: Scratch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copies, "LOCKS_SHARE", 0.0002)
    found = advice(
        shop,
        asked("SELECT * FROM customer WHERE email = %s", ("Mail5@x.org",)),
        asked("SELECT * FROM sale WHERE placed = %s", ("2026-01-02",)),
    )
    assert chosen(found) == ["customer (email)"]
    assert {one.reason for one in found.rejected if one.candidate.table == "sale"} == {copies.CROWDED}


def test_several_statements_in_one_are_not_planned(shop: Scratch) -> None:
    found = advice(shop, asked("SELECT 1 FROM sale; DELETE FROM sale"), asked("SELECT ';' FROM sale WHERE id = 1 ;"))
    assert [one.reason.rpartition(": ")[2] for one in found.skipped] == ["It is several statements in one."]


def test_only_access_share_is_taken_on_the_real_tables(shop: Scratch) -> None:
    shop.execute(
        "CREATE VIEW held AS SELECT DISTINCT c.relname::text, l.mode FROM pg_locks l "
        "JOIN pg_class c ON c.oid = l.relation AND c.relpersistence = 'p' AND c.relnamespace = 'public'::regnamespace "
        "WHERE l.pid = pg_backend_pid() AND c.relname <> 'held'"
    )
    question = asked("SELECT * FROM sale WHERE placed > %s", ("2026-01-10",))
    with postgresql.opened(shop.connection, shop.snapshot(), **LIMITS) as trial:
        trial.planner.cost(question, frozenset({on("placed"), on("status")}))
        assert {mode for _, mode in shop.rows("SELECT * FROM held")} == {"AccessShareLock"}
        shop.execute("SELECT 1 FROM sale LIMIT 1")
    assert leftovers(shop) == []


def test_a_large_table_is_copied_in_part(shop: Scratch) -> None:
    snapshot = shop.snapshot()
    sale, customer = snapshot.table("sale"), snapshot.table("customer")
    assert sale is not None
    assert customer is not None
    with rolled_back(shop.connection):
        made = copies.Copies(shop.connection, snapshot)
        assert made.factor(customer) == 1
        assert made.factor(sale) == pytest.approx(5, rel=0.2)
        [(real,)] = shop.rows("SELECT count(*) FROM sale")
        with made.front():
            [(rows,)] = shop.rows("SELECT count(*) FROM sale")
        assert real == 100_000
        assert rows == pytest.approx(copies.SAMPLE_ROWS, rel=0.2)


def test_a_table_that_was_never_analyzed_is_copied_up_to_the_limit(shop: Scratch) -> None:
    shop.execute("CREATE TABLE fresh AS SELECT i, i % 7 AS j FROM generate_series(1, 100000) i")
    snapshot = shop.snapshot(count_limit_bytes=0)
    fresh = snapshot.table("fresh")
    assert fresh is not None
    with rolled_back(shop.connection):
        made = copies.Copies(shop.connection, snapshot)
        made.factor(fresh)
        with made.front():
            [(rows,)] = shop.rows("SELECT count(*) FROM fresh")
    assert 0 < rows <= 2 * copies.SAMPLE_ROWS


def test_what_cannot_be_copied_is_refused_with_the_reason_and_the_rest_is_advised(shop: Scratch) -> None:
    shop.execute(
        "CREATE TABLE parted (id integer, a integer) PARTITION BY RANGE (id);"
        "CREATE TABLE part PARTITION OF parted DEFAULT;"
        "INSERT INTO parted SELECT i, i % 997 FROM generate_series(1, 20000) i; ANALYZE"
    )
    found = advice(
        shop,
        asked("SELECT * FROM parted WHERE a = %s", (5,)),
        asked("SELECT * FROM customer WHERE email = %s", ("Mail5@x.org",)),
    )
    assert chosen(found) == ["customer (email)"]
    assert found.skipped == ()
    assert {(one.candidate.table, one.reason) for one in found.rejected} == {("parted", copies.NO_TABLE)}
    snapshot = shop.snapshot()
    parted, customer = snapshot.table("parted"), snapshot.table("customer")
    assert parted is not None
    assert customer is not None
    with rolled_back(shop.connection):
        made = copies.Copies(shop.connection, snapshot)
        for table, reason in ((parted, copies.NO_TABLE), (replace(customer, schema="apart"), copies.OTHER_SCHEMA)):
            with pytest.raises(UnplannableError, match=reason):
                made.factor(table)


def test_a_table_that_stays_locked_is_refused_and_told(shop: Scratch) -> None:
    snapshot = shop.snapshot()
    with connected("locker", shop.connection.settings_dict.copy()) as other, transaction.atomic(using="locker"):
        with other.cursor() as cursor:
            cursor.execute("LOCK TABLE sale IN ACCESS EXCLUSIVE MODE")
        with postgresql.opened(shop.connection, snapshot, **{**LIMITS, "lock_timeout_ms": 50}) as trial:
            statements = [asked("SELECT * FROM sale"), asked("SELECT * FROM customer WHERE email = %s", ("a",))]
            found = advise(trial.planner, snapshot, statements)
    assert chosen(found) == ["customer (email)"]
    assert [one.reason.rpartition(": ")[2] for one in found.skipped] == ["A table that it reads stayed locked."]


def test_a_role_without_temporary_tables_is_told_what_it_needs(shop: Scratch) -> None:
    shop.execute("REVOKE TEMPORARY ON DATABASE scratch FROM PUBLIC")
    snapshot = shop.snapshot()
    try:
        with connected("poor", shop.role("poor")) as connection:
            assert told(connection, snapshot) == copies.NO_TEMPORARY
    finally:
        shop.execute("GRANT TEMPORARY ON DATABASE scratch TO PUBLIC")


def test_a_role_whose_transactions_are_read_only_stays_so(shop: Scratch) -> None:
    snapshot = shop.snapshot()
    settings = shop.role("reader")
    shop.execute("GRANT pg_read_all_data TO reader; ALTER ROLE reader SET default_transaction_read_only = on")
    with connected("reader", settings) as connection:
        assert told(connection, snapshot) == copies.READ_ONLY


def test_a_standby_is_told(shop: Scratch) -> None:
    snapshot = shop.snapshot()
    with standby() as settings, connected("standby", settings) as connection:
        assert told(connection, snapshot) == copies.STANDBY
        connection.close()


def told(connection: BaseDatabaseWrapper, snapshot: Snapshot) -> str:
    with pytest.raises(UnplannableError) as caught, postgresql.opened(connection, snapshot, **LIMITS):
        pass
    text = str(caught.value)
    assert text.startswith("Not verified: ")
    return text.partition("Nor could copies be made: ")[2]


@pytest.mark.needs("hypopg")
def test_a_broken_hypopg_is_told_and_copies_take_its_place(shop: Scratch) -> None:
    shop.execute("CREATE EXTENSION hypopg; ALTER EXTENSION hypopg DROP FUNCTION hypopg_drop_index(oid)")
    shop.execute("DROP FUNCTION hypopg_drop_index(oid)")
    snapshot = shop.snapshot()
    with postgresql.opened(shop.connection, snapshot, **LIMITS) as trial:
        found = advise(trial.planner, snapshot, [asked("SELECT * FROM customer WHERE email = %s", ("a",))])
    assert chosen(found) == ["customer (email)"]
    [skipped] = trial.skipped
    assert skipped.what == "HypoPG"
    assert "does not work" in skipped.reason
    assert "temporary copies" in skipped.reason


def test_a_lost_connection_ends_the_trial_and_not_the_audit(shop: Scratch) -> None:
    snapshot = shop.snapshot()
    question = asked("SELECT * FROM customer WHERE email = %s", ("a",))
    for _ in range(2):  # the same connection serves again
        with connected("killed", shop.connection.settings_dict.copy()) as connection:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_backend_pid()")
                (number,) = cursor.fetchone()
            with postgresql.opened(connection, snapshot, **LIMITS) as trial:
                trial.planner.cost(question, frozenset({Candidate(table="customer", keys=(IndexKey(column="city"),))}))
                shop.execute(f"SELECT pg_terminate_backend({number}, 5000)")
                found = advise(trial.planner, snapshot, [question])
        assert not found.complete
        assert [one.reason for one in found.skipped] == ["The server closed the connection while it was planning."]
        assert leftovers(shop) == []


CLIENT = """
import json, sys
import django
django.setup()
from dbaudit.advisor.trials import postgresql
from tests.advisor.test_copied import LIMITS, asked, on
from tests.scratch import Scratch, connected
with connected("killed", json.loads(sys.argv[1])) as connection:
    snapshot = Scratch(connection).snapshot()
    with postgresql.opened(connection, snapshot, **LIMITS) as trial:
        question = asked("SELECT * FROM sale WHERE placed = '2026-01-01'")
        trial.planner.cost(question, frozenset({on("placed"), on("paid")}))
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            print(cursor.fetchone()[0], flush=True)
        sys.stdin.read()
"""


def test_nothing_is_left_of_a_client_that_is_killed_in_the_trial(shop: Scratch) -> None:
    names = ("ENGINE", "HOST", "PORT", "USER", "PASSWORD", "NAME")
    settings = {name: shop.connection.settings_dict[name] for name in names}
    catalog = "SELECT array_agg(oid::text ORDER BY oid) FROM pg_class WHERE relnamespace::regnamespace::text !~ '^pg_t'"
    before = shop.rows(catalog)
    process = subprocess.Popen(
        [sys.executable, "-c", CLIENT, json.dumps(settings)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "DJANGO_SETTINGS_MODULE": "tests.settings"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        number = int(process.stdout.readline())
        holding = f"SELECT count(*) FROM pg_locks WHERE pid = {number} AND mode = 'AccessExclusiveLock'"
        assert shop.rows(holding)[0][0] >= 3  # the copy and its indexes
        process.send_signal(signal.SIGKILL)
        until(lambda: not shop.rows(f"SELECT FROM pg_stat_activity WHERE pid = {number}"), "the end of the session")
    finally:
        process.kill()
        process.communicate()
    assert shop.rows(catalog) == before
    assert leftovers(shop) == []


def measured(database: Scratch) -> Snapshot:
    """The snapshot with one canned query measured."""
    text = 'SELECT * FROM "customer" WHERE "email" = %s'
    known = template(text)
    statement = Statement(
        sql=text,
        template=known.text,
        fingerprint=known.fingerprint,
        alias=database.alias,
        kind="select",
        duration_ms=5.0,
        rows=1,
        tables=("customer",),
        parameters=Parameters(("Mail5@x.org",)),
    )
    run = QueryRun(
        id="canned:a", label="a", origin="canned", alias=database.alias, status="good", statements=(statement,)
    )
    return replace(database.snapshot(), runs=(run,))


def audited(
    connection: BaseDatabaseWrapper, snapshot: Snapshot, progress: Callable[[str], None] = lambda _: None
) -> tuple[Advised | None, tuple[Skipped, ...]]:
    wishes = Wishes(budget=Budget(bytes=2**30))
    return advised(connection, snapshot, wishes, statement_timeout_ms=30_000, lock_timeout_ms=2_000, progress=progress)


def test_the_whole_audit_recommends_indexes_without_hypopg(postgres_versions: Scratch) -> None:
    postgres_versions.execute(tables(SALES))
    found, skipped = audited(postgres_versions.connection, measured(postgres_versions))
    assert found is not None
    assert found.source == postgresql.COPIED
    assert chosen(found.advice) == ["customer (email)"]
    assert [one.what for one in skipped] == ["HypoPG"]

    postgres_versions.execute("DELETE FROM sale; DELETE FROM customer WHERE id > 200; VACUUM ANALYZE")
    grown, _ = audited(postgres_versions.connection, measured(postgres_versions))
    assert grown is not None
    assert grown.growth is not None
    assert chosen(grown.advice) == ["customer (email)"]
    assert leftovers(postgres_versions) == []


def test_a_server_that_goes_away_is_told_and_the_audit_goes_on(shop: Scratch) -> None:
    snapshot = measured(shop)
    with connected("killed", shop.connection.settings_dict.copy()) as connection:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            (number,) = cursor.fetchone()

        def killing(_: str) -> None:
            shop.execute(f"SELECT pg_terminate_backend({number}, 5000)")

        found, [skipped] = audited(connection, snapshot, killing)
    assert found is None
    assert skipped.reason == f"Not verified: {LOST}"
