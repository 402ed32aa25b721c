"""Fixtures of runs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.apply.applying import Run, runner, until
from tests.scratch import Scratch


@pytest.fixture
def run(postgres: Scratch, tmp_path: Path) -> Iterator[Run]:
    """Runs on an empty PostgreSQL database; none may leave an advisory lock or a session behind."""
    postgres.connection.inc_thread_sharing()  # some tests run beside their own statements
    yield runner(postgres, tmp_path)
    ours = "SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'dbaudit apply-indexes%'"
    until(lambda: not postgres.rows(ours), "the end of our sessions")


@pytest.fixture
def items(run: Run) -> Run:
    """Runs on a database with the table ``items`` of 2,000 rows."""
    run.scratch.execute("CREATE TABLE items (id bigint PRIMARY KEY, kind int, code text, active bool NOT NULL)")
    run.scratch.execute("INSERT INTO items SELECT n, n % 7, 'c' || n, n % 2 = 0 FROM generate_series(1, 2000) n")
    return run
