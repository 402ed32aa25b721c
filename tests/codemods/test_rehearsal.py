"""Edited files are loaded in a second process before they are written, and laid out by the project's own formatter."""

from __future__ import annotations

from pathlib import Path

import pytest

from dbaudit.codemods import rehearsal, style
from dbaudit.codemods.changed import Changed
from dbaudit.errors import AuditError

ROOT = Path(__file__).parents[2]
MODELS = ROOT / "context7" / "core" / "models" / "settings.py"
MORE = '\n\nclass Extra(models.Model):\n    """One more."""\n'


@pytest.fixture(autouse=True)
def _settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DJANGO_SETTINGS_MODULE", "context7.settings")
    monkeypatch.delenv("DATABASE_URL", raising=False)


def edited(more: str) -> Changed:
    before = MODELS.read_text()
    return Changed(MODELS, before, before + more)


def test_silent_on_an_edit_that_needs_no_migration() -> None:
    rehearsal.refuse([edited("\nNOTHING_MORE = True\n")])


def test_silent_where_no_file_is_edited() -> None:
    rehearsal.refuse([])


def test_what_makemigrations_would_still_write_is_refused_by_name() -> None:
    before = MODELS.read_bytes()
    with pytest.raises(AuditError, match=r"makemigrations would still write: core: Create model Extra\. Nothing was"):
        rehearsal.refuse([edited(MORE)])
    assert MODELS.read_bytes() == before


def test_an_edit_that_does_not_load_is_refused_with_its_error() -> None:
    with pytest.raises(AuditError, match=r"The edited models do not load: NameError: name 'nonsense' is not defined"):
        rehearsal.refuse([edited("\nnonsense\n")])


def test_only_a_file_that_the_formatter_would_leave_as_it_is_is_formatted(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.ruff]\nline-length = 40\n")
    path, long = tmp_path / "models.py", "NAMES = [one, two, three, four, five, six, seven]\n"
    untidy = Changed(path, "a  =  1\n", f"a  =  1\n{long}")
    assert style.formatted(untidy) == untidy
    tidy = style.formatted(Changed(path, "a = 1\n", f"a = 1\n{long}"))
    assert (
        tidy.after
        == "a = 1\nNAMES = [\n    one,\n    two,\n    three,\n    four,\n    five,\n    six,\n    seven,\n]\n"
    )
