"""What standard error shows of a long run: on a terminal, in a pipe, when it is interrupted."""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from dbaudit.progress import counted
from tests.project import ROOT, Project, shop

MODELS = """
from django.db import models


class Item(models.Model):
    name = models.CharField(max_length=9)
"""
QUERIES = """
from dbaudit import query
from shop.models import Item


@query(label="Every item")
def every_item():
    return Item.objects.all()
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    made = shop(tmp_path_factory.mktemp("progress"), MODELS)
    made.write({"shop/dbaudit_queries.py": QUERIES})
    made.migrate()
    return made


def on_a_terminal(project: Project, *arguments: str, **environment: str) -> tuple[str, str]:
    """What the command writes to standard output, a pipe, and to standard error, a terminal."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "manage.py", "dbaudit", "report", *arguments],
        cwd=project.folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm", "COLUMNS": "120", **environment},
        stdout=subprocess.PIPE,
        stderr=theirs,
        text=True,
    )
    os.close(theirs)
    seen = b""
    try:
        while part := os.read(ours, 65536):
            seen += part
    except OSError:  # how a terminal says that the other end is closed
        pass
    finally:
        os.close(ours)
    assert process.stdout
    with process.stdout as stdout:
        said = stdout.read()
    assert process.wait() == 0, seen
    return said, seen.decode()


def test_in_a_pipe_there_is_no_progress(project: Project) -> None:
    done = project.manage("dbaudit", "report", "--format", "json")
    assert done.stderr == ""


@pytest.mark.needs("rich")
def test_on_a_terminal_a_bar_is_shown_and_standard_output_stays_clean(project: Project) -> None:
    said, seen = on_a_terminal(project, "--format", "json")
    assert "Reading the catalog of 'default'" in seen
    assert "Measuring the project's own queries" in seen
    assert said.startswith("{")
    assert "\x1b" not in said


@pytest.mark.needs("rich")
def test_in_a_narrow_terminal_the_stage_is_cut_and_neither_counts_nor_times_are(project: Project) -> None:
    _, seen = on_a_terminal(project, "--format", "json", COLUMNS="60")
    plain = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", seen)
    drawn = [line for line in re.split(r"[\r\n]+", plain) if line.strip()]
    assert drawn
    assert all(re.search(r" \d+/[\d?]+ +\d:\d\d:\d\d", line) for line in drawn)
    assert any("…" in line for line in drawn)


@pytest.mark.needs("rich")
def test_without_colours_the_bar_has_none(project: Project) -> None:
    _, seen = on_a_terminal(project, "--format", "json", NO_COLOR="1")
    assert not re.search(r"\x1b\[[0-9;]*3[0-9]m", seen)


def test_verbosity_0_is_quiet_on_a_terminal_too(project: Project) -> None:
    assert on_a_terminal(project, "--format", "json", "-v", "0")[1] == ""


def test_verbosity_2_tells_each_stage_query_and_statement(project: Project) -> None:
    done = project.manage("dbaudit", "report", "--format", "json", "-v", "2", "--no-color")
    lines = done.stderr.splitlines()
    assert "Reading the catalog of 'default'" in lines
    assert "  1 of 1: Every item" in lines
    assert any(line.startswith("    default: SELECT") for line in lines)


def test_an_interrupted_run_leaves_the_old_report_and_one_sentence(project: Project, tmp_path: Path) -> None:
    report = tmp_path / "report.md"
    report.write_text("of yesterday")
    process = subprocess.Popen(
        [sys.executable, "manage.py", "dbaudit", "report", "-v", "2", "--output", str(report)],
        cwd=project.folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr
    with process.stderr as stderr:
        assert "Reading the catalog" in stderr.readline()
        process.send_signal(signal.SIGINT)
        said = stderr.read()
    assert process.wait() == 130
    assert said.splitlines()[-1] == "Interrupted; nothing was written."
    assert "Traceback" not in said
    assert report.read_text() == "of yesterday"
    assert [*tmp_path.iterdir()] == [report]


def test_each_thing_is_told_when_it_is_there() -> None:
    told: list[tuple[str, int, int, str]] = []

    def tell(stage: str, done: int = 0, total: int = 0, what: str = "") -> None:
        told.append((stage, done, total, what))

    things = counted(tell, "Counting", [Path("a"), Path("b")], total=2)
    assert told == []
    assert next(things) == Path("a")
    assert told == [("Counting", 0, 2, ""), ("Counting", 1, 2, "")]
