"""The Markdown report's query section: what was measured, run by run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from dbaudit.facts import Location, QueryRun
from dbaudit.findings import DatabaseReport
from dbaudit.report import outline, words
from dbaudit.report.markup import code, table, text

#: The project's own queries are all shown up to this number, and as many of the slowest of the other sources.
SHOWN = 40
SLOWEST = 10


def queries(database: DatabaseReport, level: int) -> Iterator[str]:
    """The project's own queries, the slowest of the others, and what failed."""
    runs = database.snapshot.runs
    if not runs:
        yield "No query was measured; 'Not examined' says why."
        return
    states = Counter(run.status for run in runs)
    yield (
        f"{words.count(len(runs), 'query', 'queries')} measured: "
        + ", ".join(f"{states[state]:,} {state}" for state in outline.RUN_STATES if states[state])
        + "."
    )
    own = [run for run in runs if run.origin == "canned"]
    if own:
        yield f"{'#' * (level + 1)} The project's queries"
        yield from _table(own[:SHOWN], len(own))
    others = [run for run in runs if run.origin != "canned" and run.audited]
    if others:
        yield f"{'#' * (level + 1)} The slowest of the {len(others):,} automatic and captured ones"
        yield from _table(outline.slowest(others)[:SLOWEST], len(others))
    failed = [run for run in runs if not run.audited]
    if failed:
        yield f"{'#' * (level + 1)} Not measured"
        rows = [(text(run.label), run.status, _place(run.location), text(run.reason)) for run in failed[:SHOWN]]
        yield table(["Query", "State", "Where", "Why"], rows, "llll")
        if len(failed) > SHOWN:
            yield words.more(len(failed) - SHOWN)


def _table(runs: Iterable[QueryRun], of: int) -> Iterator[str]:
    rows = [
        (
            text(run.label),
            words.milliseconds(run.median_ms),
            outline.spread(run),
            "" if run.queries is None else f"{run.queries:,}",
            "" if run.rows is None else f"{run.rows:,}",
            run.status,
            _place(run.location),
        )
        for run in runs
    ]
    yield table(["Query", "Median", "Spread", "Queries", "Rows", "State", "Where"], rows, "lrrrrll")
    if of > len(rows):
        yield words.more(of - len(rows))


def _place(location: Location | None) -> str:
    return code(f"{location.file}:{location.line}") if location else ""
