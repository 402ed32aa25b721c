"""How long writers wait while an index is built: by dbaudit, by CREATE INDEX and by CREATE INDEX CONCURRENTLY.

    python benchmarks/apply/writers.py [--scale 30] [--rounds 5] [--clients 4] [--output FILE]

pgbench writes to the table all the while and logs each transaction. See ../README.md for the method.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")

import django  # noqa: E402  once the path is set

django.setup()

from shared.machine import machine  # noqa: E402  as above

from dbaudit.apply import running  # noqa: E402
from dbaudit.apply.journal import Journal  # noqa: E402
from dbaudit.apply.steps import Definition, Limits, Step  # noqa: E402
from tests.postgres import HOST, Server, main_server  # noqa: E402
from tests.scratch import connected  # noqa: E402

OUTPUT = Path(__file__).parent / "results" / "writers.md"
TABLE, INDEX, BODY = "pgbench_accounts", "accounts_bid_idx", "(bid)"
STEP = Step(
    number=1,
    key="benchmark",
    action="create",
    table=TABLE,
    definition=Definition(name=INDEX, body=BODY),
    sql=f"CREATE INDEX CONCURRENTLY {INDEX} ON {TABLE} {BODY}",
)
PLAIN, RAW, OURS, NONE = "`CREATE INDEX`", "`CREATE INDEX CONCURRENTLY`", "`apply-indexes`", "no build"
#: Rounds of those whose result is plain.
FEW = 3
#: Seconds of writing before the build, and for which writers are watched where nothing is built.
WARM, IDLE = 2.0, 5.0


@dataclass(frozen=True)
class Round:
    """One build: how long it took, and what the transactions that overlapped it took (seconds, milliseconds)."""

    seconds: float
    waits: list[float]

    @property
    def longest(self) -> float:
        """Milliseconds of the transaction that took longest."""
        return max(self.waits)

    @property
    def late(self) -> float:
        """Milliseconds within which all but one in a thousand came back."""
        return statistics.quantiles(self.waits, n=1000)[-1]


@contextmanager
def writing(server: Server, clients: int, folder: Path) -> Iterator[None]:
    """A block during which pgbench updates the table, as fast as it can; its log is whole at the end."""
    command = ["pgbench", "--no-vacuum", "--builtin=simple-update", f"--client={clients}", "--jobs=1", "--time=3600"]
    command += [
        "--log",
        f"--log-prefix={folder / 'log'}",
        f"--host={HOST}",
        f"--port={server.port}",
        "--username=dbaudit",
    ]
    environment = {**os.environ, "PGPASSWORD": server.password, "PGAPPNAME": "writers"}
    process = subprocess.Popen(
        [*command, "bench"], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        time.sleep(WARM)
        yield
    finally:
        with server.connect("bench") as killer:  # it writes its log to the end when its clients are gone
            killer.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'writers'")
        process.wait()


def logged(folder: Path, begin: float, end: float) -> Iterator[float]:
    """Milliseconds of each transaction that overlapped the time between."""
    for path in folder.glob("log.*"):
        for line in path.read_text().splitlines():
            _, _, took, _, seconds, micros = line.split()[:6]
            over = int(seconds) + int(micros) / 1e6
            if over >= begin and over - int(took) / 1e6 <= end:
                yield int(took) / 1000


def measured(server: Server, clients: int, build: Callable[[], object]) -> Round:
    """Build once under load; the index is dropped again."""
    with server.connect("bench") as owner:
        owner.execute(f"DROP INDEX IF EXISTS {INDEX}")
        owner.execute(f"VACUUM {TABLE}")
        owner.execute("CHECKPOINT")
    with tempfile.TemporaryDirectory() as name:
        with writing(server, clients, Path(name)):
            begin = time.time()
            build()
            end = time.time()
        return Round(end - begin, list(logged(Path(name), begin, end)))


def builds(server: Server, folder: Path) -> dict[str, Callable[[], object]]:
    """What is compared."""

    def statement(text: str) -> None:
        with server.connect("bench") as owner:
            owner.execute(text)

    def ours() -> None:
        with connected(f"bench{time.monotonic_ns()}", server.settings("bench")) as connection:
            journal = Journal(folder / "journal.jsonl")
            (done,) = running.carry_out(connection, [STEP], journal, Limits(), running.Ears()).done
            assert done.outcome == "built", done.reason

    return {
        NONE: lambda: time.sleep(IDLE),
        PLAIN: lambda: statement(f"CREATE INDEX {INDEX} ON {TABLE} {BODY}"),
        RAW: lambda: statement(STEP.sql),
        OURS: ours,
    }


def page(rounds: dict[str, list[Round]], scale: int, clients: int, version: str) -> str:
    """The results as Markdown."""
    lines = [
        "# Writers while an index is built",
        "",
        f"PostgreSQL {version}; {machine()}. `{TABLE}` of {scale * 100_000:,} rows, {clients} pgbench clients writing",
        f"(`simple-update`), {len(rounds[OURS])} rounds in turns, {FEW} of them with all four.",
        "Medians, with the smallest and the largest.",
        "",
        "| | longest wait of a write (ms) | 99.9 % of writes within (ms) | build (s) | writes meanwhile |",
        "|---|---|---|---|---|",
    ]
    for name, found in rounds.items():
        build = _spread([one.seconds for one in found], 2) if name != NONE else ""
        lines.append(
            f"| {name} | {_spread([one.longest for one in found], 1)} | {_spread([one.late for one in found], 1)} "
            f"| {build} | {statistics.median(len(one.waits) for one in found):,.0f} |"
        )
    lines += ["", "Ratios within one round, `apply-indexes` to the other: medians, with the middle half.", ""]
    lines += ["| | longest wait | 99.9 % within | build |", "|---|---|---|---|"]
    for other in (RAW, PLAIN):
        pairs = list(zip(rounds[OURS], rounds[other], strict=False))
        longest = _middle([ours.longest / one.longest for ours, one in pairs])
        late = _middle([ours.late / one.late for ours, one in pairs])
        took = _middle([ours.seconds / one.seconds for ours, one in pairs])
        lines.append(f"| to {other} | {longest} | {late} | {took} |")
    return "\n".join(lines) + "\n"


def _spread(values: list[float], digits: int) -> str:
    return f"{statistics.median(values):,.{digits}f} ({min(values):,.{digits}f} to {max(values):,.{digits}f})"


def _middle(values: list[float]) -> str:
    low, median, high = statistics.quantiles(values, n=4)
    return f"{median:.3f} ({low:.3f} to {high:.3f})"


def main() -> None:
    """Run the comparison and write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", type=int, default=30, help="of pgbench: 100,000 rows each (default: 30)")
    parser.add_argument("--rounds", type=int, default=21)
    parser.add_argument("--clients", type=int, default=4)
    parser.add_argument("--output", type=Path, default=OUTPUT)
    options = parser.parse_args()
    server = main_server()
    with server.connect() as maintenance:
        maintenance.execute("CREATE DATABASE bench")
    command = [
        "pgbench",
        "--initialize",
        f"--scale={options.scale}",
        "--quiet",
        f"--host={HOST}",
        f"--port={server.port}",
    ]
    environment = {**os.environ, "PGPASSWORD": server.password}
    subprocess.run([*command, "--username=dbaudit", "bench"], check=True, env=environment, stderr=subprocess.DEVNULL)
    rounds: dict[str, list[Round]] = {}
    with tempfile.TemporaryDirectory() as folder:
        compared = builds(server, Path(folder))
        for number in range(options.rounds):
            names = list(compared)
            if number >= FEW:
                names = [RAW, OURS]
            for name in names[number % len(names) :] + names[: number % len(names)]:
                found = measured(server, options.clients, compared[name])
                rounds.setdefault(name, []).append(found)
                print(f"{name}: {found.seconds:.2f} s, longest wait {found.longest:.1f} ms", file=sys.stderr)
    ordered = {name: rounds[name] for name in compared}
    text = page(ordered, options.scale, options.clients, server.installation.version)
    options.output.write_text(text)
    print(text)


if __name__ == "__main__":
    main()
