"""The middleware: every request that asks, the streaming ones too, and no value in the file."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.conf import LazySettings
from django.core.exceptions import MiddlewareNotUsed
from django.db import connections
from django.http import HttpResponse
from django.test import AsyncClient, Client

from dbaudit.facts import QueryRun
from dbaudit.middleware import CaptureMiddleware
from dbaudit.workload.recording import capture_file
from tests.scratch import Scratch, connected
from tests.workload.conftest import AUTHORS
from tests.workload.models import Author


@pytest.fixture
def file(settings: LazySettings, tmp_path: Path, library: Scratch) -> Iterator[Path]:
    settings.ROOT_URLCONF = "tests.workload.urls"
    settings.MIDDLEWARE = ["dbaudit.middleware.CaptureMiddleware"]
    path = tmp_path / "workload.jsonl"
    settings.DBAUDIT = {"CAPTURE_FILE": str(path)}
    yield path
    for connection in connections.all(initialized_only=True):
        connection.execute_wrappers.clear()


def runs(file: Path, library: Scratch) -> dict[str, QueryRun]:
    found, skipped = capture_file.read(file, library.alias)
    assert skipped == ()
    return {run.id: run for run in found}


def test_it_is_not_used_without_a_file(settings: LazySettings) -> None:
    settings.DBAUDIT = {}
    with pytest.raises(MiddlewareNotUsed):
        CaptureMiddleware(lambda _: HttpResponse())


def test_a_request_that_asks_nothing_is_not_written(file: Path) -> None:
    Client().get("/quiet/")
    assert not file.exists()


def test_a_file_that_cannot_be_written_is_logged_once_and_the_requests_served(
    file: Path, library: Scratch, caplog: pytest.LogCaptureFixture
) -> None:
    client, page = Client(), f"/authors/{Author.objects.first().pk}/"
    file.mkdir()
    assert [client.get(page).status_code for _ in range(3)] == [200] * 3
    assert [one.getMessage() for one in caplog.records if one.name == "dbaudit"] == [
        f"dbaudit cannot write to {file}: Is a directory"
    ]
    file.rmdir()
    client.get(page)
    assert len(runs(file, library)) == 1
    file.unlink()
    file.mkdir()
    client.get(page)
    assert len([one for one in caplog.records if one.name == "dbaudit"]) == 2


def test_requests_of_one_route_are_one_run_and_no_value_is_written(file: Path, library: Scratch) -> None:
    first = Author.objects.order_by("pk")[0]
    Author.objects.create(pk=98765432, name="new", publisher=first.publisher)
    for key in (first.pk, 98765432):
        Client().get(f"/authors/{key}/")
    (run,) = runs(file, library).values()
    assert (run.id, run.origin, run.calls, run.queries) == ("captured:GET /authors/<int:author>/", "captured", 2, 2)
    assert len(run.samples_ms) == 2
    assert run.status in ("excellent", "good", "slow")
    assert [one.asked for one in run.statements] == ["", "tests.Author.book_set"]
    assert [one.location and one.location.file for one in run.statements] == ["tests/workload/urls.py"] * 2
    assert "98765432" not in file.read_text()


def test_a_request_that_fails_is_written_too(file: Path, library: Scratch) -> None:
    Client(raise_request_exception=False).get("/failing/")
    assert runs(file, library)["captured:GET /failing/"].queries == 1


def test_a_stream_is_recorded_until_its_end(file: Path, library: Scratch) -> None:
    response: Any = Client().get("/stream/")
    assert not file.exists()
    assert len(list(response.streaming_content)) == AUTHORS
    response.close()
    assert runs(file, library)["captured:GET /stream/"].queries == AUTHORS + 1


def test_a_stream_that_the_client_leaves_is_written_as_far_as_it_came(file: Path, library: Scratch) -> None:
    response: Any = Client().get("/stream/")
    next(iter(response.streaming_content))
    response.close()
    del response
    assert runs(file, library)["captured:GET /stream/"].queries == 2


def test_asynchronous_requests_and_streams_are_recorded(file: Path, library: Scratch) -> None:
    async def main() -> None:
        client = AsyncClient()
        await client.get("/async/")
        response: Any = await client.get("/stream-async/")
        assert len([chunk async for chunk in response.streaming_content]) == AUTHORS
        await sync_to_async(close)(library.alias)

    asyncio.run(main())
    found = runs(file, library)
    assert found["captured:GET /async/"].queries == 1
    assert found["captured:GET /stream-async/"].queries == 1


def test_a_stream_that_fails_is_written_as_far_as_it_came(file: Path, library: Scratch) -> None:
    response: Any = Client().get("/stream-failing/")
    with pytest.raises(RuntimeError, match="on purpose"):
        list(response.streaming_content)
    response.close()
    assert runs(file, library)["captured:GET /stream-failing/"].queries == 1


def test_a_stream_that_is_consumed_in_another_thread_is_recorded(file: Path, library: Scratch) -> None:
    response: Any = Client().get("/stream/")
    chunks: list[bytes] = []

    def consume() -> None:
        chunks.extend(response.streaming_content)
        close(library.alias)

    thread = threading.Thread(target=consume)
    thread.start()
    thread.join()
    response.close()
    assert len(chunks) == AUTHORS
    assert runs(file, library)["captured:GET /stream/"].queries == AUTHORS + 1


def test_requests_at_once_in_threads_are_lines_of_their_own(file: Path, library: Scratch) -> None:
    key = Author.objects.order_by("pk")[0].pk

    def ask() -> None:
        Client().get(f"/authors/{key}/")
        close(library.alias)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (run,) = runs(file, library).values()
    assert (run.calls, run.queries, len(file.read_bytes().splitlines())) == (8, 2, 8)


def test_requests_at_once_in_tasks_are_lines_of_their_own(file: Path, library: Scratch) -> None:
    async def main() -> None:
        await asyncio.gather(*(AsyncClient().get(path) for path in ("/async/", "/async-twice/") * 4))
        await sync_to_async(close)(library.alias)

    asyncio.run(main())
    found = runs(file, library)
    assert {run.id: (run.calls, run.queries) for run in found.values()} == {
        "captured:GET /async/": (4, 1),
        "captured:GET /async-twice/": (4, 2),
    }


def test_every_alias_of_a_request_is_written(file: Path, library: Scratch, tmp_path: Path) -> None:
    with connected("other", {"ENGINE": "django.db.backends.sqlite3", "NAME": str(tmp_path / "other")}):
        Client().get("/two-aliases/other/")
    assert runs(file, library)["captured:GET /two-aliases/<str:other>/"].queries == 1
    (run,), _ = capture_file.read(file, "other")
    assert (run.queries, run.alias) == (1, "other")


def test_what_a_capture_inside_a_view_records_is_recorded_by_the_middleware_too(file: Path, library: Scratch) -> None:
    assert Client().get("/capturing/").content == b"1"
    assert runs(file, library)["captured:GET /capturing/"].queries == 2


def close(alias: str) -> None:
    connections[alias].close()
