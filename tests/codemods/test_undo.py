"""``--undo`` of a run with ``--migrations``, and ``--resume`` of one that was killed while it wrote files."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from dbaudit.apply.edited import Edited, edited
from dbaudit.apply.journal import Journal
from dbaudit.codemods.changed import Changed
from dbaudit.errors import AuditError
from dbaudit.management.declaring import write_files
from tests.codemods.test_whole_way import APPLY, KEY, MODELS, agree, schema, shop
from tests.disk import small_disk
from tests.project import Project


@pytest.fixture(scope="module")
def applied(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project whose one missing index was built and declared, with the migration recorded as applied."""
    project = shop(tmp_path_factory.mktemp("applied"))
    project.manage(*APPLY, "--migrations")
    project.manage("migrate", "-v0")
    return project


@pytest.fixture
def project(applied: Project, tmp_path: Path) -> Project:
    """A copy of that project of the test's own."""
    return applied.copy(tmp_path)


def migrations(project: Project) -> list[str]:
    return sorted(one.stem for one in (project.folder / "shop" / "migrations").glob("0*.py"))


def recorded(project: Project) -> list[str]:
    with closing(sqlite3.connect(project.folder / "db.sqlite3")) as connection:
        rows = connection.execute("SELECT name FROM django_migrations WHERE app = 'shop' ORDER BY id")
        return [name for (name,) in rows]


def models(project: Project) -> str:
    return (project.folder / "shop" / "models.py").read_text()


def cut_off(project: Project, event: str) -> None:
    """Make the journal that of a run killed just after it wrote this event."""
    journal = project.folder / "dbaudit-journal.jsonl"
    lines = journal.read_text().splitlines(keepends=True)
    last = next(number for number, line in enumerate(lines) if json.loads(line)["event"] == event)
    journal.write_text("".join(lines[: last + 1]))


def test_database_models_and_migrations_are_as_before_the_run(project: Project) -> None:
    planned = project.manage(*APPLY, "--undo", "--dry-run").stdout
    assert "-        indexes = [" in planned
    assert "+++ /dev/null" in planned
    assert "is recorded as applied here; that is taken out of django_migrations." in planned
    assert len(migrations(project)) == len(recorded(project)) == 2
    project.manage(*APPLY, "--undo")
    assert models(project) == MODELS.lstrip("\n")
    assert migrations(project) == recorded(project) == ["0001_initial"]
    agree(project, frozenset({KEY}))
    assert "has no run" in project.refused(*APPLY, "--undo")


def test_a_file_that_has_changed_since_is_named_and_nothing_is_taken_back(project: Project) -> None:
    edited = models(project) + "\n# more\n"
    project.write({"shop/models.py": edited})
    before = schema(project.folder / "db.sqlite3")
    refused = project.manage(*APPLY, "--undo", status=2).stderr
    assert "shop/models.py has changed since the run, so nothing was taken back" in refused
    assert models(project) == edited
    assert len(migrations(project)) == len(recorded(project)) == 2
    assert schema(project.folder / "db.sqlite3") == before


def test_a_migration_that_a_later_one_builds_on_is_not_taken_away(project: Project) -> None:
    project.manage("makemigrations", "shop", "--empty", "--name", "later", "-v0")
    refused = project.manage(*APPLY, "--undo", status=2).stderr
    assert "The migration shop.0003_later builds on shop.0002_" in refused
    assert len(migrations(project)) == 3


def test_a_migration_that_another_database_has_applied_is_not_taken_away(project: Project) -> None:
    other = project.folder / "other.sqlite3"
    other.write_bytes((project.folder / "db.sqlite3").read_bytes())
    project.configure('DATABASES["other"] = {"ENGINE": "django.db.backends.sqlite3", "NAME": "other.sqlite3"}')
    refused = project.manage(*APPLY, "--undo", status=2).stderr
    assert "is applied on database 'other', too" in refused
    assert "PREVIOUS --database other" in refused
    assert len(migrations(project)) == 2


def test_one_index_taken_back_leaves_the_files_and_says_so(project: Project) -> None:
    (run,) = (json.loads(line)["run"] for line in journal(project) if json.loads(line)["event"] == "run started")
    said = project.manage(*APPLY, "--undo", run, "--only", KEY).stdout
    assert "Models and migrations were left as they are: take the index out of its Meta.indexes by hand" in said
    assert len(migrations(project)) == 2


def test_the_journal_holds_only_the_lines_that_were_replaced(project: Project) -> None:
    (files,) = (json.loads(line)["files"] for line in journal(project) if json.loads(line)["event"] == "files written")
    assert [one["path"].rpartition("/")[0] for one in files] == ["shop/migrations", "shop"]
    assert [line for one in files for hunk in one["back"] for line in hunk["lines"]] == []


def journal(project: Project) -> list[str]:
    return (project.folder / "dbaudit-journal.jsonl").read_text().splitlines()


def test_a_run_killed_before_it_wrote_files_writes_them_when_it_is_resumed(project: Project) -> None:
    written, (migration,) = models(project), (project.folder / "shop" / "migrations").glob("0002_*.py")
    operations = migration.read_text()
    cut_off(project, "step ended")
    project.write({"shop/models.py": MODELS})
    migration.unlink()
    resumed = project.manage(*APPLY, "--resume")
    assert "1 of 1 step done" in resumed.stderr
    assert "Models and migrations are still to be brought level." in resumed.stdout
    assert models(project) == written
    assert migration.read_text() == operations


def test_a_run_killed_while_it_wrote_files_takes_them_back_and_goes_on(project: Project) -> None:
    written, (migration,) = models(project), (project.folder / "shop" / "migrations").glob("0002_*.py")
    operations = migration.read_text()
    cut_off(project, "files written")
    migration.unlink()
    refused = project.manage(*APPLY, "--resume", status=2).stderr
    assert "killed while it wrote files; those are as before again: shop/models.py" in refused
    project.manage(*APPLY, "--resume")
    assert models(project) == written
    assert migration.read_text() == operations


@pytest.mark.needs("mount")
def test_where_one_file_cannot_be_written_none_is(tmp_path: Path) -> None:
    new, journal = tmp_path / "0002_more.py", Journal(tmp_path / "journal.jsonl", run="run")
    with small_disk("64k") as disk:
        old = disk / "models.py"
        old.write_text("old\n")
        with pytest.raises(OSError, match="No space left"):
            (disk / "filler").write_bytes(bytes(2**17))
        files = [Changed(new, None, "new\n", "shop.0002_more"), Changed(old, "old\n", "new\n")]
        with pytest.raises(AuditError, match=r"the disk is full; .* models and migrations are as they were"):
            write_files(files, journal)
        assert old.read_text() == "old\n"
        assert not new.exists()
        assert [one.name for one in disk.iterdir() if one.name.startswith(".dbaudit")] == []


def test_the_lines_that_lead_back_lead_back_from_any_text() -> None:
    before = "a\r\nb\n\x0cc\nd"
    for after in ("", "x", "a\r\nb\n\x0cc\nd\n", "b\nX\nd", f"{before}\n{before}"):
        told = Edited.from_data(json.loads(json.dumps(edited("models.py", before, after).as_data())))
        assert told.taken_back(after) == before
        assert told.taken_back(before) == before
        with pytest.raises(ValueError, match=r"models\.py"):
            told.taken_back(f"{after} and more")
    assert edited("new.py", None, "x").taken_back("x") is None
