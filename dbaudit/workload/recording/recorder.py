"""The recorder: statements of all aliases, threads and tasks, at the least cost while the project's code runs.

While something records, one wrapper stands on every connection of the process, those that are made later included. It
notes the SQL, the time and the frames as they are. Text, templates and places are worked out when somebody asks.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import replace
from functools import lru_cache
from time import perf_counter
from types import CodeType
from typing import Any
from weakref import WeakSet

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

from dbaudit import places
from dbaudit.facts import Apart, Location, Parameters, Statement, WrongName
from dbaudit.workload.recording import generic_relations, origins, stack
from dbaudit.workload.recording.names import names
from dbaudit.workload.recording.numbers import Numbers
from dbaudit.workload.recording.record import Record, watch
from dbaudit.workload.recording.template import template

#: A run that executes more statements than this is counted on, not kept.
KEPT_STATEMENTS = 20_000

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
        self._numbers = Numbers()
        # A block inside a fixture or a factory is recorded for its own sake.
        self._around: Apart = ""

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
        self._around = stack.trace().apart
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

    @property
    def wrong_name(self) -> WrongName | None:
        """The first name in a prefetch that leads nowhere, with the line that asked."""
        for record, statement in zip(self.records, self.statements, strict=False):
            if record.wrong is not None:
                return replace(record.wrong, location=statement.location)
        return None

    def _statement(self, record: Record) -> Statement:
        what, trace, numbers = template(record.sql), record.trace, self._numbers
        with unrecorded() if trace.related is not None else nullcontext():
            asked, asker, via, part = names(trace)
        # One value for the same lines, which the statement keeps: its identity says which they are.
        lines = _stack(tuple(trace.places))
        found = trace.row or (self._asked_by(record) if asker == "generic" else None)
        row = numbers.row(found) if found is not None and asked else None
        return Statement(
            sql=record.sql,
            template=what.text,
            fingerprint=what.fingerprint,
            alias=record.alias,
            kind=what.kind,
            duration_ms=record.duration * 1000,
            rows=record.rows,
            tables=what.tables,
            stack=lines,
            asked=asked,
            asker=asker,
            via=via,
            arguments=numbers.of("arguments", (record.alias, record.sql, repr(record.params))),
            error=record.error,
            many=record.many,
            parameters=Parameters(record.params),
            number=numbers.statement(record.number),
            work=numbers.of("work", trace.work) if trace.work is not None else 0,
            row=row,
            model=record.model._meta.label if record.model is not None else "",
            lookup=trace.lookup,
            part=part,
            method=trace.method,
            call=numbers.of("calls", (id(lines), *trace.calls)),
            direct=trace.direct,
            apart=trace.apart if trace.apart != self._around else "",
        )

    def _asked_by(self, record: Record) -> origins.Row | None:
        """The row whose generic relation asked, by its key, and the last statement before that loaded it."""
        query = record.trace.related[1] if record.trace.related is not None else None
        found = generic_relations.asked_by(query.model, query) if query is not None else None
        if found is None:
            return None
        mark = None
        for earlier in self.records:
            if earlier is record:
                break
            if (
                earlier.model is not None
                and issubclass(earlier.model, found.model)
                and str(found.key) in (earlier.keys or ())
            ):
                mark = earlier.number
        return origins.Row((found.model, found.key), mark)


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
        origins.install()


def _uninstall() -> None:
    global _active  # noqa: PLW0603 - as above
    with _lock:
        _active -= 1
        if not _active:
            for connection in _known:
                if _dispatch in connection.execute_wrappers:
                    connection.execute_wrappers.remove(_dispatch)
            origins.uninstall()


def keep_installed(*, always: bool = False) -> None:
    """Leave the wrapper on the connections for the life of the process: for what records every request.

    With ``always`` instances are marked also where nobody records, so that one without a mark was made by the code.
    """
    _install()
    if always:
        origins.install(always=True)


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
    text = sql if isinstance(sql, str) else str(sql)
    record = Record(origins.number(), text, params, many, context["connection"].alias, stack.trace())
    if origins.here.first is None:
        origins.here.first = record
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
