"""Plans that hope to stop early: what the advisor says of drawn shapes, built and executed.

    python benchmarks/advisor/flips.py [--shapes 50] [--seed 12] [--server URL] [--output FILE]

See ../README.md for the method.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parent.parent)]
os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"

import django  # noqa: E402  after the settings are named

django.setup()

from judging.servers import connect, database, version  # noqa: E402  as above
from shared.machine import machine  # noqa: E402  as above
from workloads import early  # noqa: E402  as above

from dbaudit.advisor.candidate import Asked  # noqa: E402  as above
from dbaudit.advisor.closure import closed  # noqa: E402  as above
from dbaudit.advisor.trials import postgresql  # noqa: E402  as above
from dbaudit.advisor.trials.definition import create_index  # noqa: E402  as above
from dbaudit.advisor.trials.executed import executed  # noqa: E402  as above
from dbaudit.facts import Parameters  # noqa: E402  as above
from tests.scratch import Scratch, connected  # noqa: E402  as above

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.db.backends.base.base import BaseDatabaseWrapper

    from dbaudit.advisor.values import Chosen
    from dbaudit.facts import Snapshot

LIMITS = {"statement_timeout_ms": 60_000, "lock_timeout_ms": 2_000}
#: A statement is worse if it takes so many times its pages and rows, so many pages more, and as many times its time.
WORSE, PAGES = 1.5, 50.0
REPEAT = 3
BUDGET = 10**9


@dataclass(frozen=True, slots=True)
class Outcome:
    """A shape, what is advised for it, and what it takes without and with."""

    shape: early.Shape
    indexes: tuple[str, ...]
    flagged: bool
    before: float
    after: float
    before_ms: float
    after_ms: float

    @property
    def flipped(self) -> bool:
        """Whether it is worse off."""
        read = self.after > WORSE * self.before and self.after > self.before + PAGES
        return read and self.after_ms > WORSE * self.before_ms


def main() -> None:
    """Fill, advise, build, execute, save."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--shapes", type=int, default=50, metavar="N")
    parser.add_argument("--seed", type=int, default=early.SEED, metavar="N")
    parser.add_argument("--server", default="", metavar="URL", help="a running server that keeps the database")
    parser.add_argument("--output", type=Path, default=HERE / "results" / "flips.md", metavar="FILE")
    options = parser.parse_args()
    with (
        database("early", early.fill, server=options.server) as settings,
        connected("early", settings) as connection,
        connect(settings) as own,
    ):
        found = list(_outcomes(connection, early.shapes(options.shapes, options.seed)))
        drawn = f"{len(found)} shapes drawn with the seed {options.seed}, {early.DOCS:,} documents"
        intro = f"{machine()}; {version(own)}. {drawn}."
    options.output.write_text(_page(found, intro))
    print(_summary(found))
    if any(one.flipped and not one.flagged for one in found):
        raise SystemExit(1)


def _outcomes(connection: BaseDatabaseWrapper, shapes: list[early.Shape]) -> Iterator[Outcome]:
    snapshot = Scratch(connection).snapshot()
    for shape in shapes:
        asked = Asked(fingerprint=shape.name, sql=shape.sql, samples=(Parameters(shape.values),))
        with postgresql.opened(connection, snapshot, **LIMITS) as trial:
            advice = closed(trial.planner, snapshot, [asked], budget_bytes=BUDGET, seconds=30, quick=False)
        before, before_ms = _taken(connection, asked)
        with connection.cursor() as cursor:
            for one in advice.chosen:
                cursor.execute(create_index(one.candidate, snapshot.dialect, name=one.candidate.name))
            cursor.execute("ANALYZE")
        after, after_ms = _taken(connection, asked)
        _drop(connection, snapshot, advice.chosen)
        outcome = Outcome(
            shape,
            tuple(f"{one.candidate.table} {one.candidate.describe()}" for one in advice.chosen),
            any(one.flips for one in advice.chosen),
            before,
            after,
            before_ms,
            after_ms,
        )
        print(_line(outcome), file=sys.stderr, flush=True)
        yield outcome


def _taken(connection: BaseDatabaseWrapper, asked: Asked) -> tuple[float, float]:
    """Pages and rows, and the milliseconds of the fastest of some runs."""
    found = executed(connection, asked)
    assert found is not None, asked.sql
    times = []
    for _ in range(REPEAT):
        begin = time.perf_counter()
        with connection.cursor() as cursor:
            cursor.execute(asked.sql, asked.samples[0].values)
            cursor.fetchall()
        times.append((time.perf_counter() - begin) * 1000)
    return found[0], min(times)


def _drop(connection: BaseDatabaseWrapper, snapshot: Snapshot, chosen: tuple[Chosen, ...]) -> None:
    with connection.cursor() as cursor:
        for one in chosen:
            cursor.execute(f"DROP INDEX {snapshot.dialect.quote(one.candidate.name)}")


def _line(one: Outcome) -> str:
    told = "FLIPPED" if one.flipped else "flagged, no flip" if one.flagged else ""
    told += ", flagged" if one.flipped and one.flagged else ""
    indexes = "; ".join(one.indexes) or "none"
    taken = f"{one.before:,.0f} | {one.after:,.0f} | {one.before_ms:,.1f} | {one.after_ms:,.1f}"
    return f"| {one.shape.name} | {indexes} | {taken} | {told} |"


def _summary(found: list[Outcome]) -> str:
    advised = [one for one in found if one.indexes]
    flipped = [one for one in found if one.flipped]
    return (
        f"{len(found)} shapes, {len(advised)} with advice; {len(flipped)} worse off, of these "
        f"{sum(not one.flagged for one in flipped)} unflagged; "
        f"{sum(one.flagged and not one.flipped for one in found)} flagged without harm. All together they take "
        f"{sum(one.after for one in found) / sum(one.before for one in found):.3f} of their pages and rows."
    )


def _page(found: list[Outcome], intro: str) -> str:
    head = (
        "# Plans that hope to stop early\n\nWritten by `benchmarks/advisor/flips.py`; the method is in "
        f"[the README](../../README.md).\n\n{intro}\n\n{_summary(found)}\n\n"
        "| shape | advised | pages and rows before | after | ms before | after | |\n|---|---|---:|---:|---:|---:|---|\n"
    )
    return head + "\n".join(map(_line, found)) + "\n"


if __name__ == "__main__":
    main()
