"""The connection is lost: in the middle of a build, and just after its success."""

# ruff: noqa: SIM117 - one line for each session

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

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
    runner,
    until,
)
from tests.apply.cable import Cable, cable
from tests.scratch import Scratch, connected

STEP = creation("items", "items_kind_idx", "(kind)")
SNAPSHOT = ("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ", "SELECT 1")
BUILDER, WATCHER = b"dbaudit apply-indexes: build", b"dbaudit apply-indexes: watch"


@pytest.fixture
def line(items: Run) -> Iterator[Cable]:
    """The cable to the server of ``items``."""
    with cable(int(items.scratch.connection.settings_dict["PORT"])) as found:
        yield found


@pytest.fixture
def far(items: Run, line: Cable, tmp_path: Path) -> Iterator[Run]:
    """Runs over the cable."""
    plain = {"sslmode": "disable", "gssencmode": "disable"}  # the cable reads who connects
    settings = {**items.scratch.connection.settings_dict, "PORT": str(line.port), "OPTIONS": plain}
    with connected("far", settings) as connection:
        connection.inc_thread_sharing()
        yield runner(Scratch(connection), tmp_path)
        connection.close()


def test_a_connection_that_is_lost_just_after_success_is_a_success(items: Run, far: Run, line: Cable) -> None:
    valid = "SELECT FROM pg_index WHERE indexrelid = to_regclass('items_kind_idx') AND indisvalid"
    with holding(items.scratch, *SNAPSHOT) as snapshot, another(items.scratch, autocommit=True) as eye:
        with Beside(lambda: far(STEP)) as beside:
            until(lambda: phase_of(eye, PHASES[4]), PHASES[4])
            line.silence(BUILDER)
            snapshot.close()
            until(lambda: eye.execute(valid).fetchall(), "the valid index")
            line.cut(BUILDER)
    (done,) = beside.result
    assert done.outcome == "built"
    assert indexes(items.scratch) == ["items_kind_idx", "items_pkey"]


def test_a_connection_that_is_lost_in_the_middle_is_opened_again_and_the_build_completes(
    items: Run, far: Run, line: Cable
) -> None:
    with holding(items.scratch, *SNAPSHOT) as snapshot, another(items.scratch, autocommit=True) as eye:
        with Beside(lambda: far(STEP)) as beside:
            first = until(lambda: phase_of(eye, PHASES[4]), PHASES[4])
            line.cut(BUILDER)
            until(lambda: phase_of(eye, PHASES[4]) not in (None, first), "the second build")
            snapshot.close()
    (done,) = beside.result
    assert (done.outcome, done.retries) == ("built", 1)
    assert invalid(items.scratch) == []


def test_a_watchdog_whose_connection_is_lost_opens_another(items: Run, far: Run, line: Cable) -> None:
    watching = "SELECT pid FROM pg_stat_activity WHERE application_name LIKE '%: watch'"
    with holding(items.scratch, *SNAPSHOT) as snapshot, another(items.scratch, autocommit=True) as eye:
        with Beside(lambda: far(STEP)) as beside:
            until(lambda: phase_of(eye, PHASES[4]), PHASES[4])
            first = eye.execute(watching).fetchall()
            line.cut(WATCHER)
            until(lambda: eye.execute(watching).fetchall() not in ([], first), "another watching connection")
            snapshot.close()
    (done,) = beside.result
    assert (done.outcome, done.retries) == ("built", 0)


def test_a_build_that_cannot_be_watched_is_ended_and_begun_again(items: Run, far: Run, line: Cable) -> None:
    with holding(items.scratch, *SNAPSHOT) as snapshot, another(items.scratch, autocommit=True) as eye:
        with Beside(lambda: far(STEP, blind=0.2)) as beside:
            until(lambda: phase_of(eye, PHASES[4]), PHASES[4])
            line.refuse(WATCHER)
            until(lambda: phase_of(eye, PHASES[4]) is None, "the end of the unwatched build")
            line.admit()
            snapshot.close()
    (done,) = beside.result
    assert (done.outcome, done.retries) == ("built", 1)
    assert any("a build is not left unwatched" in sentence for sentence in far.said)
    assert invalid(items.scratch) == []
