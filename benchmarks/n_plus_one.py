"""N+1 on the corpus of scenarios: what is found, what is alarmed about for nothing, and whether the advice works.

    python benchmarks/n_plus_one.py [--output FILE]

Every scenario of `tests/workload/corpus/` is measured, judged and its advice re-run as a canned query's would be, on
SQLite and on PostgreSQL: run twice with n and 2n rows, and recorded once as `dbaudit.capture()` does. Advice that is
called verified is executed once more, apart from the audit: it works where the same came back in fewer statements and
nothing is left that one more row adds to (n against 2n rows).
"""

from __future__ import annotations

import argparse
import inspect
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))
os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"

import django  # noqa: E402  once the path is set

django.setup()

from asgiref.sync import async_to_sync  # noqa: E402  once the settings are read
from django.apps import apps  # noqa: E402  as above
from django.db import transaction  # noqa: E402  as above
from shared.machine import machine  # noqa: E402  as above

import dbaudit  # noqa: E402  as above
from dbaudit import checks  # noqa: E402  as above
from dbaudit.analysis.repetition import repetitions  # noqa: E402  as above
from dbaudit.facts import QueryRun  # noqa: E402  as above
from dbaudit.findings import ChangeQuery, Finding  # noqa: E402  as above
from dbaudit.registry import registered  # noqa: E402  as above
from dbaudit.workload.fixes import proposals, trying  # noqa: E402  as above
from dbaudit.workload.limits import Limits  # noqa: E402  as above
from dbaudit.workload.sampling import Bench  # noqa: E402  as above
from tests.postgres import main_server  # noqa: E402  as above
from tests.scratch import Scratch, postgres_scratch, sqlite_scratch  # noqa: E402  as above
from tests.workload.conftest import stocked  # noqa: E402  as above
from tests.workload.corpus import SCENARIOS, Scenario, shelf  # noqa: E402  as above

OUTPUT = Path(__file__).parent / "results" / "n_plus_one.md"
CHECK = "n_plus_one"


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What came of one scenario: found with a second run, found in one recorded run, and its advice."""

    scenario: Scenario
    twice: bool
    once: bool
    advice: str
    queries: tuple[int, int] | None
    tried: bool

    @property
    def right(self) -> bool:
        """Whether it was found if it asks once a row, and otherwise left alone; the better of the two ways counts."""
        return self.twice == self.scenario.repeats and (self.scenario.repeats or not self.once)


def judge(scenario: Scenario, library: Scratch) -> Result:
    """Measure one scenario, look for N+1, and run the advice."""
    function = scenario.function
    bench = Bench(library.connection, Limits(samples=1), writes=True)
    run = QueryRun(id="canned:x", label=scenario.name, origin="canned", alias=library.alias, status="failed")
    run = bench.measure(replace(run, source=inspect.getsource(function)), function)
    if not run.audited:
        raise SystemExit(f"{scenario.name}: {run.reason}")
    run = proposals.with_trials(run, function, bench)
    found = findings(run, library)
    trials = [one for one in run.trials if one.fingerprint in {s.fingerprint for s in run.statements}]
    advised = next((one for one in found if one.remedy.verification), None)
    return Result(
        scenario=scenario,
        twice=bool(found),
        once=bool(recorded(function, library)),
        advice=advised.remedy.orm if advised else "",
        queries=rerun(advised, function, bench) if advised else None,
        tried=bool(trials),
    )


def rerun(advised: Finding, function: Callable[[], Any], bench: Bench) -> tuple[int, int] | None:
    """The advice executed once more, apart from the audit: queries before and after, None where the result differs."""
    action = advised.remedy.action
    if not isinstance(action, ChangeQuery):
        return None
    changed = trying.compiled(action.after, function)
    if trying.given(changed, bench) != trying.given(function, bench):
        return None
    again = bench.again(QueryRun(id="canned:x", label="", origin="canned", alias="", status="failed"), changed)
    if [*repetitions(again)]:
        return None
    return len(bench.once(function).statements), len(bench.once(changed).statements)


def findings(run: QueryRun, library: Scratch) -> list[Finding]:
    """What the check says of a run."""
    judges = [one for one in registered() if one.id == CHECK]
    outcome = checks.run(replace(library.snapshot(apps), runs=(run,)), judges)
    if outcome.crashed:
        raise SystemExit(str(outcome.crashed))
    return list(outcome.findings)


def recorded(function: object, library: Scratch) -> list[Finding]:
    """What the check says of one recorded execution, as inside `dbaudit.capture()`."""
    task = async_to_sync(function) if inspect.iscoroutinefunction(function) else function
    with transaction.atomic(using=library.alias), dbaudit.capture() as run:
        getattr(task(), "data", None)  # type: ignore[operator]
        transaction.set_rollback(True, using=library.alias)
    return [one for one in run.findings if one.check == CHECK]


@contextmanager
def vendors() -> Iterator[dict[str, AbstractContextManager[Scratch]]]:
    """An empty database of each vendor."""
    server = main_server()
    with tempfile.TemporaryDirectory() as folder:
        yield {
            "SQLite": sqlite_scratch(Path(folder)),
            f"PostgreSQL {server.installation.version}": postgres_scratch(server),
        }


def summary(vendor: str, results: list[Result]) -> str:
    """One line of figures."""
    positive = [one for one in results if one.scenario.repeats]
    negative = [one for one in results if not one.scenario.repeats]
    advised = [one for one in positive if one.advice]
    wanted = [one for one in positive if one.scenario.fix]
    return (
        f"| {vendor} | {len(results)} | {sum(one.twice for one in positive)} of {len(positive)} | "
        f"{sum(one.once for one in positive)} of {len(positive)} | {sum(one.twice or one.once for one in negative)} of "
        f"{len(negative)} | {sum(one.queries is not None and one.queries[1] < one.queries[0] for one in advised)} of "
        f"{len(advised)} | {sum(one.advice == one.scenario.fix for one in wanted)} of {len(wanted)} |"
    )


def details(results: list[Result]) -> Iterator[str]:
    """A line for each scenario."""
    yield "| scenario | asks once a row | found | found in one run | advice that was run | queries |"
    yield "|---|---|---|---|---|---:|"
    for one in results:
        queries = f"{one.queries[0]} → {one.queries[1]}" if one.queries else ""
        advice = f"`{one.advice}`" if one.advice else "none worked" if one.tried and one.scenario.repeats else ""
        cells = (
            one.scenario.name,
            *("yes" if is_so else "no" for is_so in (one.scenario.repeats, one.twice, one.once)),
        )
        yield f"| {' | '.join(cells)} | {advice} | {queries} |"


def main() -> None:
    """Measure, print, save; fail where something was missed or alarmed about for nothing."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--output", type=Path, default=OUTPUT, metavar="FILE")
    options = parser.parse_args()
    checks.load(apps)
    lines = [
        "# N+1 on the corpus",
        "",
        "Written by `benchmarks/n_plus_one.py`, which says how in its first lines.",
        "",
        f"{machine()}.",
        "",
        "| database | scenarios | found | found in one run | false alarms | given advice that works | expected |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    every: dict[str, list[Result]] = {}
    with vendors() as empty:
        for vendor, database in empty.items():
            with database as scratch, stocked(scratch), shelf(scratch):
                every[vendor] = [judge(scenario, scratch) for scenario in SCENARIOS]
            lines.append(summary(vendor, every[vendor]))
            print(lines[-1], file=sys.stderr)
    first, *others = every.items()
    lines += ["", f"## Each scenario, on {first[0]}", "", *details(first[1])]
    for vendor, results in others:
        shown = list(zip(details(first[1]), details(results), strict=True))
        differ = [there for here, there in shown if here != there]
        lines += ["", f"On {vendor}: {'the same' if not differ else 'different in'}.", *differ]
    text = "\n".join([*lines, ""])
    print(text)
    options.output.write_text(text)
    wrong = [f"{vendor}: {one.scenario.name}" for vendor, results in every.items() for one in results if not one.right]
    if wrong:
        raise SystemExit("Not right: " + "; ".join(wrong))


if __name__ == "__main__":
    main()
