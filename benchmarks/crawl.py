"""How many GET routes of real projects answer to `report --crawl`: django-oscar's sandbox, Wagtail's starter, pretalx.

Each project is made in a folder of its own, in a virtual environment of its own, and filled with rows. `--python` takes
an environment that exists, in which the project and dbaudit are installed.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
PARTS = HERE / "crawled"
PACKAGES = {
    "oscar": ["django-oscar[sorl-thumbnail]", "factory_boy"],
    "wagtail": ["wagtail"],
    "pretalx": ["pretalx", "faker", "freezegun"],
}
AIM = 60


def main() -> int:
    """Crawl the projects that were asked for; write the table, and fail below the aim."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("projects", nargs="*", default=[], help=f"of {', '.join(PACKAGES)} (default: all)")
    parser.add_argument("--python", help="the interpreter of an environment that has the project and dbaudit")
    parser.add_argument("--list", action="store_true", help="also print each route that did not answer, and why")
    parser.add_argument("--output", default=str(HERE / "results" / "crawl.md"))
    options = parser.parse_args()
    rows = []
    for name in options.projects or PACKAGES:
        with tempfile.TemporaryDirectory(prefix=f"dbaudit-{name}-") as folder:
            rows.append((name, crawled(name, Path(folder), options.python, listed=options.list)))
    text = table(rows)
    sys.stdout.write(text)
    if not options.projects:
        Path(options.output).write_text(text)
    return 0 if all(100 * row["answered"] >= AIM * row["get"] for _, row in rows) else 1


def crawled(name: str, folder: Path, python: str | None, *, listed: bool) -> dict[str, Any]:
    """Make the project, fill it, and ask for its routes."""
    python = python or environment(name, folder)
    settings = {"oscar": oscar, "wagtail": wagtail, "pretalx": pretalx}[name](folder, python)
    arguments = ["--list"] if listed else []
    run(folder, python, settings, str(PARTS / "coverage.py"), *arguments)
    found: dict[str, Any] = json.loads((folder / "coverage.json").read_text())
    return found


def environment(name: str, folder: Path) -> str:
    """A virtual environment with the project from PyPI and this dbaudit."""
    place = folder / "environment"
    subprocess.run([sys.executable, "-m", "venv", place], check=True)
    python = str(place / "bin" / "python")
    subprocess.run([python, "-m", "pip", "install", "-q", *PACKAGES[name], "-e", str(HERE.parent)], check=True)
    return python


def oscar(folder: Path, python: str) -> str:
    """The shop's sandbox."""
    for part in ("settings", "urls"):
        shutil.copy(PARTS / f"oscar_{part}.py", folder / f"{part}.py")
    run(folder, python, "settings", "-m", "django", "migrate", "-v0")
    for rows in ("oscar_rows.py", "any_rows.py"):
        filled(folder, python, "settings", rows)
    return "settings"


def wagtail(folder: Path, python: str) -> str:
    """What `wagtail start` makes."""
    run(folder, python, "", "-c", "from wagtail.bin.wagtail import main; main()", "start", "mysite", ".")
    with (folder / "mysite" / "settings" / "dev.py").open("a") as settings:
        settings.write('\nINSTALLED_APPS += ["dbaudit"]\n')
    run(folder, python, "mysite.settings.dev", "-m", "django", "migrate", "-v0")
    filled(folder, python, "mysite.settings.dev", "any_rows.py")
    return "mysite.settings.dev"


def pretalx(folder: Path, python: str) -> str:
    """A conference with its own test event."""
    (folder / "audited.py").write_text('from pretalx.settings import *\n\nINSTALLED_APPS += ["dbaudit"]\n')
    run(folder, python, "audited", "-m", "django", "migrate", "-v0")
    filled(folder, python, "audited", "pretalx_rows.py")
    run(folder, python, "audited", "-m", "django", "create_test_event", "--stage", "schedule")
    filled(folder, python, "audited", "any_rows.py")
    return "audited"


def filled(folder: Path, python: str, settings: str, rows: str) -> None:
    """Run a program that makes rows."""
    run(folder, python, settings, "-c", f"import django; django.setup(); exec(open({str(PARTS / rows)!r}).read())")


def run(folder: Path, python: str, settings: str, *arguments: str) -> None:
    """Run a program of the project; what it says is said on standard error."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("DJANGO_", "DATABASE_"))}
    own = {"PYTHONPATH": str(folder), "PRETALX_DATA_DIR": str(folder / "data"), "PRETALX_DEBUG": "True"}
    own |= {"DJANGO_SETTINGS_MODULE": settings} if settings else {}
    (folder / "data").mkdir(exist_ok=True)
    subprocess.run([python, *arguments], cwd=folder, env={**kept, **own}, check=True, stdout=sys.stderr)


def table(rows: list[tuple[str, dict[str, Any]]]) -> str:
    """The results as Markdown."""
    lines = [
        "# GET routes that answer",
        "",
        "`python benchmarks/crawl.py`. Rows: of the project's own factories and commands, and two of each model",
        "that has none.",
        "",
        "| project | routes | of them GET | answered | share | statements | seconds of processor |",
        "|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {name} | {row['routes']} | {row['get']} | {row['answered']} | {100 * row['answered'] / row['get']:.0f} % "
        f"| {row['statements']:,} | {row['cpu']:g} |"
        for name, row in rows
    ]
    lines += ["", *(f"- {name}: {row['told']}" for name, row in rows)]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
