"""The stack of the task that waits for a thread: an ``await`` of the async ORM runs its statement somewhere else."""

from __future__ import annotations

import asyncio
import gc
import inspect
import sys
from collections.abc import Iterator
from types import CodeType, FrameType
from typing import Any

from asgiref.sync import SyncToAsync

HANDLER: CodeType = SyncToAsync.thread_handler.__code__
_CALL: CodeType = inspect.unwrap(SyncToAsync.__call__).__code__


def frames(handler: FrameType) -> tuple[FrameType, ...]:
    """The frames above ``await sync_to_async(...)``, innermost first, for the worker's ``thread_handler`` frame.

    Empty where the task cannot be told: it is found by the identity of the call that both sides hold.
    """
    call, loop = handler.f_locals.get("self"), handler.f_locals.get("loop")
    if call is None or loop is None:
        return ()
    bound = handler.f_locals.get("args", ())
    for task in asyncio.all_tasks(loop):
        chain = tuple(_chain(task.get_coro()))
        for position, frame in enumerate(chain):
            if _is_call(frame, call, bound):
                return chain[:position][::-1]
    return _running(call, bound, loop)


def _is_call(frame: FrameType, call: Any, bound: tuple[Any, ...]) -> bool:
    """Whether a frame is the call that a worker runs. Of a function that is made asynchronous once, as middleware is,
    many tasks await a call: the arguments that are bound to it tell them apart."""
    if frame.f_code is not _CALL or frame.f_locals.get("self") is not call:
        return False
    child = frame.f_locals.get("child")
    return child is None or any(argument is child for argument in bound)


def _running(call: Any, bound: tuple[Any, ...], loop: Any) -> tuple[FrameType, ...]:
    """The frames of the loop's own thread, where the task has not been suspended yet."""
    frame = sys._current_frames().get(getattr(loop, "_thread_id", None) or -1)
    while frame is not None:
        if _is_call(frame, call, bound):
            found, above = [], frame.f_back
            while above is not None:
                found.append(above)
                above = above.f_back
            return tuple(found)
        frame = frame.f_back
    return ()


def _chain(awaited: Any) -> Iterator[FrameType]:
    """The frames of a suspended task from its coroutine inwards."""
    while awaited is not None:
        if inspect.iscoroutine(awaited):
            frame, awaited = awaited.cr_frame, awaited.cr_await
        elif inspect.isasyncgen(awaited):
            frame, awaited = awaited.ag_frame, awaited.ag_await
        elif inspect.isgenerator(awaited):
            frame, awaited = awaited.gi_frame, awaited.gi_yieldfrom
        else:
            # What `__await__`, `async for` and `async with` put in between keeps its target to itself.
            inner = [one for one in gc.get_referents(awaited) if inspect.iscoroutine(one) or inspect.isasyncgen(one)]
            awaited = inner[0] if inner else None
            continue
        if frame is not None:
            yield frame
