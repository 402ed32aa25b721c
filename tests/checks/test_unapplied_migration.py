from __future__ import annotations

from pathlib import Path

import pytest
from django.apps import apps as installed
from django.apps.registry import Apps
from django.test import override_settings

from dbaudit import checks
from dbaudit.registry import registered
from tests import erp_database
from tests.migrations import INITIAL, SESSION, made_up, record
from tests.scratch import Scratch

CHECK = "unapplied_migration"
ADD = 'migrations.AddField("Session", "note", models.TextField(null=True))'


def keys(scratch: Scratch) -> list[str]:
    return [one.key for one in scratch.findings(CHECK, installed) if one.app == "sessions"]


def test_silent_on_a_migrated_database(scratch: Scratch) -> None:
    erp_database.migrate(scratch)
    assert not scratch.findings(CHECK, installed)


def test_silent_on_what_was_squashed_into_an_applied_one(
    sqlite: Scratch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(sqlite, "sessions.0001_initial", "sessions.0002_note")
    replaces = {"0001_squashed": ["0001_initial", "0002_note"]}
    with made_up(tmp_path, monkeypatch, {"0001_squashed": SESSION}, replaces=replaces):
        assert keys(sqlite) == []


def test_silent_on_applications_that_the_router_keeps_elsewhere(sqlite: Scratch) -> None:
    record(sqlite)
    with override_settings(DATABASE_ROUTERS=["tests.checks.test_unapplied_migration.Elsewhere"]):
        assert keys(sqlite) == []


class Elsewhere:
    """A router that keeps sessions on another database."""

    def allow_migrate(self, _: str, app_label: str, **__: object) -> bool | None:
        return False if app_label == "sessions" else None


def test_is_skipped_where_the_record_was_not_read(sqlite: Scratch) -> None:
    record(sqlite)
    checks.load(installed)
    chosen = [one for one in registered() if one.id == CHECK]
    outcome = checks.run(sqlite.snapshot(Apps([])), chosen)
    assert [one.what for one in outcome.skipped] == [CHECK]


def test_finds_each_migration_that_is_waiting_and_groups_them(
    scratch: Scratch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(scratch, "sessions.0001_initial")
    waiting = {**INITIAL, "0002_note": ADD, "0003_sql": 'migrations.RunSQL("SELECT 1")', "0004_nothing": ""}
    with made_up(tmp_path, monkeypatch, waiting):
        found = [one for one in scratch.findings(CHECK, installed) if one.app == "sessions"]
    assert [one.key for one in found] == [
        "unapplied_migration:sessions.0002_note",
        "unapplied_migration:sessions.0003_sql",
        "unapplied_migration:sessions.0004_nothing",
    ]
    assert [one.detail for one in found] == [
        "It changes sessions.session.",
        "It changes tables of its application.",
        "It changes no table.",
    ]
    assert {one.group for one in found} == {"Migrations of sessions are not applied here"}
    assert {(one.owner, one.severity) for one in found} == {("django", "warning")}
    assert found[0].remedy.orm == f"python manage.py migrate sessions --database {scratch.alias}"


def test_a_database_without_a_record_says_so_once(scratch: Scratch) -> None:
    scratch.execute("CREATE TABLE other (id int)")
    found = scratch.findings(CHECK, installed)
    assert {one.group for one in found} == {"This database has no record of migrations"}
    assert {one.owner for one in found} == {"project", "django"}
