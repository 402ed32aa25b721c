"""``apply-indexes --migrations`` through ``manage.py``: database, models and migrations agree afterwards."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.postgres import main_server
from tests.project import Project, make
from tests.scratch import Scratch

MODELS = '''
"""The shop."""

from django.db import models


class Dated(models.Model):
    placed = models.DateTimeField()

    class Meta:
        abstract = True
        ordering = ["-placed"]


class Customer(models.Model):
    email = models.EmailField()  # not unique, alas


class Order(Dated):
    customer = models.ForeignKey(Customer, models.CASCADE, db_index=False)
    status = models.CharField(max_length=10)

    def __str__(self):
        return self.status
'''
APPLY = ("dbaudit", "apply-indexes", "--noinput", "--no-queries")
FLOOR = 'DBAUDIT = {"FLOOR": {"table_rows": 0}}'  # the shops have no rows
KEY = "unindexed_foreign_key:shop_order:customer_id"


def shop(folder: Path, database: dict[str, object] | None = None) -> Project:
    project = make(folder, apps=("shop",), contrib=("django.contrib.contenttypes",), database=database)
    project.write({"shop/__init__.py": "", "shop/models.py": MODELS})
    project.configure(FLOOR)
    project.commands(("makemigrations", "shop", "-v0"), ("migrate", "-v0"))
    return project


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return shop(tmp_path_factory.mktemp("shop"))


REPORT = ("dbaudit", "report", "--no-queries", "--format", "json")


def keys(report: str) -> set[str]:
    """The keys of the project's findings in a JSON report."""
    (database,) = json.loads(report)["databases"]
    return {one["key"] for one in database["findings"] if one["owner"] == "project" and one["category"] == "schema"}


def agree(project: Project, found: frozenset[str] = frozenset(), *before: tuple[str, ...]) -> None:
    """What every developer would check first, after these commands."""
    check = ("makemigrations", "--check", "--dry-run")
    *_, report = project.commands(*before, check, ("migrate", "-v0"), REPORT)
    assert keys(report) == found


def schema(file: Path) -> set[tuple[str, str]]:
    with closing(sqlite3.connect(file)) as connection:
        return {
            *connection.execute(
                "SELECT name, sql FROM sqlite_master WHERE name LIKE 'shop_%' OR tbl_name LIKE 'shop_%'"
            )
        }


def test_on_sqlite_all_three_agree_and_an_empty_database_ends_in_the_same_schema(made: Project, tmp_path: Path) -> None:
    project = made.copy(tmp_path)
    report, said = project.commands(REPORT, (*APPLY, "--migrations"))
    assert keys(report) == {KEY}
    assert "+    class Meta(Dated.Meta):" in said
    source = (tmp_path / "shop" / "models.py").read_text()
    assert "# not unique, alas" in source
    assert "    class Meta(Dated.Meta):\n        indexes = [\n            models.Index(fields=" in source
    agree(project)
    before = schema(tmp_path / "db.sqlite3")
    (tmp_path / "db.sqlite3").unlink()
    agree(project, frozenset(), ("migrate", "-v0"))
    assert schema(tmp_path / "db.sqlite3") == before


def test_on_postgresql_all_three_agree_also_where_an_index_was_built_by_hand(postgres: Scratch, tmp_path: Path) -> None:
    entry = main_server().settings(postgres.connection.settings_dict["NAME"])
    project = shop(tmp_path, entry)
    project.manage(*APPLY, "--migrations")
    (migration,) = (tmp_path / "shop" / "migrations").glob("0002_*.py")
    assert migration.read_text().count("atomic = False") == 1
    assert "EnsureIndex(" in migration.read_text()
    agree(project)
    (index,) = [one for one in indexes(postgres) if one != "shop_order_pkey"]
    project.manage("migrate", "shop", "0001", "-v0")
    assert index not in indexes(postgres)
    # As if somebody had built it by hand, under a name of his own.
    postgres.execute('CREATE INDEX "by hand" ON shop_order (customer_id)')
    agree(project)
    assert indexes(postgres) == {"shop_order_pkey", index}
    project.manage(*APPLY, "--undo")
    assert indexes(postgres) == {"shop_order_pkey"}
    assert (tmp_path / "shop" / "models.py").read_text() == MODELS.lstrip("\n")
    assert not migration.exists()
    agree(project, frozenset({KEY}))


def indexes(postgres: Scratch) -> set[str]:
    with postgres.connection.cursor() as cursor:
        cursor.execute("SELECT indexname FROM pg_indexes WHERE tablename = 'shop_order'")
        return {name for (name,) in cursor.fetchall()}


def test_a_dropped_index_of_a_field_leaves_the_field_too(made: Project, tmp_path: Path) -> None:
    project = made.copy(tmp_path)
    wide = MODELS.replace(", db_index=False", "") + (
        '\n    class Meta(Dated.Meta):\n        indexes = [models.Index(fields=["customer", "status"], name="wide")]\n'
    )
    project.write({"shop/models.py": wide})
    drop = (*APPLY, "--drop-redundant", "--migrations")
    project.commands(("makemigrations", "shop", "-v0"), ("migrate", "-v0"), drop)
    assert "models.CASCADE, db_index=False)" in (tmp_path / "shop" / "models.py").read_text()
    agree(project)


def test_without_the_option_the_edit_is_told_and_written_when_it_is_asked_for_later(
    made: Project, tmp_path: Path
) -> None:
    project = made.copy(tmp_path)
    said = project.manage(*APPLY).stdout
    assert "The database is ahead of the models and migrations now." in said
    assert (tmp_path / "shop" / "models.py").read_text() == MODELS.lstrip("\n")
    later = "manage.py dbaudit apply-indexes --resume --migrations"
    assert later in said
    project.manage(*later.split()[1:], "--noinput")
    agree(project)
    assert "no run that is not finished" in project.refused(*later.split()[1:], "--noinput")


def test_an_application_without_that_label_is_refused_before_anything_is_built(made: Project, tmp_path: Path) -> None:
    project = made.copy(tmp_path)
    before = schema(tmp_path / "db.sqlite3")
    refused = project.refused(*APPLY, "--migrations", "--into-app", "shpo")
    assert "--into-app shpo: no application has that label" in refused
    assert schema(tmp_path / "db.sqlite3") == before


def test_an_application_without_migrations_is_refused_before_anything_is_built(made: Project, tmp_path: Path) -> None:
    project = made.copy(tmp_path)
    shutil.rmtree(tmp_path / "shop" / "migrations")
    before = schema(tmp_path / "db.sqlite3")
    refused = project.refused(*APPLY, "--migrations")
    assert "The application shop has no migrations; run `manage.py makemigrations shop` first." in refused
    assert schema(tmp_path / "db.sqlite3") == before


PARTS = """
from django.db import models


class Part(models.Model):
    pass


class Piece(models.Model):
    part = models.ForeignKey(Part, models.CASCADE, db_index=False)
"""


def test_indexes_of_other_packages_are_built_by_a_migration_of_the_application_that_is_named(tmp_path: Path) -> None:
    more = 'import sys\nsys.path.insert(0, str(BASE_DIR / "site-packages"))'
    project = make(tmp_path, apps=("shop", "parts"), contrib=("django.contrib.contenttypes",), more=f"{more}\n{FLOOR}")
    installed = tmp_path / "site-packages" / "parts"
    project.write({"shop/__init__.py": "", "shop/models.py": MODELS})
    project.write({"site-packages/parts/__init__.py": "", "site-packages/parts/models.py": PARTS})
    *_, report = project.commands(("makemigrations", "shop", "parts", "-v0"), ("migrate", "-v0"), REPORT)
    told = json.loads(report)
    (advice,) = (one for one in told["databases"][0]["recommendations"] if one["remedy"]["kind"] == "create_index")
    remedy = {**advice["remedy"], "table": "parts_piece", "columns": ["part_id"], "name": "piece_part_idx"}
    told["databases"][0]["recommendations"].append({**advice, "findings": [], "remedy": remedy})
    (tmp_path / "report.json").write_text(json.dumps(told))
    package = {one: one.read_text() for one in installed.rglob("*.py")}
    said = project.manage(*APPLY, "--from", "report.json", "--migrations", "--into-app", "shop").stdout
    assert "Models of other packages are left as they are; the migration in shop builds their indexes." in said
    assert {one: one.read_text() for one in installed.rglob("*.py")} == package
    own, others = sorted((tmp_path / "shop" / "migrations").glob("000[23]_*.py"))
    assert "app_label='parts'" in others.read_text()
    assert own.stem in others.read_text()
    before = pieces(tmp_path)
    (tmp_path / "db.sqlite3").unlink()
    agree(project, frozenset(), ("migrate", "-v0"))
    assert len(before) == 1
    assert pieces(tmp_path) == before


def pieces(folder: Path) -> set[str]:
    with closing(sqlite3.connect(folder / "db.sqlite3")) as connection:
        rows = connection.execute("SELECT sql FROM sqlite_master WHERE type = 'index' AND tbl_name = 'parts_piece'")
        return {sql for (sql,) in rows}


def test_json_of_the_plan_stays_json_with_the_option(made: Project, tmp_path: Path) -> None:
    project = made.copy(tmp_path)
    assert json.loads(project.manage(*APPLY, "--migrations", "--dry-run", "--format", "json").stdout)
    assert (tmp_path / "shop" / "models.py").read_text() == MODELS.lstrip("\n")
