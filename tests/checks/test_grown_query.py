from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.apps import apps as installed

from dbaudit import checks
from dbaudit.checks import Outcome
from dbaudit.facts import QueryRun
from dbaudit.facts.budgets import QueryBudget
from dbaudit.registry import registered
from tests.checks.queries import measured
from tests.scratch import Scratch
from tests.workload.models import Author

CHECK = "grown_query"


def judged(library: Scratch, run: QueryRun, *budgets: QueryBudget, given: bool = True) -> Outcome:
    checks.load(installed)
    snapshot = library.snapshot(Author._meta.apps)
    snapshot = replace(snapshot, runs=(run,), query_budgets=budgets if given else None)
    return checks.run(snapshot, [one for one in registered() if one.id == CHECK])


def budget(**figures: Any) -> QueryBudget:
    return QueryBudget(alias="default", id="canned:x", **figures)


def asked(library: Scratch) -> QueryRun:
    return measured(library, lambda: [author.publisher for author in Author.objects.all()])


def test_silent_without_budgets_and_says_so(library: Scratch) -> None:
    outcome = judged(library, asked(library), given=False)
    assert not outcome.findings
    assert outcome.skipped[0].reason == "No budgets were given; --budgets names the file."


def test_silent_on_a_query_without_a_budget(library: Scratch) -> None:
    assert not judged(library, replace(asked(library), id="canned:y"), budget(queries=0)).findings


def test_silent_where_it_takes_as_much_or_less(library: Scratch) -> None:
    run = asked(library)
    assert not judged(library, run, budget(queries=run.queries, rows=run.rows)).findings
    assert not judged(library, run, budget(queries=1_000, rows=1_000_000)).findings


def test_silent_on_what_was_not_seen(library: Scratch) -> None:
    assert not judged(library, replace(asked(library), rows=None), budget(queries=None, rows=1)).findings


def test_silent_on_a_query_that_failed_or_is_gone_and_names_it(library: Scratch) -> None:
    outcome = judged(library, replace(asked(library), status="failed"), budget(queries=0))
    assert not outcome.findings
    assert outcome.skipped[0].reason.startswith("canned:x: not measured by this audit")


def test_finds_more_queries(library: Scratch) -> None:
    run = asked(library)
    assert run.queries
    (finding,) = judged(library, run, budget(queries=1)).findings
    assert finding.severity == "error"
    assert finding.key == "grown_query:canned:x"
    assert finding.detail == f"It has {run.queries} queries where it had 1."


def test_finds_more_rows(library: Scratch) -> None:
    run = measured(library, Author.objects.all)
    (finding,) = judged(library, run, budget(queries=1, rows=0)).findings
    assert finding.subject == "'x' has grown: rows"
    assert [(one.what, one.value) for one in finding.evidence] == [("rows", run.rows), ("rows in its budget", 0)]
