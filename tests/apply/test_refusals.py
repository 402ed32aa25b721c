"""Where nothing may be begun, it is refused in one sentence that says what to do."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from django.db import transaction

from dbaudit.apply import running
from dbaudit.apply.postgresql.refusing import refuse_version
from dbaudit.errors import AuditError
from tests.apply.applying import QUICK, Run, creation, holding, indexes, invalid, runner, until
from tests.postgres import CONFIGURATION, HOST, _account, _free_port, main_server
from tests.scratch import Scratch, connected

STEP = creation("items", "items_kind_idx", "(kind)")


@pytest.mark.parametrize("version", [140000, 140003, 130010])
def test_servers_with_a_known_fault_are_refused(version: int) -> None:
    with pytest.raises(AuditError, match=r"14\.4"):
        refuse_version(version)


@pytest.mark.parametrize("version", [140004, 150018, 180000])
def test_other_servers_are_not_refused(version: int) -> None:
    refuse_version(version)


def test_inside_of_a_transaction_of_this_process_it_is_refused(items: Run) -> None:
    with transaction.atomic(using=items.scratch.alias), pytest.raises(AuditError, match="stands in a transaction"):
        items(STEP)


def test_a_role_that_may_only_read_is_refused(items: Run, tmp_path: Path) -> None:
    settings = items.scratch.role("reader")
    items.scratch.execute("ALTER ROLE reader SET default_transaction_read_only = on")
    with (
        connected("reader", settings) as connection,
        pytest.raises(AuditError, match="Transactions are read-only here"),
    ):
        runner(Scratch(connection), tmp_path)(STEP)


def test_a_role_that_does_not_own_the_table_is_told_who_does(items: Run, tmp_path: Path) -> None:
    settings = items.scratch.role("guest")
    items.scratch.execute("GRANT SELECT ON items TO guest")
    with connected("guest", settings) as connection:
        (done,) = runner(Scratch(connection), tmp_path)(STEP)
        connection.close()
    assert "The role guest does not own items: only dbaudit" in done.reason
    assert indexes(items.scratch) == ["items_pkey"]


def test_an_owner_without_superuser_builds(items: Run, tmp_path: Path) -> None:
    settings = items.scratch.role("shopkeeper")
    items.scratch.execute("GRANT CREATE ON SCHEMA public TO shopkeeper; ALTER TABLE items OWNER TO shopkeeper")
    with connected("shopkeeper", settings) as connection:
        own = runner(Scratch(connection), tmp_path)
        assert own.outcomes(STEP) == ["built"]
        (done,) = own(creation("items", "items_code_uniq", "(code)", unique=True, number=2))
        connection.close()
    assert done.outcome == "built"


def test_an_owner_who_may_not_create_in_the_schema_is_told_the_grant(items: Run, tmp_path: Path) -> None:
    settings = items.scratch.role("shopkeeper")
    items.scratch.execute("ALTER TABLE items OWNER TO shopkeeper")
    with connected("shopkeeper", settings) as connection:
        (done,) = runner(Scratch(connection), tmp_path)(STEP)
        connection.close()
    assert 'GRANT CREATE ON SCHEMA "public"' in done.reason


def test_a_table_that_is_gone_fails_its_step_and_not_the_others(items: Run) -> None:
    gone = creation("nothing", "nothing_idx", "(kind)")
    first, second = items(gone, replace(STEP, number=2))
    assert "The table nothing does not exist; audit again." in first.reason
    assert second.outcome == "built"


@contextmanager
def standby() -> Iterator[dict[str, object]]:
    """A hot standby of the main server, as an entry for DATABASES."""
    server, account = main_server(), _account()
    folder, port = Path(tempfile.mkdtemp(prefix="dbaudit-standby-")), _free_port()
    binaries = server.installation.binaries
    if account:
        shutil.chown(folder, account["user"], account["group"])
    where = f"host={HOST} port={server.port} user=dbaudit password={server.password} application_name=replica"
    data = str(folder / "data")
    copy = [
        str(binaries / "pg_basebackup"),
        "--dbname",
        where,
        "--pgdata",
        data,
        "--write-recovery-conf",
        "--checkpoint=fast",
    ]
    subprocess.run([*copy, "--no-sync"], check=True, cwd=folder, capture_output=True, **account)
    configuration = CONFIGURATION | {"port": str(port)}
    options = " ".join(f"-c {name}={value}" for name, value in configuration.items())
    control = [str(binaries / "pg_ctl"), f"--pgdata={data}", "--silent"]
    start = [*control, "start", "--wait", f"--log={folder / 'log'}", f"--options={options}"]
    subprocess.run(start, check=True, cwd=folder, **account)
    try:
        yield {**server.settings("scratch"), "PORT": str(port)}
    finally:
        subprocess.run([*control, "stop", "--mode=immediate"], check=True, cwd=folder, **account)
        shutil.rmtree(folder)


def test_a_standby_is_refused_and_its_lag_holds_builds_on_the_primary_up(items: Run, tmp_path: Path) -> None:
    with standby() as settings, connected("standby", settings) as connection:
        with pytest.raises(AuditError, match="This server is a standby"):
            runner(Scratch(connection), tmp_path)(STEP)
        shopkeeper = items.scratch.role("shopkeeper")
        with connected("shopkeeper", shopkeeper) as blind:
            seen = running.preflight(blind, [STEP], QUICK, running.Ears())
            blind.close()
        assert any("a replica whose lag is hidden from this role, so --max-lag does not hold" in one for one in seen)
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_wal_replay_pause()")
        lagging = "SELECT FROM pg_stat_replication WHERE replay_lag > interval '50 ms'"
        items.scratch.execute("UPDATE items SET kind = kind + 1")
        until(lambda: items.scratch.rows(lagging), "a lag")
        with holding(items.scratch, "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ", "SELECT 1"):
            (done,) = items(STEP, max_lag=1e-6, max_wait=0.2)
        assert "a replica lags by" in done.reason
        assert invalid(items.scratch) == []
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_wal_replay_resume()")
        assert items.outcomes(STEP) == ["built"]
        connection.close()
