"""What the gate costs: the CPU time of `manage.py dbaudit report` with it and without it, side by side.

    python benchmarks/gate.py [--repeat 3] [--scale 1] [--output FILE]

Each report is a process of its own, in turns, on the reference ERP on SQLite and on PostgreSQL, with and without
measured queries. CPU time is that of the process and, on PostgreSQL, of the backends that it opened. See README.md
beside this file for the method.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from report_time import databases  # noqa: E402  once the path is set
from shared.machine import machine  # noqa: E402  as above

from tests.postgres import main_server  # noqa: E402  as above

OUTPUT = Path(__file__).parent / "results" / "gate.md"
#: By how much a report may take longer for the gate.
TARGET = 0.2
#: Without the gate every remedy leaves as it came.
WITHOUT = """
from dbaudit.gate.passing import Gate
Gate.findings = lambda self, told: tuple(told)
Gate.advised = lambda self, advised: advised
Gate.recommendations = lambda self, told: tuple(told)
"""
RUN = """
import sys
import manage
from django.core.management import execute_from_command_line
import os
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "context7.settings")
{without}
execute_from_command_line(sys.argv)
"""


def backends() -> float:
    """The CPU seconds of the server's sessions that have ended."""
    with main_server().connect() as connection:
        [(pid,)] = connection.execute("SELECT pg_backend_pid()").fetchall()
        parent = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1]
    fields = Path(f"/proc/{parent}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK")


def seconds(database: str, arguments: tuple[str, ...], *, gate: bool) -> float:
    """The CPU time of one report."""
    before, server = resource.getrusage(resource.RUSAGE_CHILDREN), backends()
    subprocess.run(
        [sys.executable, "-c", RUN.format(without="" if gate else WITHOUT), "dbaudit", "report", *arguments],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": database},
        stdout=subprocess.DEVNULL,
        check=True,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    own = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return own + (backends() - server if database.startswith("postgres") else 0.0)


def main() -> None:
    """Measure, print, save."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--scale", type=int, default=1)
    parser.add_argument("--output", type=Path, default=OUTPUT)
    options = parser.parse_args()
    rows = []
    with databases(options.scale) as found:
        for vendor, database in found.items():
            for name, arguments in (("no queries", ("--no-queries",)), ("with queries", ())):
                taken: dict[bool, list[float]] = {True: [], False: []}
                for _ in range(options.repeat):
                    for gate in (False, True):
                        taken[gate].append(seconds(database, ("--format", "json", *arguments), gate=gate))
                without, with_it = (statistics.median(taken[gate]) for gate in (False, True))
                more = with_it / without - 1
                rows.append(f"| {vendor} | {name} | {without:.2f} | {with_it:.2f} | {more:+.0%} |")
                print(rows[-1], file=sys.stderr)
    text = "\n".join(
        (
            "# What the gate costs",
            "",
            "Written by `benchmarks/gate.py`; the method is in [the README](../README.md).",
            "",
            f"{machine()}. CPU seconds of a report on the reference ERP at scale {options.scale}, medians of",
            f"{options.repeat} runs in turns; at most {TARGET:+.0%} is meant.",
            "",
            "| database | report | without the gate | with it | more |",
            "|---|---|---|---|---|",
            *rows,
            "",
        )
    )
    options.output.write_text(text)
    print(text)


if __name__ == "__main__":
    main()
