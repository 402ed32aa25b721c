from __future__ import annotations

from pathlib import Path

import pytest
from django.apps import apps as installed

from tests import erp_database
from tests.migrations import INITIAL, SESSION, made_up, record
from tests.scratch import Scratch

CHECK = "ghost_migration"


def test_silent_on_a_migrated_database(scratch: Scratch) -> None:
    erp_database.migrate(scratch)
    assert not scratch.findings(CHECK, installed)


def test_silent_on_what_a_squashed_migration_replaces(
    sqlite: Scratch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(sqlite, "sessions.0001_initial", "sessions.0002_note")
    replaces = {"0001_squashed": ["0001_initial", "0002_note"]}
    with made_up(tmp_path, monkeypatch, {"0001_squashed": SESSION}, replaces=replaces):
        assert not sqlite.findings(CHECK, installed)


def test_finds_a_migration_that_is_gone_and_takes_it_out_of_the_record(
    scratch: Scratch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(scratch, "sessions.0001_initial", "sessions.0002_it's")
    with made_up(tmp_path, monkeypatch, INITIAL):
        (found,) = scratch.findings(CHECK, installed)
        assert (found.key, found.severity) == ("ghost_migration:sessions.0002_it's", "warning")
        assert "migrate sessions --prune" in found.remedy.orm
        scratch.execute(found.remedy.sql)
        assert not scratch.findings(CHECK, installed)
        scratch.execute(found.remedy.undo_sql)
        assert [one.key for one in scratch.findings(CHECK, installed)] == [found.key]


def test_of_an_application_that_is_not_installed_it_is_a_remark(scratch: Scratch) -> None:
    record(scratch, "removed.0001_initial", "removed.0002_more")
    found = scratch.findings(CHECK, installed)
    assert {one.severity for one in found} == {"info"}
    assert {one.group for one in found} == {"Migrations of removed, which is not installed, are on record"}
