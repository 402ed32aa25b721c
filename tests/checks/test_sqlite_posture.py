from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from django.db import connection as default_connection
from pytest_django import Settings

from tests.checks.operations import unjudged
from tests.scratch import Scratch, connected

CHECK = "sqlite_posture"
GOOD = {"transaction_mode": "IMMEDIATE", "init_command": "PRAGMA journal_mode=WAL;"}


@pytest.fixture
def file(sqlite: Scratch) -> Scratch:
    sqlite.execute("CREATE TABLE t (id integer PRIMARY KEY)")
    return sqlite


@pytest.mark.parametrize(
    "options", [GOOD, {**GOOD, "transaction_mode": "exclusive"}, {**GOOD, "timeout": 30}, {**GOOD, "timeout": 5}]
)
def test_silent_on_wal_with_immediate_transactions_that_wait(file: Scratch, options: dict[str, Any]) -> None:
    with connected("good", {**file.connection.settings_dict, "OPTIONS": options}) as connection:
        assert not Scratch(connection).findings(CHECK)


def test_silent_on_a_journal_mode_that_is_kept_in_the_file(file: Scratch) -> None:
    file.execute("PRAGMA journal_mode=WAL")
    options = {"transaction_mode": "IMMEDIATE"}
    with connected("good", {**file.connection.settings_dict, "OPTIONS": options}) as connection:
        assert not Scratch(connection).findings(CHECK)


@pytest.mark.django_db
def test_silent_in_memory() -> None:
    assert not Scratch(default_connection).findings(CHECK)
    assert not Scratch(default_connection).findings("sqlite_in_production")


def test_r26_a_file_that_was_not_read_is_not_judged(file: Scratch) -> None:
    snapshot = file.snapshot()
    assert snapshot.posture
    unread = replace(snapshot, posture=replace(snapshot.posture, file=None))
    assert unjudged(CHECK, unread)
    assert unjudged("sqlite_in_production", unread)


def test_finds_sqlite_s_defaults_in_one_remark_and_the_remedy_ends_it(file: Scratch) -> None:
    (found,) = file.findings(CHECK)
    assert (found.key, found.severity, found.category) == (CHECK, "info", "operations")
    assert found.detail == "For this connection its journal mode is delete, transactions begin deferred."
    databases = {file.alias: {**file.connection.settings_dict, "OPTIONS": {}}}
    exec(found.remedy.orm, {"DATABASES": databases})  # noqa: S102
    with connected("good", databases[file.alias]) as connection:
        assert not Scratch(connection).findings(CHECK)


def test_the_remedy_keeps_the_commands_that_are_there(file: Scratch) -> None:
    options = {"init_command": "PRAGMA cache_size=4000;", "transaction_mode": "IMMEDIATE", "timeout": 1}
    with connected("some", {**file.connection.settings_dict, "OPTIONS": options}) as connection:
        (found,) = Scratch(connection).findings(CHECK)
    assert "it waits 1000 ms for a lock" in found.detail
    assert "'init_command': 'PRAGMA cache_size=4000; PRAGMA journal_mode=WAL'" in found.remedy.orm
    assert "'timeout': 20" in found.remedy.orm


@pytest.mark.parametrize(("debug", "severity"), [(False, "warning"), (True, "info")])
def test_finds_a_file_that_a_crash_may_damage(file: Scratch, settings: Settings, debug: bool, severity: str) -> None:
    settings.DEBUG = debug
    options = {**GOOD, "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF"}
    with connected("fast", {**file.connection.settings_dict, "OPTIONS": options}) as connection:
        (found,) = Scratch(connection).findings(CHECK)
    assert (found.key, found.severity) == (f"{CHECK}:unsafe", severity)
