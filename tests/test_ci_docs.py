"""``docs/ci.md`` and the project's own workflows: valid by the hosts' schemas, and their shell lines run."""

from __future__ import annotations

import io
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from markdown_it import MarkdownIt
from ruamel.yaml import YAML

from dbaudit.management.commands.dbaudit import Command
from dbaudit.policy import baseline, budgets
from dbaudit.report import write
from tests import project
from tests.project import Project

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "ci.md"
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
#: What only the host's own machine can do: these words begin commands that are not run here.
HOSTS_OWN = ("python -m pip install", "gh pr comment", "git add")
REPORTS = ["report.md", "report.json"]


@dataclass(frozen=True)
class Block:
    """A fenced block of the page."""

    language: str
    content: str

    @property
    def data(self) -> Any:
        return YAML(typ="safe").load(io.StringIO(self.content))


BLOCKS = [Block(token.info, token.content) for token in MarkdownIt().parse(PAGE.read_text()) if token.type == "fence"]
YAMLS = [block for block in BLOCKS if block.language == "yaml"]
(GITHUB,) = (block for block in YAMLS if "jobs" in block.data)
(HOOK,) = (block for block in YAMLS if "repos" in block.data)
(GITLAB,) = (block for block in YAMLS if block not in (GITHUB, HOOK))
(SHELL,) = (block for block in BLOCKS if block.language == "sh")


def valid(schema: str, path: Path, *more: str) -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.{schema}", *more, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def github_lines(workflow: Any) -> Iterator[str]:
    for job in workflow["jobs"].values():
        yield from (step["run"] for step in job["steps"] if "run" in step)


def here(script: str) -> str:
    """The script without what only the host can do; a command may go on over several lines."""
    joined = script.replace("\\\n", " ")
    return "\n".join(line for line in joined.splitlines() if not line.strip().startswith(HOSTS_OWN))


def run(shop: Project, *scripts: str, status: int = 0, **more: str) -> str:
    """Run shell lines as a host does, each script in a shell of its own; what they said on standard output."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("DJANGO_", "DATABASE_"))}
    environment = {**kept, "PYTHONPATH": str(ROOT), "PATH": f"{Path(sys.executable).parent}{os.pathsep}{kept['PATH']}"}
    told = ""
    for number, script in enumerate(scripts, 1):
        done = subprocess.run(
            ["bash", "-eo", "pipefail", "-c", here(script)],
            cwd=shop.folder,
            env={**environment, **more},
            capture_output=True,
            text=True,
            check=False,
        )
        expected = status if number == len(scripts) else 0
        assert done.returncode == expected, f"{script}\n{done.stdout}\n{done.stderr}"
        told += done.stdout
    return told


@pytest.fixture(scope="module")
def adopted(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project that did what the beginning of the page says."""
    shop = project.make(tmp_path_factory.mktemp("ci"), apps=("shop",))
    shop.write(
        {
            "shop/__init__.py": "",
            "shop/models.py": """
                from django.db import models


                class Book(models.Model):
                    title = models.CharField(max_length=20)
            """,
            "shop/dbaudit_queries.py": """
                from dbaudit import query
                from shop.models import Book


                @query()
                def books():
                    return Book.objects.all()
            """,
        }
    )
    shop.manage("makemigrations", "shop", "-v0")
    shop.manage("migrate", "-v0")
    for block in BLOCKS:
        if block.language == "console":
            run(shop, *(line.removeprefix("$ ") for line in block.content.splitlines()))
    return shop


@pytest.fixture
def shop(adopted: Project, tmp_path: Path) -> Project:
    return adopted.copy(tmp_path / "shop")


def test_the_workflows_are_valid(tmp_path: Path) -> None:
    for path in WORKFLOWS:
        valid("github-workflows", path)
    (tmp_path / "workflow.yml").write_text(GITHUB.content)
    valid("github-workflows", tmp_path / "workflow.yml")
    (tmp_path / "gitlab.yml").write_text(GITLAB.content)
    valid("gitlab-ci", tmp_path / "gitlab.yml", "--data-transform", "gitlab-ci")


def test_the_page_adopts_a_baseline_and_budgets(adopted: Project) -> None:
    assert (adopted.folder / "dbaudit-baseline.txt").read_text().endswith("# end\n")
    assert "canned:shop.books  queries=1" in (adopted.folder / "dbaudit-budgets.txt").read_text()


def test_the_workflow_for_github_runs_and_fills_the_summary(shop: Project, tmp_path: Path) -> None:
    summary = tmp_path / "summary.md"
    told = run(shop, *github_lines(GITHUB.data), GITHUB_STEP_SUMMARY=str(summary))
    assert "dbaudit: default: " in told
    assert summary.read_text().startswith("# Database performance audit\n")
    for name in (*REPORTS, "report.sarif", "main/report.json"):
        assert (shop.folder / name).stat().st_size
    comparing = [line for line in github_lines(GITHUB.data) if "dbaudit diff" in line]
    run(shop, *comparing)
    assert (shop.folder / "comment.md").read_text().startswith("## Database audit: what changed")


def test_the_workflow_for_gitlab_runs_and_writes_its_artifacts(shop: Project) -> None:
    (job,) = GITLAB.data.values()
    run(shop, *job["script"])
    artifacts = job["artifacts"]
    for name in (*artifacts["paths"], *artifacts["reports"].values()):
        assert (shop.folder / name).stat().st_size


def test_the_shell_script_runs_and_compares_with_the_last_time(shop: Project) -> None:
    assert "From last/report.json" not in run(shop, SHELL.content)
    assert "From last/report.json" in run(shop, SHELL.content)


def test_the_hook_lets_a_commit_pass_until_there_is_something_new(shop: Project) -> None:
    (hook,) = HOOK.data["repos"][0]["hooks"]
    assert hook["language"] == "system"
    run(shop, hook["entry"])
    for name in ("one", "two"):
        sql = f"CREATE INDEX {name} ON shop_book (title)"
        shop.manage("shell", "-v0", "-c", f"from django.db import connection as c; c.cursor().execute({sql!r})")
    run(shop, hook["entry"], status=1)


def test_nothing_of_the_page_is_left_out_but_what_is_the_host_s_own() -> None:
    scripts = [*github_lines(GITHUB.data), *next(iter(GITLAB.data.values()))["script"], SHELL.content]
    every = {line.strip() for script in scripts for line in script.replace("\\\n", " ").splitlines()}
    done = {line.strip() for script in scripts for line in here(script).splitlines()}
    assert len(every - done) == 2
    assert all(line.startswith(HOSTS_OWN) for line in every - done)


def test_every_format_of_the_page_is_one_of_the_program_s() -> None:
    rows = [line.split("|") for line in PAGE.read_text().splitlines() if line.startswith("| `") and "`--" not in line]
    for _, name, suffix, *_ in rows:
        known = write.FORMATS[name.strip(" `")]
        assert not suffix.strip() or suffix.strip(" `") in known.suffixes


def test_the_project_s_own_audit_uses_options_and_files_that_there_are() -> None:
    workflow = YAML(typ="safe").load(ROOT / ".github" / "workflows" / "audit.yml")
    (line,) = (one for one in github_lines(workflow) if "dbaudit report" in one)
    words = shlex.split(line.replace("\\\n", " "))
    options = vars(Command().create_parser("manage.py", "dbaudit").parse_args(words[words.index("dbaudit") + 1 :]))
    assert options["format"] == "github"
    assert [write.infer(path).name for path in options["output"]] == ["markdown", "json", "sarif"]
    assert baseline.read(ROOT / options["baseline"])
    assert budgets.read(ROOT / options["budgets"])
