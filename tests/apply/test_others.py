"""Other sessions on the table: they are waited for outside the lock queue, given way to, and never disturbed."""

# ruff: noqa: SIM117 - one line for each session

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import pytest
from pytest_django import DjangoDbBlocker

from dbaudit.apply import undoing
from dbaudit.facts.dialect import Dialect
from tests.apply.applying import (
    GATE,
    GATED,
    PHASES,
    Beside,
    Run,
    another,
    creation,
    held_at,
    holding,
    indexes,
    invalid,
    phase_of,
    refused,
    runner,
    until,
)
from tests.postgres import server
from tests.scratch import postgres_scratch

STEP = creation("items", "items_kind_idx", "(kind)")
SNAPSHOT = ("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ", "SELECT 1")
LONGER = "SELECT FROM pg_stat_activity WHERE pid = %s AND query_start < clock_timestamp() - interval '300 ms'"
WAITING = (
    "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE %s AND pid <> pg_backend_pid()"
)


def test_timeouts_of_the_role_do_not_end_a_build_that_waits_for_a_foreign_snapshot(items: Run) -> None:
    items.scratch.execute("ALTER DATABASE scratch SET lock_timeout = '10ms'")
    items.scratch.execute("ALTER DATABASE scratch SET statement_timeout = '150ms'")
    items.scratch.execute("ALTER DATABASE scratch SET idle_in_transaction_session_timeout = '1s'")
    items.scratch.connection.close()
    with holding(items.scratch, "SET idle_in_transaction_session_timeout = 0", *SNAPSHOT) as snapshot:
        with another(items.scratch, autocommit=True) as eye, Beside(lambda: items.outcomes(STEP)) as beside:
            pid = until(lambda: phase_of(eye, PHASES[4]), PHASES[4])
            until(lambda: eye.execute(LONGER, [pid]).fetchall(), "a wait that is longer than all of the timeouts")
            snapshot.close()
    assert beside.result == ["built"]


@pytest.mark.needs("postgresql-18")
def test_a_transaction_timeout_of_the_role_does_not_end_a_build(
    tmp_path: Path, django_db_blocker: DjangoDbBlocker
) -> None:
    with django_db_blocker.unblock(), postgres_scratch(server(18)) as scratch:
        scratch.connection.inc_thread_sharing()
        scratch.execute("CREATE TABLE items (id int, kind int); INSERT INTO items VALUES (1, 1)")
        scratch.execute("ALTER DATABASE scratch SET transaction_timeout = '150ms'")
        scratch.connection.close()
        run = runner(scratch, tmp_path)
        with holding(scratch, "SET transaction_timeout = 0", *SNAPSHOT) as snapshot:
            with another(scratch, autocommit=True) as eye, Beside(lambda: run.outcomes(STEP)) as beside:
                pid = until(lambda: phase_of(eye, PHASES[4]), PHASES[4])
                until(lambda: eye.execute(LONGER, [pid]).fetchall(), "a build that is longer than the timeout")
                snapshot.close()
        scratch.execute("ALTER DATABASE scratch RESET transaction_timeout")
        assert beside.result == ["built"]
        assert invalid(scratch) == []


def test_a_wait_that_is_too_long_ends_the_build_and_names_who_is_waited_for(items: Run) -> None:
    with holding(items.scratch, *SNAPSHOT):
        (done,) = items(STEP, max_wait=0.2)
        assert done.outcome == "failed"
        assert "It waited for longer than 0.2 s for process" in done.reason
        assert "somebody else, idle in transaction" in done.reason
        assert invalid(items.scratch) == []
    assert items.outcomes(STEP) == ["built"]


def test_somebody_else_s_build_of_the_same_index_is_waited_for_and_left_alone(items: Run) -> None:
    with holding(items.scratch, *SNAPSHOT) as snapshot, another(items.scratch, autocommit=True) as foreign:
        build = "CREATE INDEX CONCURRENTLY items_kind_idx ON items (kind)"
        with Beside(lambda: foreign.execute(build)), another(items.scratch, autocommit=True) as eye:
            until(lambda: phase_of(eye, PHASES[4]), "the foreign build")
            with Beside(lambda: items.outcomes(STEP)) as beside:
                until(lambda: any("items is locked by process" in line for line in items.said), "a word of waiting")
                snapshot.close()
    assert beside.result == ["present"]
    assert invalid(items.scratch) == []


def test_somebody_else_s_build_that_lasts_too_long_is_told_and_nothing_is_begun(items: Run) -> None:
    with holding(items.scratch, *SNAPSHOT) as snapshot, another(items.scratch, autocommit=True) as foreign:
        build = "CREATE INDEX CONCURRENTLY items_kind_idx ON items (kind)"
        with Beside(lambda: foreign.execute(build)), another(items.scratch, autocommit=True) as eye:
            until(lambda: phase_of(eye, PHASES[4]), "the foreign build")
            (done,) = items(STEP, max_wait=0.1)
            assert "Nothing was begun: for longer than 0.1 s items is locked by process" in done.reason
            snapshot.close()
    assert indexes(items.scratch) == ["items_kind_idx", "items_pkey"]
    assert invalid(items.scratch) == []


def test_two_runs_on_one_table_build_one_after_the_other(items: Run) -> None:
    second = runner(items.scratch, items.journal.path.parent)
    other = creation("items", "items_code_idx", "(code)")
    with holding(items.scratch, *SNAPSHOT) as snapshot, another(items.scratch, autocommit=True) as eye:
        with Beside(lambda: items.outcomes(STEP)) as one:
            until(lambda: phase_of(eye, PHASES[4]), PHASES[4])
            with Beside(lambda: second.outcomes(STEP, other)) as two:
                until(lambda: any("another run works on items" in line for line in second.said), "a wait")
                snapshot.close()
    assert (one.result, two.result) == (["built"], ["present", "built"])
    assert invalid(items.scratch) == []


def test_a_statement_that_needs_the_whole_table_is_given_way_to(items: Run) -> None:
    with holding(items.scratch, *SNAPSHOT) as snapshot, another(items.scratch, autocommit=True) as owner:
        with another(items.scratch, autocommit=True) as eye, Beside(lambda: items(STEP)) as beside:
            until(lambda: phase_of(eye, PHASES[4]), PHASES[4])
            owner.execute("ALTER TABLE items ADD COLUMN extra int")
            assert eye.execute("SELECT count(*), max(extra) FROM items").fetchone() == (2000, None)
            snapshot.close()
    (done,) = beside.result
    assert (done.outcome, done.retries) == ("built", 1)
    assert any("It gave way to process" in line for line in items.said)
    assert invalid(items.scratch) == []


def test_a_lock_like_that_of_vacuum_is_waited_for_outside_the_queue(items: Run) -> None:
    with holding(items.scratch, "LOCK TABLE items IN SHARE UPDATE EXCLUSIVE MODE") as vacuum:
        with another(items.scratch, autocommit=True) as eye, Beside(lambda: items.outcomes(STEP)) as beside:
            until(lambda: any("items is locked by process" in line for line in items.said), "a word of waiting")
            assert eye.execute(WAITING, ["CREATE INDEX%"]).fetchall() == []
            vacuum.close()
    assert beside.result == ["built"]


def test_a_session_that_blocks_on_our_advisory_lock_gets_it_and_nobody_dies(items: Run) -> None:
    with items.scratch.connection.cursor() as cursor:
        cursor.execute(GATED)
    held = "SELECT classid::int, objid::int FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 2 AND granted"
    lock = "SELECT pg_advisory_lock(%s, %s), pg_advisory_unlock(%s, %s)"
    with another(items.scratch, autocommit=True) as waiter, another(items.scratch, autocommit=True) as eye:
        with ExitStack() as waits:
            with held_at(items, PHASES[1], creation("items", "items_gated_idx", "(gated(kind))")) as (beside, _):
                key = until(lambda: eye.execute(held).fetchone(), "our lock")
                waits.enter_context(Beside(lambda: waiter.execute(lock, [*key, *key])))
                until(lambda: eye.execute(WAITING, ["SELECT pg_advisory_lock%"]).fetchall(), "the waiter")
    (done,) = beside.result
    assert (done.outcome, done.retries) == ("built", 0)
    assert invalid(items.scratch) == []


def test_an_index_that_somebody_makes_between_our_look_and_our_build_is_theirs(items: Run) -> None:
    with items.scratch.connection.cursor() as cursor:
        cursor.execute(GATED)
    step = creation("items", "items_gated_uniq", "(gated(kind), id)", unique=True)
    with another(items.scratch, autocommit=True) as foreign, another(items.scratch, autocommit=True) as eye:
        foreign.execute("SELECT pg_advisory_lock(%s)", [GATE])
        with Beside(lambda: items(step)) as beside:
            until(lambda: eye.execute(WAITING, ["SELECT EXISTS%"]).fetchall(), "our look for duplicates")
            foreign.execute("CREATE UNIQUE INDEX items_gated_uniq ON items (gated(kind), id)")
            foreign.execute("SELECT pg_advisory_unlock(%s)", [GATE])
    (done,) = beside.result
    assert done.outcome == "present"
    assert undoing.steps(items.journal.runs()[-1], Dialect("postgresql")) == ()


def test_an_interrupted_reindex_of_somebody_is_told_and_left_alone(items: Run) -> None:
    items.scratch.execute("CREATE INDEX items_code_idx ON items (code)")
    with holding(items.scratch, *SNAPSHOT), another(items.scratch, autocommit=True) as eye:
        with another(items.scratch, autocommit=True) as owner:
            with Beside(lambda: refused(owner, "REINDEX INDEX CONCURRENTLY items_code_idx")):
                (pid,) = until(lambda: eye.execute(WAITING, ["REINDEX%"]).fetchone(), "the wait of REINDEX")
                eye.execute("SELECT pg_cancel_backend(%s)", [pid])
    assert invalid(items.scratch) == ["items_code_idx_ccnew"]
    assert items.outcomes(STEP) == ["built"]
    assert any("items_code_idx_ccnew is invalid" in line and "left alone" in line for line in items.said)
    assert invalid(items.scratch) == ["items_code_idx_ccnew"]


def test_a_prepared_transaction_on_the_table_is_named_and_nothing_is_begun(items: Run) -> None:
    with another(items.scratch) as other:
        other.execute("UPDATE items SET code = code WHERE id = 1")
        other.execute("PREPARE TRANSACTION 'forgotten'")
        other.rollback()
    (done,) = items(STEP, max_wait=0.1)
    assert done.outcome == "failed"
    assert "the prepared transaction 'forgotten'" in done.reason
    assert indexes(items.scratch) == ["items_pkey"]
    items.scratch.execute("ROLLBACK PREPARED 'forgotten'")
    assert items.outcomes(STEP) == ["built"]
