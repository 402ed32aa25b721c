"""Limits: of the role, of the server's files, of load and of replicas."""

# ruff: noqa: SIM117 - one line for each session

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dbaudit.apply import space
from dbaudit.apply.postgresql import load
from dbaudit.apply.postgresql.sessions import Session
from tests.apply.applying import (
    PHASES,
    QUICK,
    Beside,
    Run,
    another,
    creation,
    holding,
    indexes,
    invalid,
    phase_of,
    refused,
    until,
)
from tests.disk import small_disk

STEP = creation("items", "items_kind_idx", "(kind)")
CODE = creation("items", "items_code_idx", "(code)")
MANY = "INSERT INTO items SELECT n, n, repeat('x', 50) || n, true FROM generate_series(3000, 40000) n"
SNAPSHOT = ("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ", "SELECT 1")


@pytest.fixture
def many(items: Run) -> Run:
    """Runs on ``items`` with rows whose codes take more than a megabyte."""
    items.scratch.execute(MANY)
    return items


@contextmanager
def tablespace(run: Run, size: str) -> Iterator[Path]:
    """A tablespace on a disk of this size, in which new indexes are built."""
    with small_disk(size) as disk:
        run.scratch.execute(f"CREATE TABLESPACE small LOCATION '{disk}'")
        try:
            run.scratch.execute("ALTER DATABASE scratch SET default_tablespace = 'small'")
            run.scratch.connection.close()
            yield disk
        finally:
            run.scratch.execute("ALTER DATABASE scratch RESET default_tablespace")
            run.scratch.connection.close()
            run.scratch.execute("DROP TABLESPACE small")


@pytest.mark.needs("mount")
def test_a_full_disk_ends_the_build_without_another_attempt_and_the_next_run_completes(many: Run) -> None:
    with tablespace(many, "1m"):
        (done,) = many(CODE)
    assert done.outcome == "failed"
    assert "the disk is full; free some space" in done.reason
    assert done.retries == 0
    assert invalid(many.scratch) == []
    assert many.scratch.rows("SELECT count(*) FROM items") == [(39001,)]
    (failed,) = many.journal.runs()
    assert failed.pending == (CODE,)
    assert many.outcomes(CODE) == ["built"]


@pytest.mark.needs("mount")
def test_a_disk_that_fills_up_under_the_index_before_is_not_left_with_a_torn_one(many: Run) -> None:
    with tablespace(many, "5m"):
        first, second = many(CODE, creation("items", "items_both_idx", "(code, kind)", number=2))
        assert (first.outcome, second.outcome) == ("built", "failed")
        assert invalid(many.scratch) == []
        many.scratch.execute("ALTER INDEX items_code_idx SET TABLESPACE pg_default")
        assert many.outcomes(replace(second.step, number=1)) == ["built"]
        many.scratch.execute("DROP INDEX items_both_idx")


@pytest.mark.needs("mount")
def test_the_space_that_is_looked_at_is_that_of_the_indexes_tablespace(items: Run) -> None:
    with tablespace(items, "1m") as disk:
        assert space.folder(items.scratch.connection) == disk
        assert space.free(disk) == pytest.approx(2**20, rel=0.1)
        (done,) = items(STEP, max_wait=0.1, min_free_bytes=2 * 2**20)
        assert "MB are left on the server's disk, and 2 MB must stay (--min-free)" in done.reason


def test_a_limit_of_temporary_files_ends_the_build_and_is_named(many: Run) -> None:
    many.scratch.execute("ALTER DATABASE scratch SET temp_file_limit = '64kB'")
    many.scratch.execute("ALTER DATABASE scratch SET maintenance_work_mem = '1MB'")
    many.scratch.connection.close()
    (done,) = many(CODE)
    assert done.outcome == "failed"
    assert "raise temp_file_limit" in done.reason
    assert invalid(many.scratch) == []
    many.scratch.execute("ALTER DATABASE scratch RESET temp_file_limit")
    assert many.outcomes(CODE) == ["built"]


def test_too_many_active_sessions_end_a_build_that_would_hold_them_up(items: Run) -> None:
    with holding(items.scratch, *SNAPSHOT) as snapshot, another(items.scratch, autocommit=True) as busy:
        with another(items.scratch, autocommit=True) as eye, Beside(lambda: items(STEP, max_active=2)) as beside:
            until(lambda: phase_of(eye, PHASES[4]), PHASES[4])
            with Beside(lambda: refused(busy, "SELECT pg_sleep(60)")):
                until(lambda: any("It was too much for the server: 3 sessions" in line for line in items.said), "it")
                eye.execute("SELECT pg_cancel_backend(%s)", [busy.info.backend_pid])
            snapshot.close()
    assert [one.outcome for one in beside.result] == ["built"]


@pytest.mark.parametrize(
    ("limits", "sentence"),
    [
        ({"max_active": 0}, "--max-active allows 0"),
        ({"min_free_bytes": 2**60}, "are left on the server's disk, and 1099511627776 MB must stay"),
    ],
)
def test_where_a_limit_is_crossed_already_nothing_is_begun(items: Run, limits: dict[str, Any], sentence: str) -> None:
    (done,) = items(STEP, max_wait=0.1, **limits)
    assert done.outcome == "failed"
    assert "Nothing was begun" in done.reason
    assert sentence in done.reason
    assert indexes(items.scratch) == ["items_pkey"]


def test_the_load_of_the_server_s_machine_holds_a_build_up(items: Run) -> None:
    (done,) = items(STEP, max_load=1e-9, max_wait=0.1)
    assert "Nothing was begun" in done.reason
    assert "the load of the server's last minute is" in done.reason
    assert "--max-load allows 1e-09" in done.reason
    assert indexes(items.scratch) == ["items_pkey"]


def test_where_the_machine_is_out_of_sight_the_other_sessions_at_work_are_the_load(items: Run) -> None:
    session = Session(items.scratch.connection, "watch")
    try:
        assert load.excess(session, replace(QUICK, max_load=1, max_lag=None), None) == ""
        with another(items.scratch, autocommit=True) as busy, another(items.scratch, autocommit=True) as eye:
            with Beside(lambda: refused(busy, "SELECT pg_sleep(60)")):
                at_work = "SELECT FROM pg_stat_activity WHERE pid = %s AND state = 'active'"
                until(lambda: eye.execute(at_work, [busy.info.backend_pid]).fetchall(), "a busy session")
                found = load.excess(session, replace(QUICK, max_load=0.5, max_lag=None), None)
                eye.execute("SELECT pg_cancel_backend(%s)", [busy.info.backend_pid])
        assert found == "1 other session is active, and --max-load allows 0.5"
    finally:
        session.close()
