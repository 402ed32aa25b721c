"""One page, asked for with the test client and the project's own middleware, and what its answer is worth."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from contextlib import suppress
from itertools import islice
from typing import Any
from urllib.parse import urlsplit

from asgiref.sync import async_to_sync
from django.conf import settings
from django.db.backends.base.base import BaseDatabaseWrapper
from django.test import Client
from django.urls import Resolver404, resolve

from dbaudit.workload import wrong_names
from dbaudit.workload.asking.surroundings import undisturbed
from dbaudit.workload.sampling import NotAuditedError, raised

#: Parts of a stream that are read: an export of a large table is not read to its end.
PARTS = 1_000


class RefusedPageError(NotAuditedError):
    """A page that answered with something else than success: its ``status``, and where a redirect leads."""

    def __init__(self, reason: str, status: int, location: str = "") -> None:
        super().__init__(reason)
        self.status = status
        self.location = location


def asking(client: Client, path: str, connection: BaseDatabaseWrapper) -> Callable[[], Any]:
    """What asks for the page: it gives the response of a success, read to its end.

    Anything else raises `RefusedPageError`. An error of the project's own is raised as itself where it is certain that
    every request meets it: a query names what its model does not have.
    """

    def get() -> Any:
        with undisturbed(connection), warnings.catch_warnings():
            # Python's own warnings are shown to the project's developers by their own runs.
            warnings.simplefilter("ignore")
            response: Any = client.get(path, secure=settings.SECURE_SSL_REDIRECT)
            try:
                _judge(response)
                if response.streaming:
                    _read(response)
                return response
            finally:
                if response.streaming:
                    _close(response)

    return get


def _judge(response: Any) -> None:
    status = response.status_code
    if 200 <= status < 300:
        return
    error = (getattr(response, "exc_info", None) or (None, None))[1]
    if error is not None and wrong_names.raised(error) is not None:
        raise error
    location = response.headers.get("Location", "") if 300 <= status < 400 else ""
    if location:
        raise RefusedPageError(f"Redirected to {_shown(location)}.", status, location)
    if status == 405:
        raise RefusedPageError("It answers no GET.", status)
    raise RefusedPageError(f"Status {status}{f' ({raised(error)})' if error is not None else ''}.", status)


def _shown(location: str) -> str:
    """Where a redirect leads, as the route is written: a path may hold values of rows."""
    split = urlsplit(location)
    if split.netloc and split.netloc.partition(":")[0] not in settings.ALLOWED_HOSTS:
        return "another site"
    try:
        return f"/{resolve(split.path).route}"
    except Resolver404:
        return "a path without a route"


def _read(response: Any) -> None:
    """The beginning of a stream: enough to see what each part of it asks for."""
    if not response.is_async:
        for _ in islice(response, PARTS):
            pass
        return

    async def read() -> None:
        left = PARTS
        async for _ in response:
            left -= 1
            if not left:
                break

    async_to_sync(read)()


def _close(response: Any) -> None:
    """End the iterator first: its own end would come in the middle of another page."""
    content: Any = getattr(response, "_iterator", None)
    if hasattr(content, "close"):
        with suppress(Exception):
            content.close()
    with suppress(Exception):
        response.close()
    # Who gets the response may read it once more.
    response.streaming_content = ()
