"""Indexes really built on live tables for a trial: only when asked, only small ones, and nothing is left of them."""

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

from dbaudit import conf
from dbaudit.advisor.candidate import Asked, Candidate
from dbaudit.advisor.concluded import Advised
from dbaudit.advisor.present import build
from dbaudit.advisor.trials import live
from dbaudit.advisor.trials import run as trial_run
from dbaudit.advisor.trials.run import Wishes, advised
from dbaudit.amounts import Budget
from dbaudit.auditing import run
from dbaudit.connection.reasons import LOST
from dbaudit.errors import AuditError
from dbaudit.facts import IndexKey, Parameters, QueryRun, Skipped, Statement
from dbaudit.findings import Floor
from dbaudit.options import Options
from dbaudit.workload.recording.template import template
from tests.apply.applying import until
from tests.project import ROOT
from tests.scratch import Scratch, connected

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.db.backends.base.base import BaseDatabaseWrapper


LIMITS = {"statement_timeout_ms": 30_000, "lock_timeout_ms": 200}
EMAIL = Candidate(table="customer", keys=(IndexKey(column="email"),))
LOOKUP = 'SELECT * FROM "customer" WHERE "email" = %s'


@pytest.fixture
def shop(postgres: Scratch) -> Scratch:
    postgres.execute(
        "CREATE TABLE customer (id integer PRIMARY KEY, email varchar(60) NOT NULL, city text NOT NULL);"
        "INSERT INTO customer SELECT i, 'Mail' || i || '@x.org', 'city ' || i % 300 FROM generate_series(1, 60000) i;"
        "VACUUM ANALYZE"
    )
    return postgres


def asked(sql: str, *values: object) -> Asked:
    return Asked(fingerprint=sql, sql=sql, samples=(Parameters(values),))


def tried(database: Scratch, *candidates: Candidate, connection: BaseDatabaseWrapper | None = None) -> live.Tried:
    snapshot = database.snapshot()
    return live.tried(connection or database.connection, snapshot, candidates, [asked(LOOKUP, "Mail5@x.org")], **LIMITS)


def indexes(database: Scratch) -> list[tuple[Any, ...]]:
    return database.rows("SELECT indexrelid::regclass::text FROM pg_index WHERE indrelid = 'customer'::regclass")


def test_an_index_is_built_measured_and_gone(shop: Scratch) -> None:
    before = indexes(shop)
    found = tried(shop, EMAIL)
    assert indexes(shop) == before
    assert found.reasons == {}
    planned = found.planned[LOOKUP]
    assert planned.used == {EMAIL}
    shop.execute("CREATE INDEX real_one ON customer (email)")
    [(size,)] = shop.rows("SELECT pg_relation_size('real_one')")
    assert found.sizes == {EMAIL: size}


def test_a_table_above_the_limit_is_left_alone(shop: Scratch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "MOST_BYTES", live.MIB)
    found = tried(shop, EMAIL)
    assert found.sizes == {}
    assert found.planned == {}
    assert found.reasons[EMAIL].startswith("its table has ")


def test_a_table_in_use_is_not_waited_for_longer_than_the_lock_timeout(shop: Scratch) -> None:
    settings = shop.connection.settings_dict.copy()
    with connected("writer", settings) as writer, transaction.atomic(using="writer"):
        with writer.cursor() as cursor:
            cursor.execute("UPDATE customer SET city = 'x' WHERE id = 1")
        found = tried(shop, EMAIL)
    assert found.reasons == {EMAIL: "the table stayed locked"}


def test_who_does_not_own_the_table_is_told(shop: Scratch) -> None:
    settings = shop.role("reader")
    shop.execute("GRANT pg_read_all_data TO reader")
    with connected("reader", settings) as connection:
        assert tried(shop, EMAIL, connection=connection).reasons == {EMAIL: "the audit's role does not own the table"}
    shop.execute("ALTER ROLE reader SET default_transaction_read_only = on")
    with connected("reader", settings) as connection:
        assert "read-only" in tried(shop, EMAIL, connection=connection).reasons[EMAIL]


def test_an_index_that_no_plan_may_use_yet_is_not_judged(shop: Scratch) -> None:
    shop.execute("CREATE TABLE held (a integer); ALTER TABLE customer SET (fillfactor = 50); VACUUM FULL customer")
    settings = shop.connection.settings_dict.copy()
    with (
        connected("reader", settings) as reader,
        transaction.atomic(using="reader"),
        reader.cursor() as cursor,
    ):
        # An old snapshot keeps what the rows were before they were updated in place.
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        cursor.execute("SELECT count(*) FROM held")
        shop.execute("UPDATE customer SET email = 'new' || email WHERE id <= 50")
        assert tried(shop, EMAIL).reasons == {EMAIL: live.NOT_YET}


CLIENT = """
import json, sys
import django
django.setup()
from dbaudit.advisor.candidate import Candidate
from dbaudit.facts import IndexKey
from dbaudit.advisor.trials import live
from dbaudit.advisor.trials import run as trial_run
from tests.advisor.test_live import EMAIL
from tests.scratch import Scratch, connected
with connected("killed", json.loads(sys.argv[1])) as connection:
    snapshot = Scratch(connection).snapshot()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        print(cursor.fetchone()[0], flush=True)
    sys.stdin.readline()
    wanted = [EMAIL, Candidate(table="held", keys=(IndexKey(column="a"),))]
    live.tried(connection, snapshot, wanted, [], statement_timeout_ms=60_000, lock_timeout_ms=60_000)
"""


def test_nothing_is_left_of_a_client_that_is_killed_between_two_builds(shop: Scratch) -> None:
    shop.execute("CREATE TABLE held (a integer)")
    before = indexes(shop)
    settings = shop.connection.settings_dict.copy()
    names = ("ENGINE", "HOST", "PORT", "USER", "PASSWORD", "NAME")
    process = subprocess.Popen(
        [sys.executable, "-c", CLIENT, json.dumps({name: settings[name] for name in names})],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "DJANGO_SETTINGS_MODULE": "tests.settings"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdin is not None
        number = int(process.stdout.readline())
        with connected("holder", settings) as holder, transaction.atomic(using="holder"):
            with holder.cursor() as cursor:
                cursor.execute("LOCK TABLE held IN ACCESS EXCLUSIVE MODE")
            process.stdin.write("go\n")
            process.stdin.flush()
            until(lambda: shop.rows(f"SELECT FROM pg_locks WHERE pid = {number} AND NOT granted"), "the second build")
            held = f"SELECT DISTINCT mode FROM pg_locks WHERE pid = {number} AND relation = 'customer'::regclass"
            assert ("ShareLock",) in shop.rows(held)
            process.send_signal(signal.SIGKILL)
        until(lambda: not shop.rows(f"SELECT FROM pg_stat_activity WHERE pid = {number}"), "the end of the session")
    finally:
        process.kill()
        process.communicate()
    assert indexes(shop) == before


def workload(alias: str) -> QueryRun:
    known = template(LOOKUP)
    statement = Statement(
        sql=LOOKUP,
        template=known.text,
        fingerprint=known.fingerprint,
        alias=alias,
        kind="select",
        duration_ms=5.0,
        rows=1,
        tables=("customer",),
        parameters=Parameters(("Mail5@x.org",)),
    )
    return QueryRun(id="canned:a", label="a", origin="canned", alias=alias, status="good", statements=(statement,))


def advice(
    database: Scratch, progress: Callable[[str], None] = lambda _: None, **wishes: Any
) -> tuple[Advised, tuple[Skipped, ...]]:
    snapshot = replace(database.snapshot(), runs=(workload(database.alias),))
    found, skipped = advised(
        database.connection, snapshot, Wishes(budget=Budget(bytes=2**30), **wishes), progress=progress, **LIMITS
    )
    assert found is not None
    return found, skipped


def test_the_advice_carries_the_figures_of_the_real_index_and_says_who_waits(shop: Scratch) -> None:
    told: list[str] = []
    shop.execute("INSERT INTO customer SELECT i, 'M' || i, 'c' FROM generate_series(60001, 90000) i; VACUUM ANALYZE")
    plain, _ = advice(shop, told.append)
    assert not any("waits" in line for line in told)
    found, _ = advice(shop, told.append, what_if="build")
    assert any("whoever writes to customer waits" in line for line in told)
    [one], [other] = found.advice.chosen, plain.advice.chosen
    assert one.candidate == other.candidate == EMAIL
    assert one.source == live.BUILT
    shop.execute("CREATE INDEX real_one ON customer (email)")
    assert [(one.bytes,)] == shop.rows("SELECT pg_relation_size('real_one')")
    made = build(shop.snapshot(), found, found.advice.chosen[0], (), (), Floor())
    assert made is not None
    assert live.BUILT in made[1].remedy.verification


def test_what_was_not_built_says_so_and_keeps_the_figures_of_the_sample(
    shop: Scratch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "MOST_BYTES", live.MIB)
    found, skipped = advice(shop, what_if="build")
    [one] = found.advice.chosen
    assert one.source == ""
    [reason] = [each.reason for each in skipped if each.what == live.WHAT]
    assert reason.startswith("customer (email) was not built: its table has ")


def test_an_index_that_no_plan_uses_when_it_is_there_is_refused(shop: Scratch) -> None:
    plain, _ = advice(shop)
    [one] = plain.advice.chosen
    city = Candidate(table="customer", keys=(IndexKey(column="city"),))
    both = replace(plain.advice, chosen=(one, replace(one, candidate=city)))
    found = live.verified(both, tried(shop, EMAIL, city))
    assert [each.candidate for each in found.chosen] == [EMAIL]
    assert [each.reason for each in found.rejected if each.candidate == city] == [live.UNUSED]


def test_a_server_that_goes_away_before_the_build_leaves_the_advice(shop: Scratch) -> None:
    with connected("killed", shop.connection.settings_dict.copy()) as connection:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            (number,) = cursor.fetchone()

        def killing(line: str) -> None:
            if line.startswith("Building"):
                shop.execute(f"SELECT pg_terminate_backend({number}, 5000)")

        other = Scratch(connection)
        found, skipped = advice(other, killing, what_if="build")
    assert [one.candidate for one in found.advice.chosen] == [EMAIL]
    assert [one.reason for one in skipped if one.what == live.WHAT] == [LOST]


def test_nothing_is_built_for_a_projection(shop: Scratch) -> None:
    shop.execute("DELETE FROM customer WHERE id > 300; VACUUM ANALYZE")
    found, skipped = advice(shop, what_if="build")
    assert found.growth is not None
    assert trial_run.NOTHING_TO_BUILD in {one.reason for one in skipped}


def test_another_way_is_refused(settings: Any) -> None:
    with pytest.raises(AuditError, match="Unknown way to try indexes 'built'"):
        run(Options(what_if="built"))
    settings.DBAUDIT = {"WHAT_IF": "built"}
    [error] = conf.check_settings()
    assert error.id == "dbaudit.E003"
    assert "'sample' or 'build'" in error.msg
