"""Limits: of the role, of the server's files, of load and of replicas."""

# ruff: noqa: SIM117 - one line for each session

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.apply.applying import (
    PHASES,
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
from tests.postgres import _account

STEP = creation("items", "items_kind_idx", "(kind)")
MANY = "INSERT INTO items SELECT n, n, repeat('x', 50) || n, true FROM generate_series(3000, 40000) n"
SNAPSHOT = ("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ", "SELECT 1")


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Path]:
    """A file system of its own with so little space, where this machine lets one be mounted."""
    account = _account()
    if os.geteuid() != 0:
        pytest.skip("mounting a small file system takes root")
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)], check=False)
    if mounted.returncode:
        pytest.skip("this machine mounts no file system")
    try:
        os.chown(folder, account["user"], account["group"])
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_full_disk_ends_the_build_without_another_attempt_and_leaves_nothing(items: Run) -> None:
    items.scratch.execute(
        "INSERT INTO items SELECT n, n, repeat('x', 50) || n, true FROM generate_series(3000, 40000) n"
    )
    with small_disk(Path(f"/tmp/dbaudit-small-{os.getpid()}"), "1m") as disk:  # noqa: S108 - the server's account reaches it
        items.scratch.execute(f"CREATE TABLESPACE small LOCATION '{disk}'")
        try:
            items.scratch.execute("ALTER DATABASE scratch SET default_tablespace = 'small'")
            items.scratch.connection.close()
            (done,) = items(creation("items", "items_code_idx", "(code)"))
            items.scratch.execute("ALTER DATABASE scratch RESET default_tablespace")
        finally:
            items.scratch.execute("DROP TABLESPACE small")
    assert done.outcome == "failed"
    assert "the disk is full; free some space" in done.reason
    assert done.retries == 0
    assert invalid(items.scratch) == []
    assert items.scratch.rows("SELECT count(*) FROM items") == [(39001,)]
    items.scratch.connection.close()
    assert items.outcomes(creation("items", "items_code_idx", "(code)")) == ["built"]


def test_a_limit_of_temporary_files_ends_the_build_and_is_named(items: Run) -> None:
    items.scratch.execute(
        "INSERT INTO items SELECT n, n, repeat('x', 50) || n, true FROM generate_series(3000, 40000) n"
    )
    items.scratch.execute("ALTER DATABASE scratch SET temp_file_limit = '64kB'")
    items.scratch.execute("ALTER DATABASE scratch SET maintenance_work_mem = '1MB'")
    items.scratch.connection.close()
    (done,) = items(creation("items", "items_code_idx", "(code)"))
    assert done.outcome == "failed"
    assert "raise temp_file_limit" in done.reason
    assert invalid(items.scratch) == []


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
