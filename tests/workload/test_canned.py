"""Canned queries: those that fail say why and the others still run; nothing that they write stays."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.apps.registry import Apps
from django.db import connections, transaction
from django.http import HttpResponse, StreamingHttpResponse
from django.template import engines
from django.template.response import SimpleTemplateResponse

from dbaudit.facts import QueryRun
from dbaudit.queries import _queries
from dbaudit.workload.limits import Limits
from dbaudit.workload.sampling import Bench, status
from dbaudit.workload.sources import canned
from tests.scratch import Scratch
from tests.workload.conftest import AUTHORS, PUBLISHERS, routed
from tests.workload.models import Author, Book, Publisher

RUN = QueryRun(id="canned:x", label="x", origin="canned", alias="", status="failed")


@pytest.fixture
def measure(library: Scratch) -> Callable[..., QueryRun]:
    def run(task: Callable[[], Any], **limits: int) -> QueryRun:
        return Bench(library.connection, Limits(**limits), writes=True).measure(RUN, task)

    return run


# -- what fails ----------------------------------------------------------------------------------------------------


def broken() -> None:
    raise ValueError("no such report")


def missing() -> Any:
    return Author.objects.get(name="nobody")


def wrong_prefetch() -> Any:
    return Author.objects.prefetch_related("books")


@pytest.mark.parametrize(
    ("task", "reason"),
    [
        (broken, "ValueError: no such report (tests/workload/test_canned.py:"),
        (missing, "DoesNotExist: Author matching query does not exist (tests/workload/test_canned.py:"),
        (wrong_prefetch, "'books' is an invalid parameter to prefetch_related()"),
        (lambda: Author.objects, "It returned a manager, which asks nothing; return .all() of it."),
        (lambda: Author, "It returned the class Author, which asks nothing; return a queryset."),
        (lambda: 7, "It returned a value of type int and ran no statement; return a queryset or run a query."),
        (lambda: None, "It returned nothing and ran no statement; return a queryset or run a query."),
        (lambda needed: needed, "missing 1 required positional argument: 'needed'"),
    ],
)
def test_what_cannot_be_measured_is_a_failed_run_with_the_reason(
    measure: Callable[..., QueryRun], task: Callable[[], Any], reason: str
) -> None:
    run = measure(task)
    assert run.status == "failed"
    assert reason in run.reason
    assert not run.audited


def test_a_statement_that_hangs_is_ended(measure: Callable[..., QueryRun], library: Scratch) -> None:
    hang = "SELECT pg_sleep(20)"
    if library.vendor == "sqlite":
        hang = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
    began = time.monotonic()
    run = measure(lambda: library.rows(hang), statement_timeout_ms=200)
    assert run.reason.startswith("A statement took longer than 0.2 s (")
    assert time.monotonic() - began < 15
    assert measure(Author.objects.all).status != "failed"


def test_code_that_hangs_is_ended_even_where_it_swallows_every_exception(measure: Callable[..., QueryRun]) -> None:
    def stubborn() -> None:
        while True:
            with contextlib.suppress(Exception):
                time.sleep(60)

    assert measure(stubborn, wall_ms=200).reason.startswith("It took longer than 0.2 s (")


def test_a_wait_inside_the_server_is_ended_and_the_connection_serves_the_next(
    measure: Callable[..., QueryRun], library: Scratch
) -> None:
    if library.vendor != "postgresql":
        pytest.skip("only a server can be waited for")
    assert measure(lambda: library.rows("SELECT pg_sleep(20)"), wall_ms=300).reason.startswith("It took longer than")
    assert measure(Author.objects.all).rows == AUTHORS


@pytest.mark.parametrize("end", ["COMMIT", "ROLLBACK", " commit"])
def test_ending_the_transaction_by_hand_is_refused(
    measure: Callable[..., QueryRun], library: Scratch, end: str
) -> None:
    def task() -> None:
        Book.objects.all().delete()
        library.execute(end)

    assert "ends the transaction by itself" in measure(task).reason
    assert Book.objects.count() == AUTHORS * 2


def test_a_thread_of_its_own_may_not_write(measure: Callable[..., QueryRun], library: Scratch) -> None:
    problems: list[Exception] = []

    def write() -> None:
        try:
            Publisher.objects.create(name="from a thread")
        except Exception as error:  # noqa: BLE001 - handed to the caller
            problems.append(error)
        connections[library.alias].close()

    def task() -> None:
        thread = threading.Thread(target=write)
        thread.start()
        thread.join()
        raise problems[0]

    assert "a thread of its own" in measure(task).reason
    assert Publisher.objects.count() == PUBLISHERS


# -- what is measured ----------------------------------------------------------------------------------------------


def test_a_queryset_is_evaluated_and_counted(measure: Callable[..., QueryRun]) -> None:
    run = measure(lambda: Author.objects.prefetch_related("book_set"), samples=3)
    assert (run.queries, run.rows, run.reason, len(run.samples_ms)) == (2, AUTHORS, "", 3)
    assert run.audited
    assert run.cold_ms is not None
    assert run.spread_ms is not None
    assert run.spread_ms[0] <= (run.median_ms or 0) <= run.spread_ms[1]


def test_a_queryset_that_outlives_the_call_is_asked_again(measure: Callable[..., QueryRun]) -> None:
    everyone = Author.objects.all()
    assert measure(lambda: everyone).queries == 1


def test_an_empty_queryset_asks_nothing_and_is_no_failure(measure: Callable[..., QueryRun]) -> None:
    assert measure(Author.objects.none).queries == 0


def test_writes_are_allowed_and_rolled_back(measure: Callable[..., QueryRun], library: Scratch) -> None:
    called: list[bool] = []

    def task() -> None:
        with transaction.atomic(using=library.alias, durable=True):
            Publisher.objects.create(name="for a moment")
            transaction.on_commit(lambda: called.append(True), using=library.alias)

    run = measure(task)
    assert (run.reason, run.queries) == ("", 1)
    assert Publisher.objects.count() == PUBLISHERS
    assert called == []


def test_pages_streams_generators_and_coroutines_run_to_their_end(measure: Callable[..., QueryRun]) -> None:
    names = Author.objects.values_list("name", flat=True)
    template = engines["django"].from_string("{% for one in them %}{{ one }}{% endfor %}")

    async def counted() -> int:
        return int(await Author.objects.acount())

    for task in (
        lambda: SimpleTemplateResponse(template, {"them": names.all()}),
        lambda: StreamingHttpResponse(str(name) for name in names.iterator()),
        lambda: (one for one in names.all()),
        lambda: HttpResponse(str(list(names.all()))),
        counted,
    ):
        run = measure(task)
        assert (run.reason, run.queries) == ("", 1)


@pytest.mark.parametrize(
    ("median", "budget", "expected"),
    [
        (6.92, {}, "excellent"),
        (10.59, {}, "good"),
        (50.1, {}, "slow"),
        (50.1, {"budget_ms": 100}, "slow"),
        (6.92, {"budget_ms": 5}, "over budget"),
        (6.92, {"max_queries": 2}, "excellent"),
        (6.92, {"max_queries": 1}, "over budget"),
    ],
)
def test_budgets_decide_before_targets(median: float, budget: dict[str, Any], expected: str) -> None:
    assert status(replace(RUN, samples_ms=(median, median / 2, median * 9), queries=2, **budget)) == expected


@pytest.mark.django_db
def test_what_asks_another_database_only_is_not_audited(library: Scratch) -> None:
    run = Bench(connections["default"], Limits(), writes=True).measure(RUN, Author.objects.all)
    assert (run.status, run.reason) == ("not audited", f"It asks the database {library.alias!r} only.")


# -- scaling -------------------------------------------------------------------------------------------------------


def test_one_query_or_a_prefetch_needs_no_second_run(measure: Callable[..., QueryRun]) -> None:
    assert measure(lambda: Author.objects.prefetch_related("book_set")).scaling == ()


def test_queries_per_row_are_counted_at_n_and_at_2n(measure: Callable[..., QueryRun]) -> None:
    run = measure(lambda: [author.publisher.name for author in Author.objects.all()])
    parent, child = (one.identity for one in run.statements[:2])
    assert [(one.parent, one.rows, one.queries) for one in run.scaling] == [(parent, 3, 4), (parent, 6, 7)]
    assert [one.count(child) for one in run.scaling] == [3, 6]


def test_a_loop_without_a_parent_does_not_grow(measure: Callable[..., QueryRun]) -> None:
    def task() -> None:
        list(Author.objects.all())
        for _ in range(4):
            Publisher.objects.count()

    assert {one.queries for one in measure(task).scaling} == {5}


# -- modules -------------------------------------------------------------------------------------------------------


@pytest.fixture
def application(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Apps]]:
    def install(text: str) -> Apps:
        folder = tmp_path / "canned_app"
        folder.mkdir()
        (folder / "__init__.py").touch()
        (folder / "dbaudit_queries.py").write_text(text)
        return Apps(["canned_app"])

    monkeypatch.syspath_prepend(tmp_path)
    known = dict(_queries)
    yield install
    _queries.clear()
    _queries.update(known)
    for name in [name for name in sys.modules if name.startswith("canned_app")]:
        del sys.modules[name]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("\n\nthis is no python", "dbaudit_queries.py:3: SyntaxError: invalid syntax; correct it."),
        ("\nimport nothing_like_it", "dbaudit_queries.py:2: ModuleNotFoundError: No module named 'nothing_like_it'"),
        ("from dbaudit import query\n@query(budget_ms=-1)\ndef x(): ...", "dbaudit_queries.py:2: budget_ms must be"),
        ("from dbaudit import query\n@query(max_queries='1')\ndef x(): ...", "dbaudit_queries.py:2: max_queries must"),
    ],
)
def test_a_broken_module_is_named_with_file_and_line(
    library: Scratch, application: Callable[[str], Apps], text: str, reason: str
) -> None:
    (run,) = canned.own(application(text), library.alias).broken
    assert (run.status, run.app) == ("failed", "canned_app")
    assert reason in run.reason


def test_one_that_fails_does_not_keep_the_others_from_running(
    library: Scratch, application: Callable[[str], Apps]
) -> None:
    apps = application(
        """
from dbaudit import query
from tests.workload.models import Author

@query(label="All authors", budget_ms=1000, max_queries=1)
def everyone():
    return Author.objects.all()

@query()
def fails():
    '''Fails at once.'''
    return 1 / 0

query()(5)
"""
    )
    bench = Bench(library.connection, Limits(), writes=True)
    with routed(library.alias):
        runs = {run.id: run for run in canned.runs(canned.own(apps, library.alias), bench)}
    assert {name: run.audited for name, run in runs.items()} == {
        "canned:canned_app.everyone": True,
        "canned:canned_app.fails": False,
        "canned:canned_app.line 14": False,
    }
    assert runs["canned:canned_app.line 14"].reason.startswith("TypeError: @query stands above a value of type int")
    assert runs["canned:canned_app.fails"].label == "Fails at once"
    good = runs["canned:canned_app.everyone"]
    assert (good.label, good.rows, good.location and good.location.line) == ("All authors", AUTHORS, 5)
    assert "return Author.objects.all()" in good.source
