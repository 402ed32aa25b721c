"""The recorder: statements of all aliases, threads and tasks, at the least cost while the project's code runs.

While something records, one wrapper stands on every connection of the process, those that are made later included. It
notes the SQL, the time and the frames as they are. Text, templates and places are worked out when somebody asks.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from functools import lru_cache
from time import perf_counter
from types import CodeType, FrameType
from typing import Any
from weakref import WeakSet

from django.core.handlers.base import BaseHandler
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

from dbaudit import places
from dbaudit.facts import Location, Parameters, Statement
from dbaudit.workload.recording import awaiting
from dbaudit.workload.recording.askers import Reader, Trace, names, reader
from dbaudit.workload.recording.record import Record, watch
from dbaudit.workload.recording.template import template

#: A run that executes more statements than this is counted on, not kept.
KEPT_STATEMENTS = 20_000
#: Lines of the project that are kept of one stack.
KEPT_PLACES = 16

Guard = Callable[[str, dict[str, Any]], None]


class Recorder:
    """Keeps the statements of one block of code. ``threads`` adds those of threads that began while it recorded.

    ``guard`` is called with each statement before it is executed and may refuse it by raising. ``limits`` cuts the
    result of a statement, by its SQL, to a number of rows; see `dbaudit.workload.scaling`.
    """

    def __init__(
        self,
        *,
        threads: bool = False,
        guard: Guard | None = None,
        limits: dict[str, int] | None = None,
        keep: int = KEPT_STATEMENTS,
    ) -> None:
        self.records: list[Record] = []
        self.dropped = 0
        self.guard = guard
        self.limits = limits or {}
        self.open = False
        self._keep = keep
        self._threads = threads
        self._earlier: WeakSet[threading.Thread] = WeakSet()
        self._resolved: list[Statement] = []
        self._arguments: dict[tuple[str, str], int] = {}

    @contextmanager
    def recording(self) -> Iterator[Recorder]:
        """Record the statements of the block, of its tasks, and of its threads where asked for."""
        self.start()
        token = _recorders.set((*_recorders.get(), self))
        try:
            yield self
        finally:
            _recorders.reset(token)
            self.stop()

    def start(self) -> None:
        """Begin; the caller sees to the context variable where it does not use ``recording``."""
        self._earlier = WeakSet(threading.enumerate())
        self.open = True
        if self._threads:
            _process_wide.append(self)
        _install()

    def stop(self) -> None:
        """End; statements of tasks and threads that outlive the block are no longer its own."""
        self.open = False
        if self._threads:
            _process_wide.remove(self)
        _uninstall()

    def claims(self, thread: threading.Thread) -> bool:
        """Whether a thread without a recorder of its own began within this recorder's block."""
        return thread not in self._earlier

    def add(self, record: Record) -> None:
        """Keep a record, or count it."""
        if len(self.records) < self._keep:
            self.records.append(record)
        else:
            self.dropped += 1

    @property
    def statements(self) -> tuple[Statement, ...]:
        """What was recorded until now, in the order in which it began."""
        for record in self.records[len(self._resolved) :]:
            self._resolved.append(self._statement(record))
        return tuple(self._resolved)

    def _statement(self, record: Record) -> Statement:
        what = template(record.sql)
        asked, asker, via = names(record.trace)
        arguments = self._arguments.setdefault((record.sql, repr(record.params)), len(self._arguments))
        return Statement(
            sql=record.sql,
            template=what.text,
            fingerprint=what.fingerprint,
            alias=record.alias,
            kind=what.kind,
            duration_ms=record.duration * 1000,
            rows=record.rows,
            tables=what.tables,
            stack=_stack(tuple(record.trace.places)),
            asked=asked,
            asker=asker,
            via=via,
            arguments=arguments,
            error=record.error,
            many=record.many,
            parameters=Parameters(record.params),
        )


@lru_cache(maxsize=4096)
def _stack(lines: tuple[tuple[CodeType | str, int], ...]) -> tuple[Location, ...]:
    """The same value for the same lines: most statements are asked again and again."""
    return tuple(places.place(code if isinstance(code, str) else code.co_filename, line) for code, line in lines)


_recorders: ContextVar[tuple[Recorder, ...]] = ContextVar("dbaudit_recorders", default=())
_NOBODY = Recorder()
_process_wide: list[Recorder] = []
_known: WeakSet[BaseDatabaseWrapper] = WeakSet()
_lock = threading.Lock()
_active = 0


def _connected(connection: BaseDatabaseWrapper, **_: Any) -> None:
    """Every connection is known from the moment it is made, so that a recorder in another thread can reach it."""
    with _lock:
        _known.add(connection)
        if _active:
            _wrap(connection)


connection_created.connect(_connected, dispatch_uid="dbaudit.workload.recording.recorder")


def _install() -> None:
    global _active  # noqa: PLW0603 - how many record is a fact of the process
    with _lock:
        _active += 1
        _known.update(connections.all(initialized_only=True))
        for connection in _known:
            _wrap(connection)


def _uninstall() -> None:
    global _active  # noqa: PLW0603 - as above
    with _lock:
        _active -= 1
        if not _active:
            for connection in _known:
                if _dispatch in connection.execute_wrappers:
                    connection.execute_wrappers.remove(_dispatch)


def keep_installed() -> None:
    """Leave the wrapper on the connections for the life of the process: for what records every request."""
    _install()


@contextmanager
def unrecorded() -> Iterator[None]:
    """A block whose statements are nobody's: what an audit asks beside the code that is recorded."""
    token = _recorders.set((_NOBODY,))
    try:
        yield
    finally:
        _recorders.reset(token)


def _wrap(connection: BaseDatabaseWrapper) -> None:
    # In front: Django's own `execute_wrapper` takes the last one away when its block ends.
    if _dispatch not in connection.execute_wrappers:
        connection.execute_wrappers.insert(0, _dispatch)


def _dispatch(execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: dict[str, Any]) -> Any:
    recorders: Sequence[Recorder] = _recorders.get()
    if not recorders and _process_wide:
        thread = threading.current_thread()
        recorders = tuple([one for one in _process_wide if one.claims(thread)])
    recorders = [one for one in recorders if one.open]
    if not recorders:
        return execute(sql, params, many, context)
    for recorder in recorders:
        if recorder.guard is not None:
            recorder.guard(sql, context)
    record = Record(sql if isinstance(sql, str) else str(sql), params, many, context["connection"].alias, _trace())
    for recorder in recorders:
        recorder.add(record)
    began = perf_counter()
    try:
        return execute(sql, params, many, context)
    except BaseException as error:
        record.error = type(error).__name__
        raise
    finally:
        record.duration = perf_counter() - began
        limit = None
        for recorder in recorders:
            if recorder.limits:
                limit = recorder.limits.get(record.sql, limit)
        watch(context["cursor"], record, limit)


# -- the stack -----------------------------------------------------------------------------------------------------

_PROJECT = object()
_OTHER = object()
_HANDLER = object()
_END = object()
#: What is known of a code object. The handler's caller of a view is the end: what stands above it, middleware upon
#: middleware, is half of a request's stack and asked for nothing.
_codes: dict[CodeType, Any] = {
    awaiting.HANDLER: _HANDLER,
    BaseHandler._get_response.__code__: _END,  # type: ignore[attr-defined]
    BaseHandler._get_response_async.__code__: _END,  # type: ignore[attr-defined]
}


def _classify(code: CodeType) -> Any:
    what: Reader | object | None = reader(code)
    if what is None:
        what = _PROJECT if places.is_project(code.co_filename) else _OTHER
    _codes[code] = what
    return what


def _trace() -> Trace:
    """Walk up the stack of the statement, and on into the task that awaits it.

    No statement fails because its asker cannot be told: frames of other versions or packages may hold anything.
    """
    trace = Trace()
    with suppress(Exception):
        _walk(sys._getframe(2), trace)
    return trace


def _walk(frame: FrameType | None, trace: Trace) -> None:
    known = _codes.get
    while frame is not None:
        code = frame.f_code
        what = known(code) or _classify(code)
        if what is not _OTHER:
            if what is _END:
                return
            if what is _HANDLER:
                for outer in awaiting.frames(frame):
                    if not _note(outer, trace):
                        return
            else:
                _note(frame, trace)
        frame = frame.f_back


def _note(frame: FrameType, trace: Trace) -> bool:
    """Take up what a frame tells; whether those above it tell anything."""
    code = frame.f_code
    what = _codes.get(code) or _classify(code)
    if what is _PROJECT:
        if len(trace.places) < KEPT_PLACES:
            trace.places.append((code, frame.f_lineno))
    elif what is not _OTHER and what is not _HANDLER and what is not _END:
        what(frame, trace)
    return what is not _END
