"""The action as its user meets it, in processes of its own."""

from __future__ import annotations

import json
import os
import pty
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from django.core.management import CommandError, call_command

from tests import project
from tests.apply.applying import PHASES, another, holding, invalid, phase_of, until
from tests.project import ROOT, Project
from tests.scratch import Scratch

SHOP = {
    "shop/__init__.py": "",
    "shop/models.py": """
        from django.db import models


        class Author(models.Model):
            name = models.CharField(max_length=50)


        class Book(models.Model):
            author = models.ForeignKey(Author, models.CASCADE, db_index=False)
            code = models.CharField(max_length=20)
    """,
}
APPLY = ("dbaudit", "apply-indexes", "--no-queries")


@pytest.fixture(scope="module")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A migrated project with one foreign key that has no index."""
    found = project.make(tmp_path_factory.mktemp("shop"), apps=("shop",), contrib=())
    found.write(SHOP)
    found.configure('DBAUDIT = {"FLOOR": {"table_rows": 0}}')  # the shop has no rows
    found.commands(("makemigrations", "shop", "-v0"), ("migrate", "-v0"))
    return found


@pytest.fixture
def shop(migrated: Project, tmp_path: Path) -> Project:
    """A copy of that project of the test's own."""
    return migrated.copy(tmp_path)


def indexes(shop: Project) -> list[str]:
    with closing(sqlite3.connect(shop.folder / "db.sqlite3")) as connection:
        rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = 'shop_book'")
        return [name for (name,) in rows]


def test_without_a_terminal_the_plan_is_printed_and_nothing_is_done(shop: Project) -> None:
    result = shop.manage(*APPLY, status=2)
    assert "Plan for database 'default': 1 step" in result.stdout
    assert "Run again with --noinput" in result.stderr
    assert indexes(shop) == []
    assert not list(shop.folder.glob("*.jsonl"))


def test_a_dry_run_prints_the_plan_for_programs_too(shop: Project) -> None:
    as_json, as_sql = shop.commands(*((*APPLY, "--dry-run", "--format", form) for form in ("json", "sql")))
    (step,) = json.loads(as_json)["steps"]
    assert step["action"] == "create"
    assert step["sql"] in as_sql
    assert indexes(shop) == []


def test_noinput_builds_the_index_names_the_model_edit_and_leaves_migrations_in_order(shop: Project) -> None:
    result = shop.manage(*APPLY, "--noinput")
    (name,) = indexes(shop)
    assert f"1. built {name} on shop_book" in result.stdout
    assert "The database is ahead of the models and migrations now." in result.stdout
    assert f"models.Index(fields=['author'], name={name!r})" in result.stdout
    *_, again = shop.commands(("makemigrations", "--check", "-v0"), ("migrate", "-v0"), (*APPLY, "--noinput"))
    assert "Nothing to do on database 'default'." in again
    undo = ("dbaudit", "apply-indexes", "--undo", "--noinput")
    *others, undone = shop.commands((*undo, "--only", "something else"), undo)
    assert others == [""]
    assert f"1. dropped {name} on shop_book" in undone
    assert indexes(shop) == []
    assert "has no run" in shop.refused(*undo)


def test_a_report_is_applied_and_what_it_tells_that_is_gone_is_left_out(shop: Project) -> None:
    shop.manage("dbaudit", "report", "--no-queries", "--output", "report.json")
    with closing(sqlite3.connect(shop.folder / "db.sqlite3")) as connection:
        connection.execute("ALTER TABLE shop_book RENAME COLUMN author_id TO writer_id")
    stale = shop.manage("dbaudit", "apply-indexes", "--from", "report.json", "--noinput")
    assert "shop_book has no column author_id (any more)." in stale.stdout
    with closing(sqlite3.connect(shop.folder / "db.sqlite3")) as connection:
        connection.execute("ALTER TABLE shop_book RENAME COLUMN writer_id TO author_id")
    shop.manage("dbaudit", "apply-indexes", "--from", "report.json", "--noinput")
    assert len(indexes(shop)) == 1


def test_on_a_terminal_it_asks_first_and_takes_no_for_an_answer(shop: Project) -> None:
    ours, theirs = pty.openpty()
    with closing(os.fdopen(ours, "wb", buffering=0)) as keyboard, closing(os.fdopen(theirs)) as terminal:
        keyboard.write(b"n\n")
        asked = subprocess.run(
            [sys.executable, "manage.py", *APPLY],
            cwd=shop.folder,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=terminal,
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
    assert "Carry it out? [y/N]" in asked.stderr
    assert "Nothing was changed." in asked.stderr
    assert indexes(shop) == []


def test_ctrl_c_leaves_nothing_and_the_run_is_resumed_and_undone(postgres: Scratch, shop: Project) -> None:
    settings = (shop.folder / "settings.py").read_text()
    database = {**postgres.connection.settings_dict, "TEST": {}}
    (shop.folder / "settings.py").write_text(f"{settings}\nDATABASES = {{'default': {database!r}}}\n")
    shop.manage("migrate", "-v0")
    command = [sys.executable, "manage.py", *APPLY, "--noinput"]
    with (
        holding(postgres, "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ", "SELECT 1") as snapshot,
        another(postgres, autocommit=True) as eye,
        subprocess.Popen(
            command,
            cwd=shop.folder,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process,
    ):
        until(lambda: phase_of(eye, PHASES[4]), PHASES[4])
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=30)
        assert process.returncode == 130
        assert "Interrupted; go on by: manage.py dbaudit apply-indexes --resume" in told
        assert "Traceback" not in told
        assert invalid(postgres) == []
        snapshot.close()
    names = "SELECT indexname FROM pg_indexes WHERE tablename = 'shop_book' AND indexname LIKE '%_idx'"
    assert "0 of 1 step done" in shop.manage("dbaudit", "apply-indexes", "--resume", "--noinput").stderr
    assert len(postgres.rows(names)) == 1
    shop.manage("dbaudit", "apply-indexes", "--undo", "--noinput")
    assert postgres.rows(names) == []


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--database", "defualt"], "Unknown database 'defualt'. Did you mean 'default'?"),
        (["--from", "none.json"], "Cannot read 'none.json'"),
        (["--from", "pyproject.toml"], "'pyproject.toml' is not whole JSON"),
        (["--resume", "--undo"], "exclude each other"),
        (["--resume", "--journal", "none.jsonl"], "has no run that is not finished on database"),
        (["--undo", "--journal", "pyproject.toml"], "'pyproject.toml' is not a journal"),
    ],
)
def test_bad_options_are_refused_in_one_sentence(sqlite: Scratch, arguments: list[str], sentence: str) -> None:
    sqlite.execute("CREATE TABLE anything (id int)")
    with pytest.raises(CommandError) as refused:
        call_command("dbaudit", "apply-indexes", "--noinput", "--database", sqlite.alias, *arguments)
    assert sentence in str(refused.value)
    assert refused.value.returncode == 2


def test_outside_of_the_window_the_plan_is_shown_and_nothing_is_done(shop: Project) -> None:
    now = datetime.now(ZoneInfo("America/Chicago"))  # Django's own, as the project sets none
    closed = f"{now + timedelta(hours=2):%H:%M}-{now + timedelta(hours=3):%H:%M}"
    result = shop.manage(*APPLY, "--noinput", "--window", closed, status=2)
    assert "Plan for database 'default': 1 step" in result.stdout
    assert f"--window {closed} lets no step begin; nothing was changed" in result.stderr
    assert indexes(shop) == []
    open_ = f"{now - timedelta(hours=2):%H:%M}-{now + timedelta(hours=2):%H:%M}"
    shop.manage(*APPLY, "--noinput", "--window", open_)
    assert len(indexes(shop)) == 1


def test_a_number_that_is_none_is_refused_in_words() -> None:
    with pytest.raises(CommandError, match="argument --max-steps/--max: '0' is no whole number from 1 on"):
        call_command("dbaudit", "apply-indexes", "--max", "0")


def test_a_key_that_nothing_is_recommended_by_is_refused(migrated: Project) -> None:
    result = migrated.manage(*APPLY, "--noinput", "--only", "unindexed_foreign_key:shop_book:autor_id", status=2)
    assert "Did you mean 'unindexed_foreign_key:shop_book:author_id'?" in result.stderr


def test_a_run_comes_to_its_end_where_nobody_reads_what_it_says(shop: Project) -> None:
    status, said = shop.unread(*APPLY, "--noinput")
    assert status == 0
    assert "Traceback" not in said
    assert indexes(shop)
