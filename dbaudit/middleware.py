"""Writes what each request asks of the database into the file of ``DBAUDIT["CAPTURE_FILE"]``."""

from __future__ import annotations

import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.core.exceptions import MiddlewareNotUsed
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from dbaudit import conf
from dbaudit.facts import Statement
from dbaudit.workload.recording import requests
from dbaudit.workload.recording.capture_file import Captured, append
from dbaudit.workload.recording.recorder import Recorder, keep_installed

logger = logging.getLogger("dbaudit")


class CaptureMiddleware:
    """Records the statements of each request, those of a streaming response included, on every alias.

    Put it first. It is not used while ``CAPTURE_FILE`` is not set. The file holds templates, times, rows and places, no
    values; requests are told apart by method and route, not by path.
    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        path = conf.load().capture_file
        if not path:
            raise MiddlewareNotUsed('DBAUDIT["CAPTURE_FILE"] is not set.')
        self._path = Path(path)
        self._get_response = get_response
        self._is_async = iscoroutinefunction(get_response)
        self._writes = True
        if self._is_async:
            markcoroutinefunction(self)
        keep_installed()

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        """Handle a request."""
        return self._handle_async(request) if self._is_async else self._handle(request)

    def _handle(self, request: HttpRequest) -> HttpResponseBase:
        call = _Call(request, self._write)
        try:
            with call.recorder.recording():
                response: HttpResponseBase = self._get_response(request)
        except BaseException:
            call.finish()
            raise
        return call.follow(response)

    async def _handle_async(self, request: HttpRequest) -> HttpResponseBase:
        call = _Call(request, self._write)
        try:
            with call.recorder.recording():
                response: HttpResponseBase = await self._get_response(request)
        except BaseException:
            call.finish()
            raise
        return call.follow(response)

    def _write(self, captured: Captured) -> None:
        """Append to the file. That it cannot be written is logged once, until it can again: no request fails by it."""
        try:
            append(self._path, captured)
        except OSError as error:
            if self._writes:
                logger.warning("dbaudit cannot write to %s: %s", self._path, error.strerror)
            self._writes = False
        else:
            self._writes = True


class _Call:
    """One request from its beginning to the last chunk of its response."""

    def __init__(self, request: HttpRequest, write: Callable[[Captured], None]) -> None:
        self.recorder = Recorder()
        self._request = request
        self._write = write
        self._began = time.perf_counter()
        self._finished = False

    def follow(self, response: Any) -> HttpResponseBase:
        """The response; a streaming one goes on being recorded while it is sent."""
        if not response.streaming:
            self.finish()
        elif response.is_async:
            response.streaming_content = self._async_chunks(aiter(response.streaming_content))
        else:
            response.streaming_content = self._chunks(iter(response.streaming_content))
        return response  # type: ignore[no-any-return]

    def _chunks(self, content: Iterator[bytes]) -> Iterator[bytes]:
        try:
            while True:
                try:
                    with self.recorder.recording():
                        chunk = next(content)
                except StopIteration:
                    return
                yield chunk
        finally:
            self.finish()

    async def _async_chunks(self, content: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        try:
            while True:
                try:
                    with self.recorder.recording():
                        chunk = await anext(content)
                except StopAsyncIteration:
                    return
                yield chunk
        finally:
            self.finish()

    def finish(self) -> None:
        """Write what was asked, once. Whatever becomes of it, the request is served."""
        if self._finished:
            return
        self._finished = True
        try:
            statements = tuple(one for one in self.recorder.statements if one.kind != "transaction")
            if statements:
                self._write(self._captured(statements))
        except Exception:
            logger.exception("dbaudit could not write what %s asked", self._request.path)

    def _captured(self, statements: tuple[Statement, ...]) -> Captured:
        return Captured(
            id=requests.route(self._request),
            label=requests.label(self._request),
            ms=(time.perf_counter() - self._began) * 1000,
            statements=statements,
            dropped=self.recorder.dropped,
        )
