"""Pages that each ask a little: together they look like a loop."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import path

from tests.workload.models import Author


def one(_request: HttpRequest, key: int) -> HttpResponse:
    """A row and what it refers to; the number of authors, as a base template would ask for it."""
    return HttpResponse(f"{Author.objects.get(pk=key).publisher.name}, one of {Author.objects.count()}")


def all_of_them(_request: HttpRequest) -> HttpResponse:
    return HttpResponse(", ".join(author.publisher.name for author in Author.objects.all()))


def thrice(_request: HttpRequest) -> HttpResponse:
    return HttpResponse("".join(str(Author.objects.count()) for _ in range(3)))


async def one_async(_request: HttpRequest, key: int) -> HttpResponse:
    author = await Author.objects.select_related("publisher").aget(pk=key)
    return HttpResponse(f"{author.publisher.name}, one of {await Author.objects.acount()}")


def stream(_request: HttpRequest) -> StreamingHttpResponse:
    def lines() -> Iterator[str]:
        for author in Author.objects.all():
            yield author.publisher.name

    return StreamingHttpResponse(lines())


def wrong(_request: HttpRequest) -> HttpResponse:
    return HttpResponse(str(Author.objects.filter(nme="x").count()))


class Counting:
    """A middleware that asks before and after the view."""

    def __init__(self, get_response: Any) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> Any:
        Author.objects.count()
        return self._get_response(request)


urlpatterns = [
    path("one/<int:key>/", one),
    path("async/<int:key>/", one_async),
    path("all/", all_of_them),
    path("thrice/", thrice),
    path("stream/", stream),
    path("wrong/", wrong),
]
