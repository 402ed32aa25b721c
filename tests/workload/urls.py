"""Pages that ask the library."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import path

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
    path("stream-async/", stream_async),
]
