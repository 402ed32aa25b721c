"""N+1 on the corpus: everything is found, nothing else is, and advice that is called verified has worked.

All scenarios of one vendor share a database: whatever they write is rolled back.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from asgiref.sync import async_to_sync
from django.db import transaction
from pytest_django.plugin import DjangoDbBlocker

import dbaudit
from dbaudit.findings import Finding
from tests.checks.queries import judged, tried
from tests.postgres import main_server
from tests.scratch import Scratch, postgres_scratch, sqlite_scratch
from tests.workload.conftest import stocked
from tests.workload.corpus import SCENARIOS, Scenario, shelf
from tests.workload.corpus.asked_once_a_row import serializer, serializer_of_related_keys
from tests.workload.corpus.scenario import Function

CLEAN = [one for one in SCENARIOS if not one.repeats]
REPEATED = [one for one in SCENARIOS if one.repeats]


def names(scenario: Scenario) -> str:
    return scenario.function.__name__


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.needs("postgresql"))])
def shelves(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, django_db_blocker: DjangoDbBlocker
) -> Iterator[Scratch]:
    """The library with all that the scenarios ask for."""
    folder: Path = tmp_path_factory.mktemp("corpus")
    empty = sqlite_scratch(folder) if request.param == "sqlite" else postgres_scratch(main_server())
    with django_db_blocker.unblock(), empty as scratch, stocked(scratch), shelf(scratch):
        yield scratch


@pytest.fixture(autouse=True)
def _unblocked(django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    with django_db_blocker.unblock():
        yield


@contextmanager
def rolled_back(shelves: Scratch) -> Iterator[None]:
    """Whatever a scenario writes is there for itself alone."""
    with transaction.atomic(using=shelves.alias):
        yield
        transaction.set_rollback(True, using=shelves.alias)


def found(shelves: Scratch, scenario: Scenario) -> tuple[Finding, ...]:
    return judged(shelves, "n_plus_one", tried(shelves, scenario.function))


def test_the_corpus_is_large_enough_and_names_each_scenario_once() -> None:
    assert len(SCENARIOS) >= 60
    assert len({one.name for one in SCENARIOS}) == len(SCENARIOS)


@pytest.mark.parametrize("scenario", CLEAN, ids=names)
def test_silent_on(shelves: Scratch, scenario: Scenario) -> None:
    assert found(shelves, scenario) == ()


@pytest.mark.parametrize("shelves", ["sqlite"], indirect=True)
@pytest.mark.parametrize("scenario", [one for one in CLEAN if not inspect.iscoroutinefunction(one.function)], ids=names)
def test_silent_without_a_second_run_on(shelves: Scratch, scenario: Scenario) -> None:
    with rolled_back(shelves), dbaudit.capture() as run:
        getattr(scenario.function(), "data", None)
    run.assert_none("n_plus_one")


@pytest.mark.parametrize("scenario", REPEATED, ids=names)
def test_finds(shelves: Scratch, scenario: Scenario) -> None:
    findings = found(shelves, scenario)
    assert findings
    assert all(one.confidence == "high" for one in findings)
    assert scenario.fix in [one.remedy.orm if one.remedy.verification else "" for one in findings]


@pytest.mark.parametrize(
    ("function", "field"),
    [(serializer, "AuthorSerializer.house"), (serializer_of_related_keys, "ReaderSerializer.readers")],
)
def test_names_the_field_of_the_serializer_that_asks(shelves: Scratch, function: Function, field: str) -> None:
    via = f"serializer tests.workload.corpus.asked_once_a_row.{field}"
    run = tried(shelves, function)
    assert {one.via for one in run.statements if one.asked} == {via}
    (finding,) = judged(shelves, "n_plus_one", run)
    assert ("asked by", via) in [(one.what, one.value) for one in finding.evidence]


@pytest.mark.parametrize("shelves", ["sqlite"], indirect=True)
@pytest.mark.parametrize("scenario", [one for one in REPEATED if one.once_is_enough], ids=names)
def test_finds_without_a_second_run(shelves: Scratch, scenario: Scenario) -> None:
    function = scenario.function
    with rolled_back(shelves), dbaudit.capture() as run:
        result = async_to_sync(function)() if inspect.iscoroutinefunction(function) else function()
        getattr(result, "data", None)
    with pytest.raises(AssertionError, match="is asked once for each row"):
        run.assert_none("n_plus_one")
