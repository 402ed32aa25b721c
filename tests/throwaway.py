"""A small Django project of its own, for what only a whole ``manage.py`` shows."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SETTINGS = """
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent
SECRET_KEY = "of a project that lives for one test"
DEBUG = True
INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.auth", "shop", "dbaudit"]
DATABASES = {{"default": {{"ENGINE": "django.db.backends.sqlite3", "NAME": BASE_DIR / "db.sqlite3"}}}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
{more}
"""
MANAGE = """
import os
import sys
from django.core.management import execute_from_command_line

os.environ["DJANGO_SETTINGS_MODULE"] = "settings"
execute_from_command_line(sys.argv)
"""
ROOT = Path(__file__).parent.parent


@dataclass(frozen=True)
class Project:
    """A project with the app ``shop``, in a folder of its own."""

    folder: Path

    def write(self, name: str, text: str) -> None:
        """Write a file of the project; the text may be indented as a whole."""
        (self.folder / name).write_text(textwrap.dedent(text).lstrip("\n"))

    def configure(self, settings: str) -> None:
        """Write the settings, with these lines at their end."""
        self.write("settings.py", SETTINGS.format(more=textwrap.dedent(settings)))

    def manage(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run ``manage.py`` in the project's folder."""
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": str(ROOT), "DJANGO_SETTINGS_MODULE": "settings"},
            capture_output=True,
            text=True,
            check=False,
        )

    def migrate(self) -> None:
        """Create the tables."""
        done = self.manage("migrate", "--run-syncdb", "--verbosity", "0")
        assert done.returncode == 0, done.stderr

    def report(self, *arguments: str) -> dict[str, Any]:
        """What ``dbaudit report`` says of the only database."""
        done = self.manage("dbaudit", "report", "--format", "json", *arguments)
        assert done.returncode == 0, done.stderr
        report: dict[str, Any] = json.loads(done.stdout)
        return report


def project(folder: Path, models: str, settings: str = "") -> Project:
    """Write a project with these models of its app ``shop``, and these lines at the end of its settings."""
    (folder / "shop").mkdir()
    made = Project(folder)
    made.configure(settings)
    made.write("manage.py", MANAGE)
    made.write("shop/__init__.py", "")
    made.write("shop/models.py", models)
    return made
