"""The whole command: `manage.py dbaudit report` on the reference ERP against `manage.py check`.

    python benchmarks/report_time.py [--repeat 9] [--scale 1] [--output FILE]

Both are processes of their own, in turns, on SQLite and on PostgreSQL. Queries are not measured (`--no-queries`): how
long they take is a matter of the project. See README.md beside this file for the method.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from shared.machine import machine  # noqa: E402  once the path is set

from tests.postgres import main_server  # noqa: E402  as above
from tests.scratch import url  # noqa: E402

OUTPUT = Path(__file__).parent / "results" / "report_time.md"
TARGET = 3
COMMANDS = {
    "`check`": ["check"],
    "`dbaudit report`": ["dbaudit", "report", "--no-queries", "--format", "json"],
}


def manage(database: str, *arguments: str) -> float:
    """Run a command of the ERP; how many seconds it took."""
    begin = time.perf_counter()
    subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": database},
        stdout=subprocess.DEVNULL,
        check=True,
    )
    return time.perf_counter() - begin


@contextmanager
def databases(scale: int) -> Iterator[dict[str, str]]:
    """The ERP, migrated and seeded, by vendor."""
    server = main_server()
    with tempfile.TemporaryDirectory() as folder, server.connect() as maintenance:
        maintenance.execute("CREATE DATABASE report_time")
        found = {
            "SQLite": f"sqlite:///{folder}/erp.sqlite3",
            f"PostgreSQL {server.installation.version}": url(server.settings("report_time")),
        }
        for vendor, database in found.items():
            print(f"{vendor}: making the ERP at scale {scale}", file=sys.stderr)
            manage(database, "migrate", "--verbosity", "0")
            manage(database, "seed_erp", "--scale", str(scale))
        yield found


def measure(database: str, repeat: int) -> dict[str, list[float]]:
    """The seconds of each command, in turns, after one run of each that is not counted."""
    seconds: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for turn in range(repeat + 1):
        for name, arguments in COMMANDS.items():
            taken = manage(database, *arguments)
            if turn:
                seconds[name].append(taken)
    return seconds


def main() -> None:
    """Measure, print, save."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--repeat", type=int, default=9, metavar="N")
    parser.add_argument("--scale", type=int, default=1, metavar="N")
    parser.add_argument("--output", type=Path, default=OUTPUT, metavar="FILE")
    options = parser.parse_args()
    lines = [
        "# The whole command",
        "",
        "Written by `benchmarks/report_time.py`; the method is in [the README](../README.md).",
        "",
        f"{machine()}. The reference ERP at scale {options.scale}, {options.repeat} repetitions, in turns, medians.",
        "",
        "| database | command | median | fastest to slowest | of `check` |",
        "|---|---|---:|---:|---:|",
    ]
    with databases(options.scale) as found:
        for vendor, database in found.items():
            print(f"{vendor}: measuring", file=sys.stderr)
            seconds = measure(database, options.repeat)
            check, report = (statistics.median(seconds[name]) for name in COMMANDS)
            for name, taken in seconds.items():
                median = statistics.median(taken)
                spread = f"{min(taken):.2f} to {max(taken):.2f} s"
                lines.append(f"| {vendor} | {name} | {median:.2f} s | {spread} | {median / check:.2f} |")
            print(f"{vendor}: {report / check:.2f} times the time of check (target: {TARGET})", file=sys.stderr)
    text = "\n".join([*lines, ""])
    print(text)
    options.output.write_text(text)


if __name__ == "__main__":
    main()
