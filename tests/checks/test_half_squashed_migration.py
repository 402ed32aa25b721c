from __future__ import annotations

from pathlib import Path

import pytest
from django.apps import apps as installed

from tests.migrations import SESSION, made_up, record
from tests.scratch import Scratch

CHECK = "half_squashed_migration"
ADD = 'migrations.AddField("Session", "note", models.TextField(null=True))'
ALL = {"0001_initial": SESSION, "0002_note": ADD, "0001_squashed": f"{SESSION}, {ADD}"}
REPLACES = {"0001_squashed": ["0001_initial", "0002_note"]}


@pytest.mark.parametrize(
    ("files", "applied"),
    [
        (("0001_squashed",), ("0001_initial", "0002_note")),
        (("0001_squashed",), ()),
        (("0001_squashed",), ("0001_initial", "0001_squashed")),
        (("0001_initial", "0002_note", "0001_squashed"), ("0001_initial",)),
    ],
)
def test_silent_where_all_or_none_ran_or_the_rest_can_still_run(
    sqlite: Scratch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: tuple[str, ...], applied: tuple[str, ...]
) -> None:
    record(sqlite, *(f"sessions.{one}" for one in applied))
    made = {name: ALL[name] for name in files}
    with made_up(tmp_path, monkeypatch, made, replaces=REPLACES, after={"0001_squashed": ""}):
        assert not sqlite.findings(CHECK, installed)


def test_finds_a_squashed_migration_that_ran_by_half_and_whose_originals_are_gone(
    sqlite: Scratch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(sqlite, "sessions.0001_initial")
    with made_up(tmp_path, monkeypatch, {"0001_squashed": ALL["0001_squashed"]}, replaces=REPLACES):
        (found,) = sqlite.findings(CHECK, installed)
    assert found.key == "half_squashed_migration:sessions.0001_squashed"
    assert found.severity == "error"
    assert "sessions.0002_note, which did not run" in found.detail
