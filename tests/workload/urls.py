"""Pages that ask the library."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

from django.db import connections
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import path

import dbaudit
from tests.workload.models import Author


def books(_request: HttpRequest, author: int) -> HttpResponse:
    return HttpResponse(str(Author.objects.get(pk=author).book_set.count()))


def quiet(_request: HttpRequest) -> HttpResponse:
    return HttpResponse("nothing asked")


def failing(_request: HttpRequest) -> HttpResponse:
    Author.objects.count()
    raise RuntimeError("on purpose")


def stream(_request: HttpRequest) -> StreamingHttpResponse:
    def lines() -> Iterator[str]:
        for author in Author.objects.order_by("pk"):
            yield author.publisher.name

    return StreamingHttpResponse(lines())


async def books_async(_request: HttpRequest) -> HttpResponse:
    return HttpResponse(str(await Author.objects.acount()))


async def books_async_twice(_request: HttpRequest) -> HttpResponse:
    await Author.objects.acount()
    return HttpResponse(str(await Author.objects.acount()))


def stream_failing(_request: HttpRequest) -> StreamingHttpResponse:
    def lines() -> Iterator[str]:
        yield str(Author.objects.count())
        raise RuntimeError("on purpose")

    return StreamingHttpResponse(lines())


def two_aliases(_request: HttpRequest, other: str) -> HttpResponse:
    with connections[other].cursor() as cursor:
        cursor.execute("SELECT 1")
    return HttpResponse(str(Author.objects.count()))


def capturing(_request: HttpRequest) -> HttpResponse:
    Author.objects.count()
    with dbaudit.capture() as run:
        Author.objects.count()
    return HttpResponse(str(len(run.statements)))


async def stream_async(_request: HttpRequest) -> StreamingHttpResponse:
    async def lines() -> AsyncIterator[str]:
        async for author in Author.objects.order_by("pk"):
            yield author.name

    return StreamingHttpResponse(lines())


urlpatterns = [
    path("authors/<int:author>/", books, name="books"),
    path("quiet/", quiet),
    path("failing/", failing),
    path("stream/", stream),
    path("async/", books_async),
    path("async-twice/", books_async_twice),
    path("stream-async/", stream_async),
    path("stream-failing/", stream_failing),
    path("two-aliases/<str:other>/", two_aliases),
    path("capturing/", capturing),
]
