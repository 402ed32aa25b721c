"""Poolers: those that share sessions are refused before anything is set, and no session keeps anything of a run."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import psycopg
import pytest
from django.core.management import CommandError, call_command

from dbaudit.apply import running
from dbaudit.apply.postgresql import poolers
from dbaudit.errors import AuditError
from tests.apply.applying import QUICK, Run, creation, indexes, runner
from tests.pgbouncer import pooler
from tests.scratch import Scratch, connected

STEP = creation("items", "items_kind_idx", "(kind)")
KEPT = (
    "statement_timeout",
    "lock_timeout",
    "application_name",
    "default_transaction_isolation",
    "default_transaction_read_only",
    "client_connection_check_interval",
    "idle_in_transaction_session_timeout",
    "search_path",
    "enable_seqscan",
)
CLIENTS = 5


def client(entry: dict[str, Any]) -> psycopg.Connection[tuple[Any, ...]]:
    """Somebody else's connection through the pooler, without a name of its own."""
    return psycopg.connect(
        host=entry["HOST"],
        port=entry["PORT"],
        user=entry["USER"],
        password=entry["PASSWORD"],
        dbname=entry["NAME"],
        autocommit=True,
        prepare_threshold=None,
    )


def kept(entry: dict[str, Any], clients: int = CLIENTS) -> set[tuple[Any, ...]]:
    """What the sessions of the pool show to clients that come afterwards and are served all at once."""
    found: set[tuple[Any, ...]] = set()
    settings = ", ".join(f"current_setting('{name}')" for name in KEPT)
    barrier = threading.Barrier(clients)

    def ask() -> None:
        with client(entry) as connection:
            barrier.wait(10)
            row = connection.execute(f"SELECT {settings}, pg_sleep(0.1)::text").fetchone()
            found.add(row or ())

    threads = [threading.Thread(target=ask) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    return found


@contextmanager
def busy(entry: dict[str, Any], clients: int = CLIENTS) -> Iterator[None]:
    """Others who use the pool for as long as the block lasts; they have asked something when it begins."""
    over, begun = threading.Event(), [threading.Event() for _ in range(clients)]

    def work(at: int) -> None:
        while not over.is_set():
            with client(entry) as connection:
                for _ in range(5):
                    connection.execute("SELECT count(*) FROM generate_series(1, 2000)")
                    begun[at].set()

    threads = [threading.Thread(target=work, args=(at,)) for at in range(clients)]
    for thread in threads:
        thread.start()
    try:
        assert all(event.wait(20) for event in begun)
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join(20)


@pytest.mark.parametrize(
    ("answers", "told", "found"),
    [
        ([(0, 7), (0, 7), (1, 8), (1, 8)], [7, 8], "none"),
        ([(0, 7), (0, 7), (1, 8), (1, 8)], [101, 102], "session"),
        ([(0, 7), (0, 7), (1, 7), (1, 7)], [101, 102], "shared"),
        ([(0, 7), (0, 9), (1, 8), (1, 8)], [7, 8], "shared"),
        ([(0, 7), (0, 7), (1, 8), (1, 8)], [None, None], "unknown"),
        ([], [7, 8], "unknown"),
    ],
)
def test_what_the_answers_of_two_sessions_mean(
    answers: list[tuple[int, int]], told: list[int | None], found: str
) -> None:
    assert poolers.judged(answers, told) == found


@pytest.mark.parametrize("found", ["none", "session"])
def test_a_session_of_its_own_is_not_refused(found: Any) -> None:
    poolers.refuse(found)


def test_unknown_is_no_permission_and_the_sentence_says_how_to_connect_directly() -> None:
    with pytest.raises(AuditError, match=r"It is unknown whether a pooler .* with the server's own HOST and PORT\."):
        poolers.refuse("unknown")


def test_the_server_itself_is_told_from_a_pooler(postgres: Scratch) -> None:
    assert poolers.pooler(postgres.connection) == "none"


@pytest.mark.needs("pgbouncer")
@pytest.mark.parametrize("rotation", [False, True])
@pytest.mark.parametrize("mode", ["transaction", "statement"])
def test_a_pooler_that_shares_sessions_is_refused_and_its_sessions_keep_nothing(
    items: Run, tmp_path: Path, mode: Literal["transaction", "statement"], rotation: bool
) -> None:
    with (
        pooler(items.scratch.connection.settings_dict, tmp_path, mode, rotation=rotation) as entry,
        connected("pooled", entry) as connection,
    ):
        before = kept(entry)
        for _ in range(3):
            with pytest.raises(AuditError, match="A pooler stands between that shares sessions"):
                runner(Scratch(connection), tmp_path)(STEP)
            with pytest.raises(AuditError, match="A pooler stands between that shares sessions"):
                running.preflight(connection, [STEP], QUICK, running.Ears())
        connection.close()
        assert kept(entry) == before
    assert indexes(items.scratch) == ["items_pkey"]
    assert items.scratch.rows("SELECT FROM pg_locks WHERE locktype = 'advisory'") == []


@pytest.mark.needs("pgbouncer")
@pytest.mark.parametrize("mode", ["transaction", "statement"])
def test_a_busy_pooler_that_shares_sessions_is_refused_every_time(
    items: Run, tmp_path: Path, mode: Literal["transaction", "statement"]
) -> None:
    with (
        pooler(items.scratch.connection.settings_dict, tmp_path, mode) as entry,
        connected("pooled", entry) as connection,
    ):
        before = kept(entry)
        with busy(entry):
            found = [poolers.pooler(connection) for _ in range(10)]
            with pytest.raises(AuditError, match="shares sessions"):
                running.preflight(connection, [STEP], QUICK, running.Ears())
        connection.close()
        assert found == ["shared"] * 10
        assert kept(entry) == before


@pytest.mark.needs("pgbouncer")
def test_a_pooler_without_a_second_free_session_is_refused_as_unknown(
    items: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(poolers, "PATIENCE", 2)
    with (
        pooler(items.scratch.connection.settings_dict, tmp_path, "session", pool_size=2) as entry,
        connected("pooled", entry) as connection,
        pytest.raises(AuditError, match="It is unknown whether a pooler stands between"),
    ):
        runner(Scratch(connection), tmp_path)(STEP)


@pytest.mark.needs("pgbouncer")
@pytest.mark.parametrize("others", [False, True], ids=["idle", "busy"])
def test_through_a_pooler_in_session_mode_is_built_and_its_sessions_keep_nothing(
    items: Run, tmp_path: Path, others: bool
) -> None:
    settings = items.scratch.connection.settings_dict
    with (
        pooler(settings, tmp_path, "session", reset="") as entry,  # nothing is reset but by whoever leaves
        connected("pooled", entry) as connection,
    ):
        before = kept(entry)
        if others:
            with busy(entry, 3):
                (done,) = runner(Scratch(connection), tmp_path)(STEP)
        else:
            (done,) = runner(Scratch(connection), tmp_path)(STEP)
        connection.close()
        assert done.outcome == "built", done.reason
        assert kept(entry, 8) == before
        assert items.scratch.rows("SELECT FROM pg_locks WHERE locktype = 'advisory'") == []


@pytest.mark.needs("pgbouncer")
@pytest.mark.parametrize("action", [["report"], ["apply-indexes", "--dry-run"]], ids=["report", "apply-indexes"])
def test_a_pooler_in_statement_mode_which_allows_no_transaction_is_named_and_keeps_nothing(
    items: Run, tmp_path: Path, action: list[str]
) -> None:
    with (
        pooler(items.scratch.connection.settings_dict, tmp_path, "statement") as entry,
        connected("pooled", entry) as connection,
    ):
        before = kept(entry)
        with pytest.raises(CommandError, match="A pooler in statement mode stands between"):
            call_command("dbaudit", *action, "--database", "pooled", "-v0")
        connection.close()
        assert kept(entry) == before


@pytest.mark.needs("pgbouncer")
@pytest.mark.parametrize("mode", ["transaction", "session"])
def test_a_report_leaves_the_sessions_of_a_pool_as_they_were(
    items: Run, tmp_path: Path, mode: Literal["transaction", "session"]
) -> None:
    with (
        pooler(items.scratch.connection.settings_dict, tmp_path, mode, reset="") as entry,
        connected("pooled", entry) as connection,
    ):
        before = kept(entry)
        with pytest.raises(CommandError, match="has none of the"):  # which is told once all has been read
            call_command("dbaudit", "report", "--database", "pooled", "-v0")
        call_command("dbaudit", "apply-indexes", "--database", "pooled", "--dry-run", "--no-queries", "-v0")
        connection.close()
        assert kept(entry, 8) == before
