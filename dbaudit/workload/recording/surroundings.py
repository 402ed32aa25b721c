"""In what a statement ran: which request or job, and whether a factory, a fixture, a migration or a cache ran it."""

from __future__ import annotations

import re
import unittest
from types import CodeType, FrameType
from typing import Any

from django.core.handlers.base import BaseHandler

from dbaudit.facts import Apart
from dbaudit.workload.recording import origins
from dbaudit.workload.recording.askers import Reader, is_code_of
from dbaudit.workload.recording.trace import Trace

#: The attribute by which requests are told apart: one request object is one request, in whatever thread or task.
_NUMBER = "_dbaudit_number"


def _request(frame: FrameType, trace: Trace) -> None:
    request = frame.f_locals.get("request")
    found = getattr(request, _NUMBER, None)
    if found is None and request is not None:
        found = origins.number()
        setattr(request, _NUMBER, found)
    trace.work = found


#: What handles a request. What stands above it, middleware upon middleware, is half of a request's stack and asked for
#: nothing: the walk ends here. Statements of middleware stand below the outer two only.
ENDS: dict[CodeType, Reader] = {
    BaseHandler._get_response.__code__: _request,  # type: ignore[attr-defined]
    BaseHandler._get_response_async.__code__: _request,  # type: ignore[attr-defined]
    BaseHandler.get_response.__code__: _request,
    BaseHandler.get_response_async.__code__: _request,
}


def _job(*names: str) -> Reader:
    """A reader for what runs a job: the job's identity is found under one of the names, the innermost job counts."""

    def read(frame: FrameType, trace: Trace) -> None:
        if trace.work is not None:
            return
        for name in names:
            first, _, rest = name.partition(".")
            found: Any = frame.f_locals.get(first)
            for part in filter(None, rest.split(".")):
                found = getattr(found, part, None)
            if found is not None:
                trace.work = ("job", str(found))
                return

    return read


def _apart(what: Apart) -> Reader:
    def read(_frame: FrameType, trace: Trace) -> None:
        trace.apart = trace.apart or what

    return read


# The files of packages that make rows, and of what moves the schema or loads data.
_FILES: tuple[tuple[re.Pattern[str], Apart], ...] = (
    (re.compile(r"[\\/](?:site|dist)-packages[\\/](?:factory|model_bakery|mixer|fixtureless)[\\/]"), "factory"),
    (re.compile(r"[\\/]django[\\/]db[\\/]migrations[\\/](?:executor|migration)\.py$"), "migration"),
    (re.compile(r"[\\/]django[\\/]core[\\/]management[\\/]commands[\\/]migrate\.py$"), "migration"),
    (re.compile(r"[\\/]django[\\/]core[\\/]management[\\/]commands[\\/]loaddata\.py$"), "fixture"),
    (re.compile(r"[\\/]django[\\/]core[\\/]cache[\\/]backends[\\/]db\.py$"), "cache"),
    (re.compile(r"[\\/]django[\\/]contrib[\\/](?:contenttypes|sites)[\\/](?:models|management)[^.]*\.py$"), "cache"),
)
_CACHING = {"get_for_id", "get_for_model", "get_for_models", "get_by_natural_key", "_get_site_by_id"}
_CACHING |= {"_get_site_by_request"}
_FIXTURES: tuple[tuple[str, str], ...] = (
    ("_pytest.fixtures", "call_fixture_func"),
    ("unittest.async_case", "IsolatedAsyncioTestCase._callSetUp"),
    ("unittest.async_case", "IsolatedAsyncioTestCase._callTearDown"),
)
_JOBS: tuple[tuple[re.Pattern[str], str, Reader], ...] = (
    (re.compile(r"[\\/]celery[\\/]app[\\/]trace\.py$"), "trace_task", _job("uuid")),
    (
        re.compile(r"[\\/]django(?:_tasks|[\\/]tasks)[\\/]backends[\\/]immediate\.py$"),
        "_execute_task",
        _job("task_result.id"),
    ),
    (re.compile(r"[\\/]django_tasks[\\/].*db_worker\.py$"), "run_task", _job("db_task_result.id")),
    (re.compile(r"[\\/]rq[\\/]job\.py$"), "perform", _job("self.id")),
)


def reader(code: CodeType) -> Reader | None:
    """What reads a frame of this code, None where it says nothing of the surroundings."""
    ending = ENDS.get(code)
    if ending is not None:
        return ending
    if code in (unittest.TestCase._callSetUp.__code__, unittest.TestCase._callTearDown.__code__):  # type: ignore[attr-defined]
        return _apart("fixture")
    if any(is_code_of(code, module, path) for module, path in _FIXTURES):
        return _apart("fixture")
    for pattern, name, read in _JOBS:
        if code.co_name == name and pattern.search(code.co_filename):
            return read
    for pattern, what in _FILES:
        if pattern.search(code.co_filename) and ("contrib" not in pattern.pattern or code.co_name in _CACHING):
            return _apart(what)
    return None
