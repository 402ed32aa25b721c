"""Audit real projects of the package index: install them, fill them, and print the first ten recommendations.

``python benchmarks/projects/run.py [NAME ...] [--vendor sqlite|postgresql] [--rows 3000] [--folder DIR]``

Each project has a virtual environment of its own in DIR (default: a temporary folder that stays), with its source below
the project's own folder, so that it counts as the project's and not as a package's. Nothing of it is in this repository
but the settings that its documentation asks for.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
sys.path[:0] = [str(ROOT), str(HERE)]

from known import PROJECTS, Project  # noqa: E402

from tests.postgres import main_server  # noqa: E402

FIRST = 10


@dataclass(frozen=True)
class Workplace:
    """A project with its environment and one database."""

    project: Project
    folder: Path
    vendor: str

    @property
    def python(self) -> Path:
        """The interpreter of its environment."""
        return self.folder / ".venv" / "bin" / "python"

    @property
    def site(self) -> Path:
        """Where ``manage.py`` is."""
        return self.folder / "site"

    def install(self) -> None:
        """Make the environment, the source and the settings, unless they are there."""
        if not self.python.exists():
            run(["uv", "venv", "-q", "-p", "3.11", str(self.folder / ".venv")], self.folder)
            pip = ["uv", "pip", "install", "-q", "-p", str(self.python)]
            run([*pip, *self.project.packages, "psycopg[binary]", "-e", str(ROOT)], self.folder)
            self.site.mkdir(exist_ok=True)
            # Its own code lies in the project, not among the packages.
            run([*pip, "--no-deps", "--target", str(self.site), self.project.packages[0]], self.folder)
        if self.project.start:
            run([*map(str, (self.python, "-c")), self.project.start], self.site)
        for name, text in self.project.files.items():
            path = self.site / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        (self.site / "audited_settings.py").write_text(self.project.settings + SETTINGS)
        (self.site / "manage.py").write_text(MANAGE)

    def environment(self, database: str) -> dict[str, str]:
        """The variables by which the settings find the database."""
        return {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "audited_settings",
            "AUDITED_DATABASE": database,
            "PYTHONPATH": str(self.site),
            **self.project.environment,
        }

    def database(self) -> str:
        """A new, empty database as JSON of an entry of DATABASES."""
        if self.vendor == "sqlite":
            path = self.folder / "db.sqlite3"
            path.unlink(missing_ok=True)
            return json.dumps({"ENGINE": "django.db.backends.sqlite3", "NAME": str(path)})
        name = self.project.name.replace("-", "_")
        with main_server().connect() as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}"')
            connection.execute(f'CREATE DATABASE "{name}"')
        return json.dumps(main_server().settings(name))

    def audit(self, rows: int) -> Path:
        """Migrate, fill, audit; returns the JSON report."""
        database = self.database()
        manage = [str(self.python), "manage.py"]
        environment = self.environment(database)
        run([*manage, "migrate", "-v0"], self.site, environment)
        hook = f"fill_{self.project.name}"
        fill = [str(self.python), str(HERE / "fill.py"), ",".join(self.project.apps), str(rows), "1"]
        run([*fill, hook] if (HERE / f"{hook}.py").exists() else fill, self.site, environment)
        report = self.folder / f"report-{self.vendor}.json"
        text = self.folder / f"report-{self.vendor}.txt"
        options = ["--crawl", "--output", str(report), "--output", str(text)]
        run([*manage, "dbaudit", "report", *options], self.site, environment)
        return report


SETTINGS = """
import json as _json, os as _os
from pathlib import Path as _Path
DATABASES = {"default": _json.loads(_os.environ["AUDITED_DATABASE"])}
BASE_DIR = _Path(__file__).parent
INSTALLED_APPS = [*INSTALLED_APPS, *([] if "dbaudit" in INSTALLED_APPS else ["dbaudit"])]
ALLOWED_HOSTS = ["*"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
"""
MANAGE = """
import sys
from django.core.management import execute_from_command_line
execute_from_command_line(sys.argv)
"""


def run(command: list[str], folder: Path, environment: dict[str, str] | None = None) -> None:
    """Run a command; what it says is shown where it fails."""
    folder.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(
            f"{' '.join(command[:6])}: status {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-4000:]}"
        )


def first(report: Path) -> str:
    """The first recommendations of a report, a line each."""
    lines = []
    for database in json.loads(report.read_text())["databases"]:
        told = database["recommendations"]
        found = database["summary"]["findings"]
        lines.append(f"{len(told)} recommendations; {found}")
        for one in told[:FIRST]:
            gain = one["gain"]
            gained = f" [{gain['before']:g} → {gain['after']:g} {gain['unit']}]" if gain else ""
            checks = ", ".join(sorted({key.partition(":")[0] for key in one["findings"]})) or "advisor"
            lines.append(
                f"{one['rank']:>3}. {one['priority']}: {one['title']}{gained} ({checks}, {len(one['findings'])})"
            )
    return "\n".join(lines)


def main() -> None:
    """Audit the projects that are named, all of them by default."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help=f"of {', '.join(PROJECTS)}")
    parser.add_argument("--vendor", choices=["sqlite", "postgresql"], action="append")
    parser.add_argument("--rows", type=int, default=3_000)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "dbaudit-projects")
    options = parser.parse_args()
    for name in options.names or PROJECTS:
        for vendor in options.vendor or ["sqlite", "postgresql"]:
            place = Workplace(PROJECTS[name], options.folder / name, vendor)
            place.install()
            report = place.audit(options.rows)
            print(f"== {name} on {vendor}, {options.rows:,} rows a model: {report}")
            print(first(report), flush=True)


if __name__ == "__main__":
    main()
