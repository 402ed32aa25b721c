from __future__ import annotations

from typing import Any

from django.apps import apps as installed
from django.contrib.sessions.base_session import AbstractBaseSession
from django.test.utils import isolate_apps

from tests.scratch import Scratch

CHECK = "uncleared_table"


def sessions(scratch: Scratch, rows: int, age: str, table: str = "django_session") -> None:
    """So many sessions that expired so many days ago."""
    if scratch.vendor == "postgresql":
        series, moment = f"generate_series(1, {rows}) n", f"now() - interval '{age}'"
    else:
        series = f"(WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < {rows}) SELECT n FROM s)"
        moment = f"datetime('now', '-{age}')"
    scratch.execute(f"INSERT INTO {table} SELECT 's' || n, 'secret', {moment} FROM {series}")


def create(scratch: Scratch, label: str = "sessions.Session") -> Any:
    model = installed.get_model(label)
    scratch.create(model)
    return model


def test_silent_on_what_a_weekly_job_leaves(scratch: Scratch) -> None:
    create(scratch)
    sessions(scratch, 2_000, "6 days")
    assert not scratch.findings(CHECK, installed)


def test_silent_on_a_few_expired_rows(scratch: Scratch) -> None:
    create(scratch)
    sessions(scratch, 900, "9 days")
    assert not scratch.findings(CHECK, installed)


def test_silent_on_a_log_of_some_thousand_rows_and_on_unknown_models(scratch: Scratch) -> None:
    scratch.execute("CREATE TABLE django_admin_log (id integer PRIMARY KEY); INSERT INTO django_admin_log VALUES (1)")
    scratch.execute("CREATE TABLE django_session (session_key varchar(40) PRIMARY KEY)")  # another version's
    assert not scratch.findings(CHECK, installed)


def test_finds_expired_sessions_by_their_index_and_shows_no_value(scratch: Scratch) -> None:
    create(scratch)
    sessions(scratch, 1_500, "9 days")
    sessions_of_today = (
        "INSERT INTO django_session SELECT session_key || 'x', 'secret', '2999-01-01' FROM django_session"
    )
    scratch.execute(sessions_of_today)
    (found,) = scratch.findings(CHECK, installed, count_limit_bytes=0)  # the index is read whatever the table's size
    assert (found.key, found.severity, found.owner) == (CHECK + ":django_session", "info", "django")
    assert (found.evidence[0].value, found.category) == (1_500, "operations")
    assert found.remedy.orm == "python manage.py clearsessions"
    assert "secret" not in repr(found)


def test_a_hundred_thousand_expired_sessions_are_a_warning(postgres: Scratch) -> None:
    create(postgres)
    sessions(postgres, 100_500, "9 days")
    (found,) = postgres.findings(CHECK, installed)
    assert (found.severity, found.evidence[0].value) == ("warning", 100_000)
    assert found.evidence[0].what.endswith("at least")


@isolate_apps("tests")
def test_a_project_s_own_sessions_are_known_by_their_fields(scratch: Scratch) -> None:
    class Visit(AbstractBaseSession):
        class Meta:
            app_label = "tests"

    scratch.create(Visit)
    sessions(scratch, 1_500, "9 days", "tests_visit")
    assert [one.model for one in scratch.findings(CHECK, Visit._meta.apps)] == ["tests.Visit"]


def test_finds_a_log_that_nothing_empties(postgres: Scratch) -> None:
    postgres.execute(
        "CREATE TABLE django_admin_log (id int); INSERT INTO django_admin_log SELECT generate_series(1, 100000)"
    )
    (found,) = postgres.findings(CHECK, installed)
    assert (found.severity, found.confidence) == ("info", "low")
