from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from dbaudit.checks.server_end_of_life import NOTICE_DAYS, POSTGRESQL_ENDS
from dbaudit.facts import Snapshot
from tests.checks.operations import elsewhere, judge, on, unjudged
from tests.scratch import Scratch

CHECK = "server_end_of_life"
END = POSTGRESQL_ENDS[15]


@pytest.fixture
def fifteen(postgres: Scratch) -> Snapshot:
    """The server as if it were a PostgreSQL 15 under the Django that asks for it."""
    return on(postgres.snapshot(), END, version=(15, 18), django_version=(6, 1))


def test_silent_while_the_version_gets_fixes_for_long_enough(fifteen: Snapshot) -> None:
    assert not judge(CHECK, on(fifteen, END - timedelta(days=NOTICE_DAYS + 1)))


def test_silent_on_a_version_newer_than_the_table(fifteen: Snapshot) -> None:
    assert not judge(CHECK, on(fifteen, date(2040, 1, 1), version=(99, 0)))


def test_silent_on_every_server_of_today_that_is_in_its_time(postgres_versions: Scratch) -> None:
    assert not judge(CHECK, on(postgres_versions.snapshot(), date(2026, 11, 23)))


def test_silent_on_an_sqlite_that_the_next_django_takes(sqlite: Scratch) -> None:
    sqlite.execute("CREATE TABLE t (id integer PRIMARY KEY)")
    assert not judge(CHECK, on(sqlite.snapshot(), date(2040, 1, 1), version=(3, 37, 0)))


def test_silent_where_the_next_django_is_already_there(sqlite: Scratch) -> None:
    sqlite.execute("CREATE TABLE t (id integer PRIMARY KEY)")
    assert not judge(CHECK, on(sqlite.snapshot(), date(2027, 1, 1), version=(3, 31, 1), django_version=(6, 1)))


def test_r26_a_server_whose_version_was_not_seen_is_not_judged(postgres: Scratch) -> None:
    snapshot = postgres.snapshot()
    assert unjudged(CHECK, on(snapshot, END, version=()))
    assert unjudged(CHECK, replace(snapshot, posture=None))


def test_a_remark_in_the_last_half_year_and_on_the_last_day(fifteen: Snapshot) -> None:
    for day in (END - timedelta(days=NOTICE_DAYS), END):
        (found,) = judge(CHECK, on(elsewhere(fifteen), day))
        assert (found.severity, found.key) == ("info", "server_end_of_life:PostgreSQL:15")
        assert "2027-11-11" in found.subject


def test_finds_a_version_without_fixes(fifteen: Snapshot) -> None:
    (found,) = judge(CHECK, on(elsewhere(fifteen), END + timedelta(days=1)))
    assert (found.severity, found.category) == ("warning", "operations")
    assert found.subject == "PostgreSQL 15 has had its last release"


def test_on_a_developer_s_machine_it_is_a_remark(fifteen: Snapshot) -> None:
    (found,) = judge(CHECK, on(fifteen, END + timedelta(days=1)))
    assert found.severity == "info"


@pytest.mark.parametrize(
    ("product", "version", "needed"), [("SQLite", (3, 31, 1), "3.37"), ("MariaDB", (10, 6, 2), "10.11")]
)
def test_a_remark_where_the_next_django_refuses_the_version(
    sqlite: Scratch, product: str, version: tuple[int, ...], needed: str
) -> None:
    sqlite.execute("CREATE TABLE t (id integer PRIMARY KEY)")
    seen = on(sqlite.snapshot(), date(2026, 11, 23), product=product, version=version, django_version=(5, 2))
    (found,) = judge(CHECK, seen)
    assert (found.severity, found.key) == ("info", "server_end_of_life:Django:6.1")
    assert f"needs {product} {needed}" in found.subject


def test_one_server_is_named_once_where_both_hold(postgres: Scratch) -> None:
    (found,) = judge(CHECK, on(elsewhere(postgres.snapshot()), date(2026, 11, 23), version=(14, 24)))
    assert found.subject == "PostgreSQL 14 has had its last release"
