"""Where code hosts find what a report names: from the root of the repository on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests import project
from tests.project import Project

MODELS = """
    from django.db import models


    class Book(models.Model):
        code = models.CharField(max_length=20)

        class Meta:
            indexes = [models.Index(fields=["code"], name="one"), models.Index(fields=["code"], name="two")]
"""


@pytest.fixture(scope="module")
def backend(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project in a folder of a repository, with two equal indexes and a table without a model."""
    root = tmp_path_factory.mktemp("repository")
    (root / ".git").mkdir()
    (root / "backend").mkdir()
    made = project.make(root / "backend", apps=("shop",))
    made.write({"shop/__init__.py": "", "shop/models.py": MODELS})
    made.manage("makemigrations", "shop", "-v0")
    made.manage("migrate", "-v0")
    sql = "CREATE TABLE stray (a INTEGER PRIMARY KEY)"
    made.manage("shell", "-v0", "-c", f"from django.db import connection as c; c.cursor().execute({sql!r})")
    return made


def paths(backend: Project) -> dict[str, str]:
    told = backend.manage("dbaudit", "report", "--no-queries", "--format", "gitlab").stdout
    places = {one["check_name"]: one["location"] for one in json.loads(told)}
    return {check: f"{place['path']}:{place['lines']['begin']}" for check, place in places.items()}


def line_of(backend: Project, file: str, beginning: str) -> int:
    lines = (backend.folder / file).read_text().splitlines()
    return next(number for number, line in enumerate(lines, 1) if line.startswith(beginning))


def model(backend: Project) -> int:
    return line_of(backend, "shop/models.py", "class Book")


def test_paths_begin_at_the_root_of_the_repository_and_what_has_no_line_is_where_the_databases_are_named(
    backend: Project,
) -> None:
    found = paths(backend)
    line = line_of(backend, "settings.py", "DATABASES")
    assert found["duplicate_index"] == f"backend/shop/models.py:{model(backend)}"
    assert found["table_without_model"] == f"backend/settings.py:{line}"


def test_other_formats_name_files_from_the_project_on(backend: Project) -> None:
    told = json.loads(backend.manage("dbaudit", "report", "--no-queries", "--format", "json").stdout)
    files = {
        one["location"]["file"]
        for one in told["databases"][0]["findings"]
        if one["owner"] == "project" and one["location"]
    }
    assert files == {"shop/models.py"}


def test_outside_a_repository_paths_begin_at_the_project(backend: Project, tmp_path: Path) -> None:
    assert paths(backend.copy(tmp_path))["duplicate_index"] == f"shop/models.py:{model(backend)}"


def test_paths_begin_at_the_root_also_where_base_dir_lies_inside_the_package(tmp_path: Path) -> None:
    made = project.make(tmp_path, apps=("shop",), contrib=())
    made.write({"shop/__init__.py": "", "shop/models.py": MODELS})
    made.commands(("makemigrations", "shop", "-v0"), ("migrate", "-v0"))
    made.configure('BASE_DIR = BASE_DIR / "shop"')
    (told,) = made.report("--no-queries", "--check", "duplicate_index")["databases"][0]["findings"]
    assert told["location"]["file"] == "shop/models.py"
