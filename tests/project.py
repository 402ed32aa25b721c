"""A foreign Django project, made in a folder and run as its developer would: in processes of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent
from typing import Any

from tests import starter

ROOT = Path(__file__).parent.parent

SETTINGS = """
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent
SECRET_KEY = "of a project that lives for one test"
DEBUG = True
USE_TZ = True
INSTALLED_APPS = {apps!r}
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
TEMPLATES = [
    {{
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {{
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        }},
    }}
]
ROOT_URLCONF = "urls"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATABASES = {{"default": {database!r}}}
{more}
"""
#: Several commands, one after the other, in one process; their outputs are told apart by a zero byte.
COMMANDS = """
import importlib
import json
import os
import sys

sys.path.insert(0, "")
os.environ["DJANGO_SETTINGS_MODULE"] = "settings"
import django
from django.core.management import call_command

django.setup()
for command in json.loads(sys.argv[1]):
    importlib.invalidate_caches()
    call_command(*command)
    print(end=chr(0), flush=True)
"""
MANAGE = """
import os
import sys

os.environ["DJANGO_SETTINGS_MODULE"] = "settings"
from django.core.management import execute_from_command_line

execute_from_command_line(sys.argv)
"""
CONTRIB = (
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.flatpages",
    "django.contrib.messages",
    "django.contrib.redirects",
    "django.contrib.sessions",
    "django.contrib.sites",
    "django.contrib.staticfiles",
)


@dataclass(frozen=True)
class Project:
    """A project in ``folder``."""

    folder: Path

    def write(self, files: dict[str, str]) -> None:
        """Put files into the project; texts may be indented as a whole."""
        for name, content in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(dedent(content).lstrip("\n"))

    def configure(self, more: str) -> None:
        """Add lines at the end of the settings."""
        settings = self.folder / "settings.py"
        settings.write_text(settings.read_text() + dedent(more) + "\n")

    def copy(self, folder: Path) -> Project:
        """The same project, with its SQLite database, in another folder."""
        shutil.copytree(self.folder, folder, dirs_exist_ok=True)
        return Project(folder)

    def manage(self, *arguments: str, status: int = 0) -> subprocess.CompletedProcess[str]:
        """Run ``manage.py`` without a terminal; its exit status must be the expected one."""
        return _ended(starter.run(self.folder, [*arguments], _environment()), status)

    def commands(self, *commands: tuple[str, ...]) -> list[str]:
        """What several commands say on standard output; all of them in one process, which is quicker. Models are those
        at its start."""
        result = subprocess.run(
            [sys.executable, "-c", COMMANDS, json.dumps(commands)],
            cwd=self.folder,
            env=_environment(),
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=starter.TIMEOUT_S,
            check=False,
        )
        return _ended(result, 0).stdout.split("\0")[:-1]

    def unread(self, *arguments: str) -> tuple[int, str]:
        """Run ``manage.py`` with nobody at the other end of standard output: exit status and standard error."""
        command = [sys.executable, "manage.py", *arguments]
        with subprocess.Popen(
            command, cwd=self.folder, env=_environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout
            process.stdout.close()
            assert process.stderr
            said = process.stderr.read()
            return process.wait(starter.TIMEOUT_S), said

    def migrate(self) -> None:
        """Create the tables, also those of apps without migrations."""
        self.manage("migrate", "--run-syncdb", "--verbosity", "0")

    def report(self, *arguments: str) -> dict[str, Any]:
        """What ``dbaudit report`` says, as other programs read it."""
        report: dict[str, Any] = json.loads(self.manage("dbaudit", "report", "--format", "json", *arguments).stdout)
        return report

    def refused(self, *arguments: str, status: int = 2) -> str:
        """Run ``manage.py`` where it must refuse: the one sentence on stderr, without a traceback."""
        result = self.manage(*arguments, status=status)
        assert "Traceback" not in result.stderr
        sentences = [line for line in result.stderr.splitlines() if line]
        assert len(sentences) == 1, result.stderr
        return sentences[0]


def _environment() -> dict[str, str]:
    """Of a developer's shell: nothing of the tests' own settings and databases."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(("DJANGO_", "DATABASE_"))}
    return {**own, "PYTHONPATH": str(ROOT), "COLUMNS": "80"}


def _ended(result: subprocess.CompletedProcess[str], status: int) -> subprocess.CompletedProcess[str]:
    assert result.returncode == status, f"exit {result.returncode}\n{result.stdout}\n{result.stderr}"
    return result


def make(
    folder: Path,
    *,
    apps: tuple[str, ...] = (),
    database: Mapping[str, object] | None = None,
    contrib: tuple[str, ...] = CONTRIB,
    more: str = "",
) -> Project:
    """A project with all of ``django.contrib``'s models and these apps, on SQLite unless a database is given.

    ``more`` is appended to its settings.
    """
    # Relative, so that a copy of the folder is a project with a database of its own.
    sqlite = {"ENGINE": "django.db.backends.sqlite3", "NAME": "db.sqlite3"}
    settings = SETTINGS.format(apps=[*contrib, "dbaudit", *apps], database=dict(database or sqlite), more=dedent(more))
    project = Project(folder)
    project.write({"manage.py": MANAGE, "settings.py": settings, "urls.py": "urlpatterns = []\n"})
    return project


def shop(folder: Path, models: str, more: str = "") -> Project:
    """A small project whose only app with a purpose is ``shop``, with these models."""
    project = make(folder, apps=("shop",), contrib=("django.contrib.contenttypes", "django.contrib.auth"), more=more)
    project.write({"shop/__init__.py": "", "shop/models.py": models})
    return project
