from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

from dbaudit.facts import QueryRun
from tests.checks.queries import found, judged, measured
from tests.scratch import Scratch
from tests.workload.models import Author

CHECK = "slow_query"


def slow_in_python() -> list[Any]:
    authors = list(Author.objects.all())
    time.sleep(0.06)
    return authors


def taking(run: QueryRun, ms: float) -> QueryRun:
    """The run as a database would have given it that takes so long for each statement."""
    statements = tuple(replace(one, duration_ms=ms) for one in run.statements)
    return replace(run, statements=statements, samples_ms=(ms, ms + 1))


def test_silent_where_the_time_went_into_python(library: Scratch) -> None:
    assert not found(library, CHECK, slow_in_python)
    assert not found(library, CHECK, slow_in_python, budget_ms=30)


def test_silent_where_one_run_was_fast(library: Scratch) -> None:
    run = taking(measured(library, Author.objects.all), 80)
    assert not judged(library, CHECK, replace(run, samples_ms=(5, 80)))


def test_silent_within_a_larger_budget(library: Scratch) -> None:
    assert not judged(library, CHECK, taking(measured(library, Author.objects.all, budget_ms=100), 80))


def test_silent_without_times(library: Scratch) -> None:
    run = replace(taking(measured(library, Author.objects.all), 80), samples_ms=(), origin="captured")
    assert not judged(library, CHECK, run)


def test_finds_what_takes_longer_than_the_target(library: Scratch) -> None:
    (finding,) = judged(library, CHECK, taking(measured(library, Author.objects.all), 80))
    assert finding.severity == "warning"
    assert ("time in the database", 80) in [(one.what, one.value) for one in finding.evidence]


def test_finds_what_is_over_its_own_budget(library: Scratch) -> None:
    assert judged(library, CHECK, taking(measured(library, Author.objects.all, budget_ms=10), 20))


def test_finds_more_queries_than_allowed(library: Scratch) -> None:
    (finding,) = found(library, CHECK, lambda: [author.publisher for author in Author.objects.all()], max_queries=1)
    assert finding.subject == "'x' asks more queries than its budget allows"


def test_one_slow_statement_of_several_pages_is_one_finding(library: Scratch) -> None:
    run = replace(taking(measured(library, Author.objects.all), 80), origin="automatic")
    assert len(judged(library, CHECK, run, replace(run, id="page:y", label="y"))) == 1
