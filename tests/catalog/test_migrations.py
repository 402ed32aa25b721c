"""Migrations of the code against those on record."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.apps import apps as installed
from django.apps.registry import Apps
from django.test.utils import CaptureQueriesContext

from dbaudit.catalog.models import migrations
from dbaudit.connection.opening import connect
from dbaudit.connection.read_only import read_only
from dbaudit.facts import Migrations
from tests import erp_database
from tests.migrations import INITIAL, SESSION, made_up, record
from tests.scratch import Scratch, connected

ADD = 'migrations.AddField("Session", "note", models.TextField(null=True))'
RUN_SQL = 'migrations.RunSQL("SELECT 1")'


def read(scratch: Scratch) -> Migrations:
    found = scratch.snapshot(installed).migrations
    assert found is not None
    return found


def unapplied(scratch: Scratch) -> list[str]:
    return [one.name for one in read(scratch).unapplied if one.app == "sessions"]


def gone(scratch: Scratch) -> list[str]:
    return [str(one) for one in read(scratch).gone]


def test_nothing_is_left_on_a_migrated_database(scratch: Scratch) -> None:
    erp_database.migrate(scratch)
    found = read(scratch)
    assert (found.unapplied, found.gone, found.conflicts, found.unmade) == ((), (), (), frozenset())
    assert found.recorded
    assert {"erp", "auth"} <= found.apps <= found.installed


def test_everything_is_left_where_there_is_no_record(scratch: Scratch) -> None:
    scratch.execute("CREATE TABLE other (id int)")
    found = read(scratch)
    assert not found.recorded
    assert [str(one) for one in found.unapplied].count("erp.0001_initial") == 1
    assert "erp.salesorder" in next(one.models or () for one in found.unapplied if str(one) == "erp.0001_initial")


def test_takes_one_statement(scratch: Scratch) -> None:
    record(scratch, "sessions.0001_initial")
    snapshot = scratch.snapshot()
    with CaptureQueriesContext(scratch.connection) as captured:
        applied, skipped = migrations.recorded(scratch.connection, snapshot)
        migrations.read(scratch.connection, installed, snapshot, applied)
    assert (applied, skipped) == (frozenset({("sessions", "0001_initial")}), ())
    assert len(captured) == 1


def test_models_that_are_not_installed_have_no_migrations(scratch: Scratch) -> None:
    record(scratch, "sessions.0001_initial")
    assert scratch.snapshot(Apps([])).migrations is None


def test_a_record_without_a_file_is_gone_and_one_of_another_application_as_well(
    scratch: Scratch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(scratch, "sessions.0001_initial", "sessions.0002_lost", "removed.0001_initial")
    with made_up(tmp_path, monkeypatch, INITIAL):
        assert gone(scratch) == ["removed.0001_initial", "sessions.0002_lost"]
        assert unapplied(scratch) == []


def test_a_squashed_migration_counts_as_applied_where_all_that_it_replaces_is(
    scratch: Scratch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(scratch, "sessions.0001_initial", "sessions.0002_note")
    squashed = {"0001_initial": SESSION, "0002_note": ADD, "0001_squashed": f"{SESSION}, {ADD}"}
    replaces = {"0001_squashed": ["0001_initial", "0002_note"]}
    with made_up(tmp_path, monkeypatch, squashed, replaces=replaces, after={"0001_squashed": ""}):
        assert unapplied(scratch) == []
        assert gone(scratch) == []


def test_a_squashed_migration_hides_what_it_replaces_when_the_files_are_gone(
    scratch: Scratch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(scratch, "sessions.0001_initial", "sessions.0002_note")
    replaces = {"0001_squashed": ["0001_initial", "0002_note"]}
    with made_up(tmp_path, monkeypatch, {"0001_squashed": SESSION}, replaces=replaces):
        assert unapplied(scratch) == []
        assert gone(scratch) == []


def test_where_part_of_a_squashed_migration_is_applied_the_other_part_is_left(
    scratch: Scratch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(scratch, "sessions.0001_initial")
    squashed = {"0001_initial": SESSION, "0002_note": ADD, "0001_squashed": f"{SESSION}, {ADD}"}
    replaces = {"0001_squashed": ["0001_initial", "0002_note"]}
    with made_up(tmp_path, monkeypatch, squashed, replaces=replaces, after={"0001_squashed": ""}):
        assert unapplied(scratch) == ["0002_note"]


def test_a_squashed_migration_of_which_nothing_is_applied_is_left_as_one(
    scratch: Scratch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(scratch)
    squashed = {"0001_initial": SESSION, "0001_squashed": SESSION}
    replaces = {"0001_squashed": ["0001_initial"]}
    with made_up(tmp_path, monkeypatch, squashed, replaces=replaces, after={"0001_squashed": ""}):
        assert unapplied(scratch) == ["0001_squashed"]


def test_two_latest_migrations_are_a_conflict_and_raise_nothing(
    sqlite: Scratch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(sqlite)
    branches = {**INITIAL, "0002_one": ADD, "0002_other": RUN_SQL}
    with made_up(tmp_path, monkeypatch, branches, after={"0002_other": "0001_initial"}):
        found = read(sqlite)
    assert found.conflicts == (("sessions", ("0002_one", "0002_other")),)
    assert found.of(["erp"]).conflicts == ()
    assert {one.app for one in found.of(["erp"]).unapplied} == {"erp"}


def test_the_models_that_a_migration_changes_are_known_and_those_of_sql_are_not(
    sqlite: Scratch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(sqlite)
    apart = f"migrations.SeparateDatabaseAndState([{RUN_SQL}], [{ADD}])"
    data = "migrations.RunPython(migrations.RunPython.noop)"
    rename = 'migrations.RenameModel("Session", "Visit")'
    with made_up(
        tmp_path, monkeypatch, {**INITIAL, "0002_note": ADD, "0003_sql": apart, "0004_data": data, "0005_name": rename}
    ):
        own = {one.name: one for one in read(sqlite).unapplied if one.app == "sessions"}
    assert own["0002_note"].models == frozenset({"sessions.session"})
    assert own["0003_sql"].models is None
    assert own["0004_data"].models == frozenset()
    assert own["0005_name"].models == frozenset({"sessions.session", "sessions.visit"})
    assert own["0002_note"].touches("sessions", "sessions.Session")
    assert own["0003_sql"].touches("sessions", "sessions.Anything")
    assert not own["0003_sql"].touches("auth", "auth.User")
    assert not own["0004_data"].touches("sessions", "sessions.Session")


def test_what_models_declare_and_no_migration_has_is_named(
    sqlite: Scratch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(sqlite)
    with made_up(tmp_path, monkeypatch, INITIAL):
        assert read(sqlite).unmade == frozenset()
    other = SESSION.replace("max_length=40", "max_length=41").replace("(db_index=True)", "()")
    with made_up(tmp_path, monkeypatch, {"0001_initial": other}):
        assert read(sqlite).unmade == {
            ("sessions.Session", "session_key"),
            ("sessions.Session", "expire_date"),
        }


@pytest.mark.parametrize("source", ["1 / 0", 'migrations.AddField("Nothing", "x", models.TextField())', "oops("])
def test_migrations_that_cannot_be_loaded_are_skipped_with_the_reason(
    sqlite: Scratch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str
) -> None:
    record(sqlite)
    with made_up(tmp_path, monkeypatch, {"0001_initial": source}):
        snapshot = sqlite.snapshot(installed)
    assert snapshot.migrations is None
    (skipped,) = [one for one in snapshot.skipped if one.what == "migrations"]
    assert skipped.reason.startswith("They cannot be loaded: ")


def test_a_record_that_the_role_may_not_read_is_skipped_with_the_reason(postgres: Scratch) -> None:
    record(postgres)
    with connected("poor", postgres.role("poor")) as connection:
        connect(connection)
        with read_only(connection, statement_timeout_ms=9_000, lock_timeout_ms=2_000):
            applied, skipped = migrations.recorded(connection, postgres.snapshot())
    assert applied is None
    assert [one.reason for one in skipped] == ["Permission denied for table django_migrations."]
