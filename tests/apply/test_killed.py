"""The server's process, the client or the connection dies while an index is built."""

# ruff: noqa: SIM117 - one line for each session

from __future__ import annotations

import signal
import subprocess
from pathlib import Path

import pytest
from pytest_django import DjangoDbBlocker

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
    runner,
    until,
)
from tests.apply.client import client
from tests.postgres import CONFIGURATION, Server, _account, main_server, start
from tests.scratch import postgres_scratch

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


def restart(server: Server, data: str) -> None:
    """Stop a server as its system does, and start it again."""
    settings = {**CONFIGURATION, "port": str(server.port), "shared_preload_libraries": server.installation.preload}
    control = [str(server.installation.binaries / "pg_ctl"), f"--pgdata={data}", "--silent", "--wait"]
    options = " ".join(f"-c {name}={value}" for name, value in settings.items())
    subprocess.run([*control, "stop", "--mode=fast"], check=True, cwd="/", **_account())
    subprocess.run([*control, "start", f"--log={data}/log", f"--options={options}"], check=True, cwd="/", **_account())


@pytest.mark.needs("postgresql")
def test_a_server_that_is_restarted_is_waited_for_and_the_build_completes(
    tmp_path: Path, django_db_blocker: DjangoDbBlocker
) -> None:
    own = start(main_server().installation)
    with django_db_blocker.unblock(), postgres_scratch(own) as scratch:
        scratch.connection.inc_thread_sharing()
        scratch.execute("CREATE TABLE items (id int, kind int); INSERT INTO items VALUES (1, 1)")
        ((data,),) = scratch.rows("SHOW data_directory")
        run = runner(scratch, tmp_path)
        with holding(scratch, "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ", "SELECT 1"):
            with Beside(lambda: run(creation("items", "items_kind_idx", "(kind)"))) as beside:
                with another(scratch, autocommit=True) as eye:
                    until(lambda: phase_of(eye, PHASES[4]), PHASES[4])
                restart(own, data)
        scratch.connection.close()
        (done,) = beside.result
        assert (done.outcome, done.retries) == ("built", 1)
        assert invalid(scratch) == []
    own.stop()
