"""N+1 on the corpus: everything is found, nothing else is, and advice that is called verified has worked."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType

import dbaudit
from dbaudit.findings import Finding
from dbaudit.workload import fixes
from dbaudit.workload.limits import Limits
from dbaudit.workload.routing import routed_to
from dbaudit.workload.sampling import Bench
from tests.checks.queries import judged, measured
from tests.scratch import Scratch
from tests.workload import corpus

#: The values of the loop repeat, an attribute asks for nothing: without a second run these prove nothing.
NEEDS_A_SECOND_RUN = (corpus.get_in_a_loop, corpus.raw_in_a_loop, corpus.prefetch_of_each_row)


@pytest.fixture
def shelf(library: Scratch) -> Iterator[Scratch]:
    """The library with towns, and with notes on groups."""
    made = (ContentType, Permission, Group, *corpus.MODELS)
    library.create(*made)
    ContentType.objects.clear_cache()
    with routed_to(library.alias, {model._meta.db_table for model in made}):
        corpus.fill()
        yield library
    ContentType.objects.clear_cache()


def found(shelf: Scratch, task: Any) -> tuple[Finding, ...]:
    run = measured(shelf, task, source=inspect.getsource(task))
    assert run.audited, run.reason
    run = fixes.with_trials(run, task, Bench(shelf.connection, Limits(samples=1), writes=True))
    return judged(shelf, "n_plus_one", run)


@pytest.mark.parametrize("task", corpus.CLEAN, ids=lambda task: task.__name__)
def test_silent_on(shelf: Scratch, task: Any) -> None:
    assert found(shelf, task) == ()


@pytest.mark.parametrize("task", corpus.CLEAN, ids=lambda task: task.__name__)
def test_silent_without_a_second_run_on(shelf: Scratch, task: Any) -> None:
    with dbaudit.capture() as run:
        task()
    run.assert_none("n_plus_one")


@pytest.mark.parametrize(("task", "fix"), corpus.ONCE_A_ROW.items(), ids=lambda one: getattr(one, "__name__", ""))
def test_finds(shelf: Scratch, task: Any, fix: str) -> None:
    findings = found(shelf, task)
    assert findings
    assert all(one.confidence == "high" for one in findings)
    assert fix in [one.remedy.orm if one.remedy.verification else "" for one in findings]


@pytest.mark.parametrize(
    "task",
    [task for task in corpus.ONCE_A_ROW if task not in NEEDS_A_SECOND_RUN],
    ids=lambda task: task.__name__,
)
def test_finds_without_a_second_run(shelf: Scratch, task: Any) -> None:
    with dbaudit.capture() as run:
        result = async_to_sync(task)() if inspect.iscoroutinefunction(task) else task()
        getattr(result, "data", None)
    with pytest.raises(AssertionError, match="is asked once for each row"):
        run.assert_none("n_plus_one")
