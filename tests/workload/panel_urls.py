"""Pages on which the toolbar shows itself."""

from __future__ import annotations

from django.db import connections
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import include, path

from tests.workload.models import Author, Book, Publisher


def page(content: object) -> HttpResponse:
    return HttpResponse(f"<html><body>{content}</body></html>")


def quiet(_request: HttpRequest) -> HttpResponse:
    return page("nothing asked")


def clean(_request: HttpRequest) -> HttpResponse:
    return page([author.publisher.name for author in Author.objects.select_related("publisher")])


def loop(_request: HttpRequest) -> HttpResponse:
    return page([author.publisher.name for author in Author.objects.all()])


async def loop_async(_request: HttpRequest) -> HttpResponse:
    return page([await author.book_set.acount() async for author in Author.objects.all()])


def search(_request: HttpRequest) -> HttpResponse:
    return page(list(Book.objects.filter(title="a secret title")))


def marked_up(_request: HttpRequest) -> HttpResponse:
    alias = Publisher.objects.all().db
    for _ in range(3):
        with connections[alias].cursor() as cursor:
            cursor.execute('SELECT 1 AS "<script>alert(1)</script>"')
    return page("")


def failing(_request: HttpRequest) -> HttpResponse:
    Author.objects.count()
    raise RuntimeError("on purpose")


def stream(_request: HttpRequest) -> StreamingHttpResponse:
    return StreamingHttpResponse(author.name for author in Author.objects.all())


urlpatterns = [
    path("quiet/", quiet, name="quiet"),
    path("clean/", clean, name="clean"),
    path("loop/", loop, name="loop"),
    path("loop-async/", loop_async, name="loop-async"),
    path("search/", search, name="search"),
    path("marked-up/<str:name>/", lambda request, **_: marked_up(request)),
    path("failing/", failing),
    path("stream/", stream, name="stream"),
    path("__debug__/", include("debug_toolbar.urls")),
]
