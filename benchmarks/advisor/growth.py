"""The advisor's time against the number of queries and of candidates, on a database of many tables.

    python benchmarks/advisor/growth.py [--tables 500] [--queries 25 50 100 200] [--repeat 3] [--server URL]
        [--output FILE]

See ../README.md for the method.
"""

from __future__ import annotations

import argparse
import itertools
import math
import os
import random
import statistics
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parent.parent)]
os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"

import django  # noqa: E402  after the settings are named

django.setup()

from judging.advice import Advisor  # noqa: E402  as above
from judging.judge import Judge, Statement  # noqa: E402  as above
from judging.servers import connect, database, version  # noqa: E402  as above
from shared.machine import machine  # noqa: E402  as above

from tests.scratch import connected  # noqa: E402  as above

SEED, ROWS, TARGET_SECONDS = 7, 4_000, 60
STATES = ("new", "open", "done")

TABLE = """
    CREATE TABLE app_model{n} (
        id bigint PRIMARY KEY, parent_id bigint NOT NULL, owner_id bigint NOT NULL, state varchar(10) NOT NULL,
        name varchar(60) NOT NULL, amount numeric(12, 2) NOT NULL, created_at timestamptz NOT NULL,
        closed_at timestamptz
    );
    INSERT INTO app_model{n}
    SELECT i, 1 + i * 7919 % {rows}, 1 + i * 104729 % 200, CASE WHEN i % 50 = 0 THEN 'new' ELSE 'done' END,
        md5(i::text), i % 1000, timestamptz '2025-01-01 00:00+00' + i * interval '1 hour',
        CASE WHEN i % 20 > 0 THEN timestamptz '2025-01-02 00:00+00' + i * interval '1 hour' END
    FROM generate_series(1, {rows}) AS i;
    CREATE INDEX ON app_model{n} (parent_id)
"""
# What projects ask; {a} and {b} are tables of which the first refers to the second.
SHAPES = (
    "SELECT * FROM app_model{a} WHERE owner_id = %s ORDER BY created_at DESC LIMIT 20",
    "SELECT count(*) FROM app_model{a} WHERE state = %s AND created_at >= %s",
    "SELECT * FROM app_model{a} WHERE closed_at IS NULL AND owner_id = %s",
    "SELECT a.* FROM app_model{a} a JOIN app_model{b} b ON a.parent_id = b.id WHERE b.owner_id = %s AND a.state = %s",
    "SELECT owner_id, sum(amount) FROM app_model{a} WHERE created_at BETWEEN %s AND %s GROUP BY owner_id",
    "SELECT * FROM app_model{a} WHERE name = %s",
    """
    SELECT a.id FROM app_model{a} a JOIN app_model{b} b ON a.parent_id = b.id
    WHERE b.name = %s ORDER BY a.amount DESC LIMIT 10
    """,
)


def values(shape: int, draw: random.Random) -> tuple[Any, ...]:
    """Parameters for a shape."""
    owner, state, name = draw.randint(1, 200), draw.choice(STATES), f"{draw.getrandbits(128):032x}"
    return (
        (owner,),
        (state, "2025-06-01"),
        (owner,),
        (owner, state),
        ("2025-05-01", "2025-05-03"),
        (name,),
        (name,),
    )[shape]


@dataclass(frozen=True)
class Run:
    """One number of queries: candidates thought of, indexes chosen, planner calls, seconds of each repetition."""

    queries: int
    candidates: int
    chosen: int
    calls: int
    seconds: list[float]

    @property
    def median(self) -> float:
        """Seconds of the repetition in the middle."""
        return statistics.median(self.seconds)


def workload(tables: int, queries: int) -> Iterator[Statement]:
    """So many different queries over the tables, the same each time."""
    draw = random.Random(SEED)  # noqa: S311 - no secret
    for number in range(queries):
        shape = number % len(SHAPES)
        a, b = draw.sample(range(tables), 2)
        samples = tuple(values(shape, draw) for _ in range(2))
        yield Statement(f"q{number:04}", SHAPES[shape].format(a=a, b=b), samples, samples, calls=draw.randint(1, 100))


def fill(settings: dict[str, Any], tables: int) -> None:
    """The tables with their rows."""
    with connect(settings) as connection:
        for n in range(tables):
            connection.execute(TABLE.format(n=n, rows=ROWS))


def exponent(first: Run, last: Run, of: str) -> float:
    """The k of time ~ numberᵏ."""
    return math.log(last.median / first.median) / math.log(getattr(last, of) / getattr(first, of))


def page(runs: list[Run], intro: str, tables: int) -> str:
    """The whole page."""
    lines = [
        "# How the advisor's time grows",
        "",
        "Written by `benchmarks/advisor/growth.py`; the method is in [the README](../../README.md).",
        "",
        intro,
        "",
        "| tables | queries | candidates | chosen | planner calls | median | fastest to slowest |",
        "|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for run in runs:
        spread = f"{min(run.seconds):.2f} to {max(run.seconds):.2f} s"
        numbers = f"{tables:,} | {run.queries:,} | {run.candidates:,} | {run.chosen:,} | {run.calls:,}"
        lines.append(f"| {numbers} | {run.median:.2f} s | {spread} |")
    lines.append("")
    for first, last in itertools.pairwise(runs):
        lines.append(
            f"From {first.queries} to {last.queries} queries time grows with the power"
            f" {exponent(first, last, 'queries'):.2f} of the queries and"
            f" {exponent(first, last, 'candidates'):.2f} of the candidates; 1 is linear."
        )
    within = "within" if runs[-1].median <= TARGET_SECONDS else "beyond"
    lines += ["", f"{runs[-1].queries} queries over {tables} tables: {within} the minute that they may take.", ""]
    return "\n".join(lines)


def main() -> None:
    """Measure, print, save."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--tables", type=int, default=500, metavar="N")
    parser.add_argument("--queries", type=int, nargs="+", default=[25, 50, 100, 200], metavar="N")
    parser.add_argument("--repeat", type=int, default=3, metavar="N")
    parser.add_argument("--server", default="", metavar="URL", help="a running server that keeps the databases")
    parser.add_argument("--output", type=Path, default=HERE / "results" / "growth.md", metavar="FILE")
    options = parser.parse_args()
    filling = partial(fill, tables=options.tables)
    with (
        database(f"growth_{options.tables}", filling, server=options.server) as settings,
        connected("growth", settings) as connection,
        connect(settings) as own,
    ):
        budget = Judge(own, ()).heap() // 2
        intro = (
            f"{machine()}; {version(own)}. Tables of {ROWS:,} rows, queries of {len(SHAPES)} shapes drawn with the seed"
            f" {SEED}, two samples each; a budget of half the heap. Reading the catalog is not counted."
        )
        runs = []
        for number in sorted(options.queries):
            advisor = Advisor(connection, tuple(workload(options.tables, number)))
            choices = [advisor.choose(budget) for _ in range(options.repeat)]
            one = choices[0]
            runs.append(Run(number, one.candidates, len(one.sizes), one.calls, [each.seconds for each in choices]))
            print(f"{number} queries: {runs[-1].median:.2f} s, {one.calls:,} calls", file=sys.stderr)
            text = page(runs, intro, options.tables)
            options.output.write_text(text)
        print(text)


if __name__ == "__main__":
    main()
