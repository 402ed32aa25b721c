"""What ``pip install django-dbaudit`` brings, read from a wheel that is built here."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

import dbaudit
from tests import project

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel and the source distribution."""
    folder = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-t", "sdist", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    return folder


@pytest.fixture(scope="module")
def wheel(distributions: Path) -> Path:
    """The wheel."""
    (path,) = distributions.glob("*.whl")
    return path


def test_the_wheel_contains_the_package_whole_and_nothing_else(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    metadata = {name for name in names if name.startswith(f"django_dbaudit-{dbaudit.__version__}.dist-info/")}
    package = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "dbaudit").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert names - metadata == package
    assert {"dbaudit/py.typed", "dbaudit/report/schema.json"} <= package


def test_the_wheel_needs_four_packages_and_names_its_extras(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        metadata = Parser().parsestr(archive.read(name).decode())
    assert (metadata["Name"], metadata["Version"]) == ("django-dbaudit", dbaudit.__version__)
    assert metadata["License-Expression"] == "BSD-3-Clause"
    assert metadata["Requires-Python"] == ">=3.11"
    requirements = metadata.get_all("Requires-Dist", [])
    assert {one for one in requirements if "extra ==" not in one} == {
        "django<6.2,>=5.2",
        "libcst>=1.5",
        "sqlglot>=30.20",
        "tabulate>=0.9",
    }
    extras = {"postgres", "toolbar", "queries", "migrations", "terminal"}
    assert set(metadata.get_all("Provides-Extra", [])) == extras


def test_the_source_distribution_contains_neither_the_reference_erp_nor_tests(distributions: Path) -> None:
    (path,) = distributions.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        folders = {name.split("/")[1] for name in archive.getnames()}
    assert "dbaudit" in folders
    assert not folders & {"context7", "erp", "inventory", "production", "tests", "benchmarks"}


def test_the_wheel_by_itself_audits_a_foreign_project(wheel: Path, tmp_path: Path) -> None:
    shutil.unpack_archive(wheel, tmp_path / "site", "zip")
    project.make(tmp_path)
    for command in (["migrate", "-v0"], ["dbaudit", "report", "--output", "report.md", "--output", "report.json"]):
        subprocess.run(
            [sys.executable, "manage.py", *command],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(tmp_path / "site")},
            check=True,
            capture_output=True,
        )
    assert (tmp_path / "report.md").stat().st_size
    assert (tmp_path / "report.json").stat().st_size
