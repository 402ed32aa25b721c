"""``pytest --dbaudit`` in a project of its own, run as a user runs it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from dbaudit.workload.recording import capture_file

CONFTEST = """
import django
from django.conf import settings
settings.configure(
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth"],
)
django.setup()

import pytest
from django.core.management import call_command

@pytest.fixture(autouse=True, scope="session")
def tables():
    call_command("migrate", verbosity=0)
"""
TESTS = """
import pytest
from django.contrib.auth.models import Permission

def test_quiet(): pass

@pytest.mark.dbaudit(max_queries=1)
def test_within(): assert Permission.objects.count()

@pytest.mark.dbaudit(max_queries=2)
def test_beyond():
    for permission in Permission.objects.all()[:3]:
        permission.content_type

def test_fixture(dbaudit_capture):
    Permission.objects.count()
    assert len(dbaudit_capture.statements) == 1
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "test_it.py").write_text(TESTS)
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --strict-markers\n")
    return tmp_path


def pytest_in(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    root = Path(__file__).parents[2]
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "DJANGO"))}
    environment |= {"PYTHONPATH": str(root), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    command = [sys.executable, "-m", "pytest", "-p", "dbaudit.pytest_plugin", *arguments]
    return subprocess.run(command, cwd=project, env=environment, text=True, capture_output=True, check=False)


def test_without_the_option_nothing_is_recorded_and_the_marker_is_known(project: Path) -> None:
    result = pytest_in(project)
    assert "4 passed" in result.stdout
    assert "section dbaudit" not in result.stdout
    assert not (project / ".dbaudit").exists()


def test_loading_the_plugin_imports_nothing_of_django() -> None:
    code = "import sys, dbaudit.pytest_plugin; sys.exit(any(name.split('.')[0] == 'django' for name in sys.modules))"
    root = Path(__file__).parents[2]
    assert subprocess.run([sys.executable, "-c", code], cwd=root, check=False).returncode == 0


def test_each_test_that_asks_is_written_and_a_marker_is_held_to(project: Path) -> None:
    result = pytest_in(project, "--dbaudit", "--dbaudit-file", "out/x.jsonl")
    assert "1 failed, 3 passed" in result.stdout
    assert "4 queries, where at most 2 are allowed:" in result.stdout
    assert "  test_it.py:12: SELECT" in result.stdout
    assert "3 tests asked the database" in result.stdout
    runs, skipped = capture_file.read(project / "out" / "x.jsonl", "default")
    assert skipped == ()
    queries = {run.id.rpartition("::")[2]: run.queries for run in runs}
    assert queries == {"test_within": 1, "test_beyond": 4, "test_fixture": 1}
    assert {run.status for run in runs} == {"not timed"}


def test_a_marker_that_says_nothing_fails_its_test(project: Path) -> None:
    (project / "test_it.py").write_text(TESTS.replace("max_queries=1", "queries=1"))
    assert "The marker is written @pytest.mark.dbaudit(max_queries=" in pytest_in(project, "--dbaudit").stdout


@pytest.mark.skipif(sys.platform == "win32", reason="xdist's workers are started differently there")
def test_workers_of_xdist_are_joined_in_one_file(project: Path) -> None:
    result = pytest_in(project, "-p", "xdist", "-n", "2", "--dbaudit")
    assert "1 failed, 3 passed" in result.stdout, result.stdout + result.stderr
    assert "3 tests asked the database" in result.stdout
    folder = project / ".dbaudit"
    assert [path.name for path in folder.iterdir()] == ["tests.jsonl"]
    runs, skipped = capture_file.read(folder / "tests.jsonl", "default")
    assert (len(runs), skipped) == (3, ())


@pytest.mark.skipif(sys.platform == "win32", reason="xdist's workers are started differently there")
def test_a_worker_of_xdist_that_dies_takes_only_its_own_test_along(project: Path) -> None:
    dying = "\nimport os\n\ndef test_zz_dies():\n    Permission.objects.count()\n    os._exit(3)\n"
    (project / "test_it.py").write_text(TESTS + dying)
    result = pytest_in(project, "-p", "xdist", "-n", "2", "--dbaudit")
    assert "2 failed, 3 passed" in result.stdout, result.stdout + result.stderr
    assert "3 tests asked the database" in result.stdout
    assert [path.name for path in (project / ".dbaudit").iterdir()] == ["tests.jsonl"]


def test_a_file_that_cannot_be_written_is_one_sentence(project: Path) -> None:
    (project / "out").write_text("")
    result = pytest_in(project, "--dbaudit", "--dbaudit-file", "out/x.jsonl")
    assert result.returncode == pytest.ExitCode.USAGE_ERROR
    assert "ERROR: --dbaudit-file: " in result.stderr
    assert "out/x.jsonl cannot be written: " in result.stderr
    assert "Traceback" not in result.stderr


def test_no_test_fails_by_a_file_that_can_no_longer_be_written(project: Path) -> None:
    (project / "test_it.py").write_text(
        TESTS + "\n\ndef test_a_thief(request):\n"
        "    from pathlib import Path\n"
        "    path = Path(request.config.rootpath, '.dbaudit/tests.jsonl')\n"
        "    path.unlink(); path.mkdir()\n"
        "    Permission.objects.count()\n"
        "    request.addfinalizer(path.rmdir)\n"
    )
    result = pytest_in(project, "--dbaudit")
    assert "1 failed, 4 passed" in result.stdout
    assert "tests.jsonl could not be written any more: Is a directory" in result.stdout
