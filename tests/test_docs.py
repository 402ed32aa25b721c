"""What the docs show is what the program does: output, commands, files, privileges, links."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, fields
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from dbaudit.conf import Settings
from dbaudit.findings import Floor, Targets
from tests.postgres import Server, main_server
from tests.project import make
from tests.scratch import Scratch

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
FENCE = re.compile(
    r"(?P<note><!-- not run: .+? -->\n+)?^```(?P<kind>\S+)(?: [^\n]*)?\n(?P<body>.*?)^```$", re.DOTALL | re.MULTILINE
)
#: What a reader starts from: the page that makes a project, and the pages that go on with it.
FIRST = "getting-started.md"
PAGES = sorted(
    path.name for path in DOCS.glob("*.md") if "```console" in path.read_text() and path.name not in (FIRST, "ci.md")
)


def run(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """One command line of the docs, as a reader would type it."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("DJANGO_", "DATABASE_"))}
    environment |= {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "COLUMNS": "80",
    }
    return subprocess.run(
        ["bash", "-c", command], cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=120
    )


def follow(page: str, folder: Path) -> Iterator[tuple[str, str]]:
    """Do what the page says, from its first block to its last: write its files, run its commands.

    Yields each command with its output.
    """
    for block in FENCE.finditer((DOCS / page).read_text()):
        named, _, text = block["body"].partition("\n\n")
        if named.startswith(":name: "):
            name, _, how = named.removeprefix(":name: ").partition(" ")
            path = folder / name
            path.write_text((path.read_text() if how else "") + text)
        elif block["kind"] == "console" and not block["note"]:
            for line in block["body"].splitlines():
                command = line.removeprefix("$ ")
                done = run(command, folder)
                assert done.returncode == 0, f"{page}: {command}\n{done.stdout}\n{done.stderr}"
                yield command, done.stdout


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    folder = tmp_path_factory.mktemp("docs")
    return folder, dict(follow(FIRST, folder))


def test_the_output_that_the_docs_show_is_what_the_program_prints() -> None:
    command = [sys.executable, "docs/blocks.py", "--check", "README.md"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)
    assert result.returncode == 0, result.stdout + result.stderr


def test_getting_started_leads_to_the_report_that_it_promises(started: tuple[Path, dict[str, str]]) -> None:
    folder, said = started
    report = said["python manage.py dbaudit report"]
    assert "Index order_status on shop_order is served by order_status_placed" in report
    assert (folder / "report.html").stat().st_size > 100_000
    assert "## Findings" in (folder / "report.md").read_text()


@pytest.mark.parametrize("page", PAGES)
def test_every_command_of_the_docs_runs(started: tuple[Path, dict[str, str]], page: str, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(started[0], tmp_path / "project"))
    said = dict(follow(page, folder))
    assert said or page == "production.md"


@pytest.mark.parametrize("number", [0, 1])
def test_the_grants_let_the_role_see_everything(postgres: Scratch, tmp_path: Path, number: int) -> None:
    """The docs' own SQL, on a server on which nobody else has any right."""
    server = main_server()
    database = postgres.connection.settings_dict["NAME"]
    make(tmp_path, database=server.settings(database)).manage("migrate", "-v0")
    script = [one["body"] for one in FENCE.finditer((DOCS / "production.md").read_text()) if one["kind"] == "sql"][
        number
    ]
    script = script.replace("DATABASE erp", f'DATABASE "{database}"')
    role = re.findall(r"CREATE ROLE (\w+)", script)[0]
    with closed_to_all(server, database, role), server.connect(database) as connection:
        connection.execute(script)
        reader = {**server.settings(database), "USER": role, "PASSWORD": "change me"}
        (tmp_path / "reader").mkdir()
        done = make(tmp_path / "reader", database=reader).manage(
            "dbaudit", "report", "--format", "json", "--no-queries"
        )
        (found,) = json.loads(done.stdout)["databases"]
        told = [
            one["reason"] for one in found["skipped"] if re.search(r"\brole\b|permission", one["reason"], re.IGNORECASE)
        ]
        assert told == []
        assert found["summary"]["records_are"] == "exact"
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(sql.SQL("SET ROLE {}; DELETE FROM auth_permission").format(sql.Identifier(role)))


def test_a_role_that_may_only_connect_is_told_what_it_lacks(postgres: Scratch, tmp_path: Path) -> None:
    server = main_server()
    database = postgres.connection.settings_dict["NAME"]
    with closed_to_all(server, database, "dbaudit_stranger"), server.connect(database) as connection:
        connection.execute("CREATE ROLE dbaudit_stranger LOGIN PASSWORD 'x'")
        connection.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO dbaudit_stranger").format(sql.Identifier(database)))
        reader = {**server.settings(database), "USER": "dbaudit_stranger", "PASSWORD": "x"}
        done = make(tmp_path, database=reader).manage("dbaudit", "report", "--output", "report.json", status=2)
    assert "grant USAGE" in done.stderr


def test_every_setting_stands_in_the_docs_with_its_default() -> None:
    page = (DOCS / "settings.md").read_text()
    rows = dict(re.findall(r"^\| `([A-Z_]+)` \| `?([^|`]+)`? \|", page, re.MULTILINE))
    assert set(rows) == {one.name.upper() for one in fields(Settings)}
    for one in fields(Settings):
        default = getattr(Settings(), one.name)
        if isinstance(default, bool | int | str):
            assert ast.literal_eval(rows[one.name.upper()]) == default
    nested = re.findall(r"^\| `([a-z_]+)` \| `([\d_]+)` \|", page, re.MULTILINE)
    assert {name: int(default) for name, default in nested} == asdict(Floor()) | asdict(Targets())


def messages() -> list[str]:
    """What the page on trouble quotes: the first cell of each row of its tables."""
    return re.findall(r"^\| `([^`]+)` \|", (DOCS / "troubleshooting.md").read_text(), re.MULTILINE)


@pytest.mark.parametrize("message", messages())
def test_the_program_says_what_the_docs_quote(message: str) -> None:
    program = "\n".join(path.read_text() for path in sorted((ROOT / "dbaudit").rglob("*.py")))
    assert re.search(re.escape(message).replace("…", r"\{[^}]+\}"), program)


class closed_to_all:  # noqa: N801 - read as words: `with closed_to_all(...)`
    """A database in which only its owner has rights; afterwards the role is gone, and all may connect again."""

    def __init__(self, server: Server, database: str, role: str) -> None:
        self._server, self._database, self._role = server, database, role

    def __enter__(self) -> None:
        with self._server.connect(self._database) as connection:
            connection.execute("REVOKE ALL ON SCHEMA public FROM PUBLIC")
            connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(sql.Identifier(self._database)))

    def __exit__(self, *_: object) -> None:
        role = sql.Identifier(self._role)
        with self._server.connect(self._database) as connection:
            connection.execute(sql.SQL("DROP OWNED BY {0}; DROP ROLE {0}").format(role))
            connection.execute("GRANT USAGE ON SCHEMA public TO PUBLIC")
            connection.execute(
                sql.SQL("GRANT CONNECT, TEMPORARY ON DATABASE {} TO PUBLIC").format(sql.Identifier(self._database))
            )


@pytest.mark.needs("sphinx")
def test_the_pages_are_built_without_a_warning_or_a_broken_link(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-d", str(tmp_path / "trees"), "docs"]
    result = subprocess.run(
        [*command, str(tmp_path / "html")], cwd=ROOT, capture_output=True, text=True, check=False, timeout=120
    )
    assert result.returncode == 0, result.stderr
    assert {f"{path.stem}.html" for path in DOCS.glob("*.md")} <= {path.name for path in (tmp_path / "html").iterdir()}
