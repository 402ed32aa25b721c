"""The server's process, the client or the connection dies while an index is built."""

from __future__ import annotations

import signal

import pytest

from tests.apply.applying import (
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
    until,
)
from tests.apply.client import client

STEP = creation("items", "items_gated_idx", "(gated(kind))")


@pytest.fixture
def gated(items: Run) -> Run:
    """Runs on ``items`` with the function ``gated``."""
    items.scratch.execute("DELETE FROM items WHERE id > 50")
    with items.scratch.connection.cursor() as cursor:
        cursor.execute(GATED)
    return items


@pytest.mark.parametrize("phase", PHASES)
def test_a_backend_killed_in_any_phase_leaves_nothing_and_the_run_begins_again(gated: Run, phase: str) -> None:
    with held_at(gated, phase, STEP) as (beside, pid), another(gated.scratch, autocommit=True) as killer:
        killer.execute("SELECT pg_terminate_backend(%s)", [pid])
    (done,) = beside.result
    assert (done.outcome, done.retries) == ("built", 1)
    assert any("is not built yet" in line for line in gated.said)
    assert invalid(gated.scratch) == []
    assert indexes(gated.scratch) == ["items_gated_idx", "items_pkey"]


@pytest.mark.parametrize("phase", PHASES)
def test_a_build_cancelled_by_hand_is_not_begun_again_and_leaves_nothing(gated: Run, phase: str) -> None:
    with held_at(gated, phase, STEP) as (beside, pid), another(gated.scratch, autocommit=True) as canceller:
        canceller.execute("SELECT pg_cancel_backend(%s)", [pid])
        until(lambda: phase_of(canceller, phase) is None, "the end of the build")
    (done,) = beside.result
    assert done.outcome == "failed"
    assert "somebody cancelled the statement" in done.reason
    assert invalid(gated.scratch) == []
    assert gated.outcomes(STEP) == ["built"]


@pytest.mark.parametrize("wait", ["at once", "later"])
def test_after_a_killed_client_the_next_run_completes(gated: Run, wait: str) -> None:
    alive = "SELECT FROM pg_stat_activity WHERE pid = %s"
    with (
        holding(gated.scratch, "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ", "SELECT 1") as snapshot,
        another(gated.scratch, autocommit=True) as eye,
    ):
        with client(gated, STEP) as process:
            orphan = until(lambda: phase_of(eye, PHASES[4]), PHASES[4])
            process.send_signal(signal.SIGKILL)
            process.wait()
        if wait == "later":
            until(lambda: not eye.execute(alive, [orphan]).fetchall(), "the end of the orphan")
            assert invalid(gated.scratch) == ["items_gated_idx"]
        (run,) = gated.journal.runs()
        assert not run.finished
        with Beside(lambda: gated.outcomes(*run.pending)) as beside:
            until(lambda: phase_of(eye, PHASES[4]) not in (None, orphan), "the second build")
            snapshot.close()
    assert beside.result == ["built"]
    assert "dropping items_gated_idx, which an earlier attempt left invalid" in gated.said
    assert invalid(gated.scratch) == []


def test_an_interrupt_cancels_the_build_and_leaves_nothing(gated: Run) -> None:
    with holding(gated.scratch, "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ", "SELECT 1") as snapshot:
        with client(gated, STEP) as process, another(gated.scratch, autocommit=True) as eye:
            until(lambda: phase_of(eye, PHASES[4]), PHASES[4])
            process.send_signal(signal.SIGINT)
            said, _ = process.communicate(timeout=20)
        assert "KeyboardInterrupt" in said
        assert invalid(gated.scratch) == []
        snapshot.close()
    assert gated.outcomes(STEP) == ["built"]


def test_sigterm_does_what_ctrl_c_does(gated: Run) -> None:
    with holding(gated.scratch, "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ", "SELECT 1"):
        with client(gated, STEP) as process, another(gated.scratch, autocommit=True) as eye:
            until(lambda: phase_of(eye, PHASES[4]), PHASES[4])
            process.terminate()
            process.wait(timeout=20)
        assert invalid(gated.scratch) == []
