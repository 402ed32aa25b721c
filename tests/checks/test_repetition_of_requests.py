"""Requests, jobs and blocks of code are judged each by itself: what several ask together is no repetition."""

from __future__ import annotations

import asyncio
import unittest
from dataclasses import replace
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.conf import LazySettings
from django.db import connections
from django.test import AsyncClient, Client, RequestFactory

import dbaudit
from dbaudit.analysis.blocks import blocks
from dbaudit.facts import Statement
from dbaudit.live.capture import judge
from tests.scratch import Scratch
from tests.workload import counted_urls
from tests.workload.conftest import AUTHORS
from tests.workload.models import Author


@pytest.fixture(autouse=True)
def _pages(settings: LazySettings, library: Scratch) -> None:
    settings.ROOT_URLCONF = "tests.workload.counted_urls"
    settings.MIDDLEWARE = ["tests.workload.counted_urls.Counting"]


def checks_of(run: dbaudit.capture) -> list[str]:
    return [finding.check for finding in run.findings]


def close(alias: str) -> None:
    connections[alias].close()


def keys() -> list[int]:
    return [author.pk for author in Author.objects.order_by("pk")]


def test_rows_of_several_requests_are_no_repetition() -> None:
    asked, client = keys(), Client()
    with dbaudit.capture() as run:
        for key in asked:
            assert client.get(f"/one/{key}/").status_code == 200
    assert len(run.statements) == 4 * AUTHORS
    assert run.findings == ()


def test_each_request_is_a_block_with_what_its_middleware_asks() -> None:
    client = Client()
    with dbaudit.capture() as run:
        Author.objects.count()
        client.get(f"/one/{keys()[0]}/")
        client.get("/all/")
    assert [len(block) for block in blocks(run.run)] == [2, 4, 2 + AUTHORS]
    assert [statement.work for statement in run.statements[:4]] == [0, 0, 1, 1]


def test_requests_of_the_asynchronous_client_are_told_apart(library: Scratch) -> None:
    async def ask(asked: list[int]) -> dbaudit.capture:
        client = AsyncClient()
        async with dbaudit.capture() as run:
            await asyncio.gather(*(client.get(f"/async/{key}/") for key in asked))
        await sync_to_async(close)(library.alias)
        return run

    run = asyncio.run(ask(keys()[:4]))
    assert sorted({statement.work for statement in run.statements}) == [1, 2, 3, 4]
    assert run.findings == ()


def test_views_that_are_called_by_themselves_load_each_row_by_itself() -> None:
    with dbaudit.capture() as run:
        for key in (1, 2):
            counted_urls.one(RequestFactory().get("/"), key)
    assert "n_plus_one" not in checks_of(run)


def test_a_loop_inside_one_request_is_found() -> None:
    client = Client()
    with dbaudit.capture() as run:
        client.get("/all/")
        client.get("/all/")
    (finding,) = [finding for finding in run.findings if finding.check == "n_plus_one"]
    evidence: dict[str, Any] = {one.what: one.value for one in finding.evidence}
    assert evidence["different rows that asked"] == AUTHORS
    assert evidence["executions"] == AUTHORS


def test_a_question_asked_thrice_in_one_request_is_found_and_in_three_it_is_not() -> None:
    client = Client()
    with dbaudit.capture() as run:
        client.get("/thrice/")
    assert checks_of(run) == ["duplicate_statement"]


def test_a_streaming_response_is_judged_while_it_is_sent() -> None:
    with dbaudit.capture() as run:
        b"".join(Client().get("/stream/").streaming_content)  # type: ignore[attr-defined]
    assert checks_of(run) == ["n_plus_one"]


# -- a test --------------------------------------------------------------------------------------------------------


def of_a_test(run: dbaudit.capture) -> list[tuple[str, str]]:
    findings = judge(replace(run.run, is_test=True)).findings
    return [(finding.check, finding.severity) for finding in findings]


def test_what_a_test_repeats_in_its_own_lines_is_no_repetition_of_the_project() -> None:
    with dbaudit.capture() as run:
        for key in keys():
            Author.objects.get(pk=key)
            Author.objects.count()
            Author.objects.filter(pk=key).update(name="x")
        for _ in range(4):
            Author.objects.count()
    assert of_a_test(run) == []


def test_rows_that_a_test_goes_over_itself_are_a_remark() -> None:
    with dbaudit.capture() as run:
        for author in Author.objects.all():
            _ = author.publisher
    assert of_a_test(run) == [("n_plus_one", "info")]


def test_what_a_request_of_a_test_repeats_is_the_project_s() -> None:
    with dbaudit.capture() as run:
        Client().get("/thrice/")
        Client().get("/all/")
    found = judge(replace(run.run, is_test=True, statements=tuple(map(_in_project, run.statements)))).findings
    assert sorted((finding.check, str(finding.severity)) for finding in found) == [
        ("duplicate_statement", "info"),
        ("n_plus_one", "warning"),
    ]


def _in_project(statement: Statement) -> Statement:
    """The pages of these tests stand among tests; those of a project do not."""
    return replace(statement, stack=tuple(replace(place, file="shop/views.py") for place in statement.stack))


def test_each_line_of_a_test_is_a_block_of_its_own() -> None:
    with dbaudit.capture() as run:
        Author.objects.count()
        Author.objects.count()
    assert [len(block) for block in blocks(replace(run.run, is_test=True))] == [1, 1]
    assert [len(block) for block in blocks(run.run)] == [2]


def test_what_factories_and_fixtures_ask_is_in_no_block() -> None:
    class Case(unittest.TestCase):
        def setUp(self) -> None:
            for author in Author.objects.all():
                _ = author.publisher

        def test_it(self) -> None:
            Author.objects.count()

    with dbaudit.capture() as run:
        Case("test_it").run()
    assert {statement.apart for statement in run.statements} == {"fixture", ""}
    assert [len(block) for block in blocks(run.run)] == [1]
    assert run.findings == ()
