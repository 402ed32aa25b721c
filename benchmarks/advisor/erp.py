"""The reference ERP, grown: planner's cost and time of its canned queries, without and with the recommended indexes.

    python benchmarks/advisor/erp.py [--scale 1000] [--repeat 2] [--server URL] [--output FILE]

The recommendations are those of a whole audit; their own SQL builds them. See ../README.md for the method.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
sys.path[:0] = [str(ROOT), str(HERE.parent), str(HERE)]  # in this order: the ERP is a package of that name, too

from judging.servers import Connection, connect, database, version  # noqa: E402  once the path is set

from tests.scratch import url  # noqa: E402  as above

if TYPE_CHECKING:
    from dbaudit.facts import QueryRun
    from dbaudit.findings import DatabaseReport, Recommendation

MIB = 2**20
SLOW = ("slow", "over budget")
TARGET = 0.70


@dataclass(frozen=True)
class Round:
    """One audit's canned queries: milliseconds and planner's cost by the query's id."""

    milliseconds: dict[str, float]
    costs: dict[str, float]


def fill(settings: dict[str, Any], scale: int) -> None:
    """The ERP as its commands make it."""
    for arguments in (["migrate", "--verbosity", "0"], ["seed_erp", "--scale", str(scale)]):
        environment = {**os.environ, "DATABASE_URL": url(settings)}
        command = [sys.executable, "manage.py", *arguments]
        subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, check=True)


def audit() -> DatabaseReport:
    """The whole of it, as `manage.py dbaudit report` does it."""
    import dbaudit  # noqa: PLC0415  once Django is set up

    (report,) = dbaudit.audit("default").databases
    return report


def canned(report: DatabaseReport) -> list[QueryRun]:
    """The queries that the project wants measured and that ran."""
    return [run for run in report.snapshot.runs if run.origin == "canned" and run.median_ms is not None]


def measured(report: DatabaseReport) -> Round:
    """What an audit measured."""
    runs = canned(report)
    return Round(
        {run.id: run.median_ms or 0.0 for run in runs},
        {run.id: sum(_cost(run, one.fingerprint) for one in run.statements) for run in runs},
    )


def _cost(run: QueryRun, fingerprint: str) -> float:
    plan = run.plan(fingerprint)
    return plan.cost or 0.0 if plan else 0.0


def _changed(run: QueryRun) -> float:
    """Milliseconds of the query with a change that the audit tried and that worked, infinite where there is none."""
    tried = (one.ms_after for one in run.trials if one.worked and one.ms_after is not None)
    return min(tried, default=float("inf"))


def build(own: Connection, recommended: Iterable[Recommendation]) -> dict[str, int]:
    """Build by the recommendations' own SQL; the sizes in bytes of what is new, by name."""
    before = _indexes(own)
    for one in recommended:
        for statement in filter(str.strip, one.remedy.sql.split(";\n")):
            own.execute(statement)
    own.execute("ANALYZE")
    return {name: size for name, size in _indexes(own).items() if name not in before}


def _indexes(own: Connection) -> dict[str, int]:
    found = own.execute(
        "SELECT relname, pg_relation_size(oid) FROM pg_class"
        " WHERE relkind = 'i' AND relnamespace = 'public'::regnamespace"
    )
    return dict(found.fetchall())


def let(own: Connection, names: Sequence[str], *, visible: bool) -> None:
    """Let the planner see the new indexes, or not: it takes none that is marked invalid."""
    own.execute(
        "UPDATE pg_index SET indisvalid = %s WHERE indexrelid = ANY (%s::regclass[])",
        [visible, [f'"{name}"' for name in names]],
    )


def best(rounds: Sequence[Round]) -> Round:
    """The fastest of several rounds for each query; costs of the last."""
    ids = set.intersection(*(set(one.milliseconds) for one in rounds))
    return Round({key: min(one.milliseconds[key] for one in rounds) for key in ids}, rounds[-1].costs)


def page(
    first: DatabaseReport, indexes: Sequence[Recommendation], sizes: dict[str, int], before: Round, after: Round
) -> Iterator[str]:
    """The tables."""
    runs = [run for run in canned(first) if run.id in before.milliseconds and run.id in after.milliseconds]
    slow = [run for run in runs if run.status in SLOW]
    yield "| canned queries | before | after | less time | planner's cost before | after | of it |"
    yield "|---|---:|---:|---:|---:|---:|---:|"
    for title, some in (("those that the audit called slow", slow), ("all", runs)):
        was, now = (sum(one.milliseconds[run.id] for run in some) for one in (before, after))
        planned, then = (sum(one.costs.get(run.id, 0.0) for run in some) for one in (before, after))
        less = f"{1 - now / was:.0%}" if was else ""
        share = f"{then / planned:.2f}" if planned else ""
        costs = f"{planned:,.0f} | {then:,.0f} | {share}"
        yield f"| {title}: {len(some)} | {was:,.1f} ms | {now:,.1f} ms | {less} | {costs} |"
    changed = sum(min(after.milliseconds[run.id], _changed(run)) for run in slow)
    was, now = (sum(one.milliseconds[run.id] for run in slow) for one in (before, after))
    if was:
        yield ""
        yield (
            f"With the audit's changes to the slow queries, too, where it tried one and it worked: {changed:,.1f} ms,"
            f" {1 - changed / was:.0%} less."
        )
    met = bool(was) and 1 - now / was >= TARGET
    yield ""
    yield f"Target: by indexes alone the slow ones take at least {TARGET:.0%} less. {'Met' if met else 'Missed'}."
    yield ""
    yield f"## {len(indexes)} indexes recommended, {sum(sizes.values()) / MIB:.1f} MiB"
    yield ""
    yield "| priority | recommendation | SQL |"
    yield "|---|---|---|"
    for one in indexes:
        sql = " ".join(one.remedy.sql.split())
        yield f"| {one.priority} | {one.title} | `{sql}` |"
    yield ""
    yield "## Each canned query"
    yield ""
    yield "| query | audit | ms before | after | of it | cost before | after | of it |"
    yield "|---|---|---:|---:|---:|---:|---:|---:|"
    for run in sorted(runs, key=lambda run: -before.milliseconds[run.id]):
        ms, then = before.milliseconds[run.id], after.milliseconds[run.id]
        cost, later = before.costs.get(run.id, 0.0), after.costs.get(run.id, 0.0)
        share = f"{later / cost:.2f}" if cost else ""
        times = f"{ms:,.2f} | {then:,.2f} | {then / ms:.2f}"
        yield f"| {run.label} | {run.status} | {times} | {cost:,.0f} | {later:,.0f} | {share} |"
    yield ""


def main() -> None:
    """Seed, audit, build, measure, save."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--scale", type=int, default=1000, metavar="N")
    parser.add_argument("--repeat", type=int, default=2, metavar="N", help="rounds without and with, in turns")
    parser.add_argument("--server", default="", metavar="URL", help="a running server that keeps the databases")
    parser.add_argument("--output", type=Path, default=HERE / "results" / "erp.md", metavar="FILE")
    options = parser.parse_args()
    with (
        database(f"erp_{options.scale}", partial(fill, scale=options.scale), server=options.server) as settings,
        connect(settings) as own,
    ):
        os.environ["DATABASE_URL"] = url(settings)
        os.environ["DJANGO_SETTINGS_MODULE"] = "context7.settings"
        import django  # noqa: PLC0415  once the database is known

        django.setup()
        from shared.machine import machine  # noqa: PLC0415  as above

        begin = time.perf_counter()
        first = audit()
        seconds = time.perf_counter() - begin
        indexes = [one for one in first.recommendations if one.remedy.kind == "create_index"]
        sizes: dict[str, int] = {}
        try:
            sizes = build(own, indexes)
            # The first audit is in neither: a young process is quicker.
            rounds: dict[bool, list[Round]] = {False: [], True: []}
            for turn in range(options.repeat):
                for visible in (True, False):
                    let(own, [*sizes], visible=visible)
                    rounds[visible].append(measured(audit()))
                    print(f"round {turn}, indexes {'on' if visible else 'off'}", file=sys.stderr)
        finally:
            for name in sizes:
                own.execute(f'DROP INDEX IF EXISTS "{name}"')
        method = (
            f"The first audit took {seconds:.0f} s. Medians of an audit's warm runs, the fastest of"
            f" {options.repeat} audits without and {options.repeat} with the indexes, in turns."
        )
        lines = [
            f"# The reference ERP at scale {options.scale}",
            "",
            "Written by `benchmarks/advisor/erp.py`; the method is in [the README](../../README.md).",
            "",
            f"{machine()}; {version(own)}. {method}",
            "",
            *page(first, indexes, sizes, best(rounds[False]), best(rounds[True])),
        ]
    text = "\n".join(lines)
    print(text)
    options.output.write_text(text)


if __name__ == "__main__":
    main()
