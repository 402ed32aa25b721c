from __future__ import annotations

from dataclasses import replace

import pytest

from dbaudit.facts import ServerSetting
from tests.checks.operations import judge, local, unjudged
from tests.scratch import Scratch, connected

CHECK = "missing_timeout"
OPTIONS = "-c statement_timeout=30s -c lock_timeout=5s -c idle_in_transaction_session_timeout=60s"


def test_silent_where_options_set_them(postgres: Scratch) -> None:
    with connected("bounded", {**postgres.connection.settings_dict, "OPTIONS": {"options": OPTIONS}}) as connection:
        assert not Scratch(connection).findings(CHECK)


def test_silent_where_the_role_and_the_database_set_them(postgres: Scratch) -> None:
    entry = postgres.role("clerk")
    postgres.execute("""
        ALTER ROLE clerk SET statement_timeout = '30s';
        ALTER DATABASE scratch SET idle_in_transaction_session_timeout = '1min';
    """)
    with connected("clerk", entry) as connection:
        assert not Scratch(connection).findings(CHECK)


def test_silent_where_a_signal_handler_set_them_on_the_session(postgres: Scratch) -> None:
    postgres.execute("SET statement_timeout = '30s'; SET idle_in_transaction_session_timeout = '1min'")
    assert not postgres.findings(CHECK)


def test_silent_where_a_transaction_timeout_does_the_work_of_all(postgres_versions: Scratch) -> None:
    if postgres_versions.connection.get_database_version() < (17,):
        pytest.skip("transaction_timeout came with PostgreSQL 17")
    postgres_versions.execute("SET transaction_timeout = '1min'")
    assert not postgres_versions.findings(CHECK)


def test_r26_a_server_that_was_not_read_is_not_judged(postgres: Scratch) -> None:
    snapshot = postgres.snapshot()
    assert snapshot.posture
    assert unjudged(CHECK, replace(snapshot, posture=replace(snapshot.posture, server=None)))


def test_a_statement_timeout_also_ends_a_wait_for_a_lock(postgres: Scratch) -> None:
    postgres.execute("SET statement_timeout = '30s'")
    (found,) = postgres.findings(CHECK)
    assert found.subject == "Django's connection has no idle_in_transaction_session_timeout"


def test_r26_a_setting_that_the_server_does_not_have_counts_as_absent(postgres: Scratch) -> None:
    snapshot = postgres.snapshot()
    (found,) = judge(CHECK, local(snapshot, settings=(ServerSetting("statement_timeout", "1", "ms", "role"),)))
    assert found.subject == "Django's connection has no idle_in_transaction_session_timeout"
    assert not found.evidence


def test_finds_all_that_are_missing_in_one_remark_and_its_statement_can_be_taken_back(postgres: Scratch) -> None:
    entry = postgres.role("clerk")
    with connected("clerk", entry) as connection:
        clerk = Scratch(connection)
        (found,) = clerk.findings(CHECK)
        assert (found.key, found.severity, found.category) == (CHECK, "info", "operations")
        assert [(one.what, one.value, one.unit) for one in found.evidence] == [
            ("statement_timeout", 0, "ms"),
            ("lock_timeout", 0, "ms"),
            ("idle_in_transaction_session_timeout", 0, "ms"),
        ]
        clerk.execute(found.remedy.sql)
        connection.close()
        assert not clerk.findings(CHECK)
        clerk.execute(found.remedy.undo_sql)
        connection.close()
        assert len(clerk.findings(CHECK)) == 1


def test_the_remedy_in_django_s_words_is_true(postgres: Scratch) -> None:
    (found,) = postgres.findings(CHECK)
    databases = {postgres.alias: {**postgres.connection.settings_dict, "OPTIONS": {}}}
    exec(found.remedy.orm, {"DATABASES": databases})  # noqa: S102
    with connected("bounded", databases[postgres.alias]) as connection:
        assert not Scratch(connection).findings(CHECK)
