"""Code that is measured on a real database, and what one check says of it."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from django.apps import apps as installed

from dbaudit import checks
from dbaudit.facts import QueryRun
from dbaudit.findings import Finding
from dbaudit.registry import registered
from dbaudit.workload.fixes import proposals
from dbaudit.workload.limits import Limits
from dbaudit.workload.sampling import Bench
from tests.scratch import Scratch
from tests.workload.models import Author, Book

RUN = QueryRun(id="canned:x", label="x", origin="canned", alias="", status="failed")


def measured(library: Scratch, task: Callable[[], Any], **about: Any) -> QueryRun:
    """The code as a canned query would be measured."""
    bench = Bench(library.connection, Limits(samples=2), writes=True)
    return bench.measure(replace(RUN, alias=library.alias, **about), task)


def tried(library: Scratch, task: Callable[[], Any], **about: Any) -> QueryRun:
    """The code as a canned query would be measured, with the changes to its text that were run."""
    run = measured(library, task, **{"source": inspect.getsource(task), **about})
    assert run.audited, run.reason
    return proposals.with_trials(run, task, Bench(library.connection, Limits(samples=1), writes=True))


def judged(library: Scratch, check: str, *runs: QueryRun) -> tuple[Finding, ...]:
    """What one check finds in runs; a check that crashes fails the test."""
    checks.load(installed)
    snapshot = replace(library.snapshot(Author._meta.apps), runs=runs)
    outcome = checks.run(snapshot, [one for one in registered() if one.id == check])
    assert [one.id for one in outcome.ran] == [check], outcome.crashed or outcome.skipped
    assert bool(outcome.skipped) == (not runs)
    return outcome.findings


def found(library: Scratch, check: str, task: Callable[[], Any], **about: Any) -> tuple[Finding, ...]:
    """What one check finds in a piece of code that is measured here."""
    return judged(library, check, measured(library, task, **about))


def fill(library: Scratch, books: int = 6_000) -> None:
    """Many books of one author; the statistics know of them."""
    author = Author.objects.order_by("pk")[0]
    Book.objects.bulk_create(Book(title=f"Volume {number}", author=author) for number in range(books))
    library.execute("ANALYZE")
