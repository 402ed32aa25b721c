"""What leaves the gate: every remedy with what came of it, whatever happens to the server meanwhile."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from dbaudit.advisor.recommend import recommend
from dbaudit.findings import ChangeQuery, ChangeSetting, Finding, Remedy, Severity
from dbaudit.gate import passing
from dbaudit.gate.bench import UntriedError
from dbaudit.gate.passing import Gate
from tests.gate.gating import NONE, attempt, attempts, index, sql
from tests.postgres import main_server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.scratch import Scratch


@pytest.fixture
def shop(scratch: Scratch) -> Scratch:
    scratch.execute(
        'CREATE TABLE "order" (id integer PRIMARY KEY, code text, UNIQUE (code)); INSERT INTO "order" VALUES (1, \'a\')'
    )
    return scratch


def test_what_the_database_takes_is_verified_and_leaves_nothing(shop: Scratch) -> None:
    found = attempt(shop, index("order", "code", text='CREATE INDEX "new_idx" ON "order" ("code");'))
    assert (found.state, found.reason) == ("verified", "")
    assert "empty copy" in found.how
    assert not [one for one in shop.snapshot().tables[0].indexes if one.name == "new_idx"]


def test_what_it_refuses_failed_and_says_why(shop: Scratch) -> None:
    found = attempt(shop, index("order", "kode", text='CREATE INDEX "new_idx" ON "order" ("kode" nonsense);'))
    assert found.state == "failed"
    assert found.reason


def test_what_cannot_be_taken_back_failed(shop: Scratch) -> None:
    found = attempt(
        shop, replace(index("order", text='CREATE INDEX "new_idx" ON "order" ("code")'), undo_sql='DROP INDEX "other"')
    )
    assert found.state == "failed"


def test_what_was_not_tried_says_why(shop: Scratch) -> None:
    setting = Remedy(action=ChangeSetting(setting="CONN_MAX_AGE", value="0", where="settings"))
    query = Remedy(action=ChangeQuery(before="", after=""), orm="Change it.")
    assert [(one.state, bool(one.reason)) for one in attempts(shop, [setting, query])] == [("not_tried", True)] * 2


def test_a_query_that_was_run_is_verified(shop: Scratch) -> None:
    ran = Remedy(action=ChangeQuery(before="a", after="b"), orm="b", verification="12 queries before, 2 after.")
    assert attempt(shop, ran).state == "verified"


def test_other_vendors_are_named(shop: Scratch) -> None:
    snapshot = replace(shop.snapshot(), vendor="mysql")
    gate = Gate(shop.connection, snapshot, NONE, lock_timeout_ms=500)
    [told] = gate.findings([Finding(subject="", detail="", identity=(), remedy=sql("ANALYZE x"))])
    assert told.remedy.attempt
    assert told.remedy.attempt.reason == "Not tried on MySQL or MariaDB."


def test_what_failed_is_no_recommendation_and_stays_a_finding(shop: Scratch) -> None:
    gate = Gate(shop.connection, shop.snapshot(), NONE, lock_timeout_ms=500)
    bad = index("order", text='CREATE INDEX "new_idx" ON "order" ("nothing" nonsense)')
    good = index("order", name="good_idx", text='CREATE INDEX "good_idx" ON "order" ("code")')
    told = gate.findings(
        Finding(subject="", detail="", identity=(str(place),), remedy=one, severity=Severity.WARNING)
        for place, one in enumerate((bad, good))
    )
    assert len(told) == 2
    [kept] = gate.recommendations(recommend(told))
    assert kept.remedy.sql == good.sql
    assert kept.rank == 1


@pytest.mark.needs("postgresql")
def test_a_lost_connection_costs_the_remedies_their_trial_and_nothing_else(postgres: Scratch) -> None:
    postgres.execute("CREATE TABLE one (id integer, code text)")
    snapshot = postgres.snapshot()
    gate = Gate(postgres.connection, snapshot, NONE, lock_timeout_ms=500)
    [(pid,)] = postgres.rows("SELECT pg_backend_pid()")
    remedies = [
        index("one", name=f"i{number}", text=f'CREATE INDEX "i{number}" ON "one" ("code")') for number in range(4)
    ]

    def dying() -> Iterator[Finding]:
        for place, one in enumerate(remedies):
            yield Finding(subject="", detail="", identity=(str(place),), remedy=one)
        with main_server().connect() as other:
            other.execute("SELECT pg_terminate_backend(%s)", [pid])

    told = gate.findings(dying())
    assert [one.remedy.attempt.state for one in told if one.remedy.attempt] == ["not_tried"] * 4


@pytest.mark.needs("postgresql")
def test_a_role_that_may_make_no_temporary_table_is_told(postgres: Scratch) -> None:
    postgres.execute("CREATE TABLE one (id integer, code text)")
    postgres.execute("SET default_transaction_read_only = on")
    found = attempt(postgres, index("one", text='CREATE INDEX "new_idx" ON "one" ("code")'))
    assert found.state == "not_tried"
    assert "temporary table" in found.reason


@pytest.mark.needs("postgresql")
def test_many_tables_are_tried_within_the_locks_that_an_audit_may_take(postgres: Scratch) -> None:
    postgres.execute(
        ";".join(f"CREATE TABLE t{number} (a text, b text UNIQUE, c text UNIQUE)" for number in range(150))
    )
    remedies = [
        index(f"t{number}", name=f"i{number}", text=f'CREATE INDEX "i{number}" ON "t{number}" ("a")')
        for number in range(150)
    ]
    assert {one.state for one in attempts(postgres, remedies)} == {"verified"}


def test_a_question_that_does_not_end_costs_one_remedy_its_trial(
    shop: Scratch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passing, "TIMEOUT_MS", 100)
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i % 9 + 1 FROM n) SELECT count(*) FROM n"
    gate = Gate(shop.connection, shop.snapshot(), NONE, lock_timeout_ms=500)
    with gate._bench() as bench:
        with pytest.raises(UntriedError):
            bench.ask(endless)
        assert bench.ask("SELECT 1") == (1,)


@pytest.mark.needs("postgresql")
def test_no_trial_moves_a_sequence(postgres: Scratch) -> None:
    postgres.execute("CREATE TABLE one (id integer GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY)")
    postgres.execute("INSERT INTO one DEFAULT VALUES; INSERT INTO one DEFAULT VALUES")
    text = """SELECT setval(pg_get_serial_sequence('"one"', 'id'), coalesce(max("id"), 1)) FROM "one";"""
    assert attempt(postgres, sql(text)).state == "verified"
    assert postgres.rows("SELECT last_value FROM one_id_seq") == [(2,)]
