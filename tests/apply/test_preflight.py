"""What is told before anything is begun."""

# ruff: noqa: SIM117 - one line for each session

from __future__ import annotations

from dbaudit.apply import running
from dbaudit.apply.postgresql import catalogue, engine, preflight
from tests.apply.applying import (
    PHASES,
    QUICK,
    Beside,
    Run,
    another,
    creation,
    holding,
    phase_of,
    refused,
    until,
)
from tests.scratch import Scratch, connected

NAME = "items_kind_idx"
STEP = creation("items", NAME, "(kind)")
SNAPSHOT = ("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ", "SELECT 1")


def told(run: Run, old: int = 60) -> list[str]:
    with engine.opened(run.scratch.connection, QUICK, run.said.append, lambda _name, _seen: None) as work:
        return list(preflight.look(work.watch, [(catalogue.table(work.watch, STEP), NAME)], old))


def test_of_a_quiet_server_that_is_told(items: Run) -> None:
    assert told(items) == []
    (sentence,) = running.preflight(items.scratch.connection, [STEP], QUICK, running.Ears())
    assert sentence.startswith("Nothing stands in the way: no old or prepared transaction, no replica")


def test_what_is_hidden_from_the_role_is_told_and_not_called_quiet(items: Run) -> None:
    settings = items.scratch.role("shopkeeper")
    items.scratch.execute("GRANT CREATE ON SCHEMA public TO shopkeeper; ALTER TABLE items OWNER TO shopkeeper")
    with connected("shopkeeper", settings) as connection, holding(items.scratch, "SELECT 1"):
        (sentence,) = told(Run(Scratch(connection), items.journal), old=0)
        connection.close()
    assert "is hidden from shopkeeper (GRANT pg_read_all_stats TO shopkeeper shows it)" in sentence


def test_an_invalid_index_of_the_plan_itself_is_told_apart(items: Run) -> None:
    items.scratch.execute("CREATE INDEX items_kind_idx ON items (kind)")
    items.scratch.execute("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'items_kind_idx'::regclass")
    assert told(items) == ["items_kind_idx on items is invalid; it is one of this plan, which sees to it."]


def test_old_transactions_are_told_with_who_holds_them_and_no_query(items: Run) -> None:
    with holding(items.scratch, "SELECT 'hunter2'"):
        assert told(items) == []
        (sentence,) = told(items, old=0)
    assert "Old transactions, which a build waits for: process" in sentence
    assert "somebody else, idle in transaction" in sentence
    assert "hunter2" not in sentence


def test_prepared_transactions_are_told(items: Run) -> None:
    with another(items.scratch) as other:
        other.execute("UPDATE items SET code = code WHERE id = 1")
        other.execute("PREPARE TRANSACTION 'forgotten'")
        other.rollback()
    assert "The prepared transaction 'forgotten'" in told(items)[0]


def test_builds_queued_statements_and_invalid_indexes_are_told(items: Run) -> None:
    with holding(items.scratch, *SNAPSHOT) as snapshot, another(items.scratch, autocommit=True) as eye:
        with another(items.scratch, autocommit=True) as builder, another(items.scratch, autocommit=True) as owner:
            build = "CREATE INDEX CONCURRENTLY items_code_idx ON items (code)"
            with Beside(lambda: refused(builder, build)):
                until(lambda: phase_of(eye, PHASES[4]), PHASES[4])
                with Beside(lambda: owner.execute("ALTER TABLE items ADD COLUMN extra int")):
                    waiting = "SELECT FROM pg_locks WHERE NOT granted AND mode = 'AccessExclusiveLock'"
                    until(lambda: eye.execute(waiting).fetchall(), "the queue")
                    building, invalid, queued = told(items)
                    eye.execute("SELECT pg_cancel_backend(%s)", [builder.info.backend_pid])
            snapshot.close()
    assert "is building an index of items (waiting for old snapshots)" in building
    assert "items_code_idx on items is invalid: it serves nobody. If nobody builds it: DROP INDEX" in invalid
    assert "Waiting for a lock on one of the tables: process" in queued
