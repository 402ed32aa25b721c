from __future__ import annotations

from pathlib import Path

import pytest
from django.apps import apps as installed

from tests.migrations import INITIAL, made_up, record
from tests.scratch import Scratch

CHECK = "conflicting_migrations"


def test_silent_where_each_application_has_one_latest_migration(sqlite: Scratch) -> None:
    record(sqlite)
    assert not sqlite.findings(CHECK, installed)


def test_finds_two_branches_that_were_never_merged(
    sqlite: Scratch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(sqlite)
    with made_up(tmp_path, monkeypatch, {**INITIAL, "0002_a": "", "0002_b": ""}, after={"0002_b": "0001_initial"}):
        (found,) = sqlite.findings(CHECK, installed)
    assert (found.key, found.severity) == ("conflicting_migrations:sessions", "error")
    assert found.detail == "Nothing says in which order 0002_a and 0002_b belong."
    assert found.remedy.orm == "python manage.py makemigrations --merge sessions"
