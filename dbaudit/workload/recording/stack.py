"""The walk up the stack of a statement."""

from __future__ import annotations

import re
import sys
from contextlib import suppress
from types import CodeType, FrameType
from typing import Any

from dbaudit import places
from dbaudit.workload.recording import askers, awaiting, surroundings
from dbaudit.workload.recording.askers import Reader
from dbaudit.workload.recording.trace import Trace

#: Lines of the project that are kept of one stack.
KEPT_PLACES = 16
_PROJECT = object()
_OTHER = object()
#: A package that is neither the ORM nor of the language: what it asks is not asked by the project's own line.
_PACKAGE = object()
_HANDLER = object()
_INSTALLED = re.compile(r"[\\/](?:site|dist)-packages[\\/]")
_ORM = re.compile(r"[\\/](?:django[\\/](?:db|utils)|asgiref)[\\/]")
#: What is known of a code object.
_codes: dict[CodeType, Any] = {awaiting.HANDLER: _HANDLER}


def _classify(code: CodeType) -> Any:
    what: Reader | object | None = askers.reader(code) or surroundings.reader(code)
    if what is None:
        what = _PROJECT if places.is_project(code.co_filename) else _OTHER
        if what is _OTHER and _INSTALLED.search(code.co_filename) and not _ORM.search(code.co_filename):
            what = _PACKAGE
    _codes[code] = what
    return what


def trace() -> Trace:
    """Walk up the stack of the statement, and on into the task that awaits it.

    No statement fails because its asker cannot be told: frames of other versions or packages may hold anything.
    """
    found = Trace()
    with suppress(Exception):
        _walk(sys._getframe(2), found)
    return found


def _walk(frame: FrameType | None, trace: Trace) -> None:
    known = _codes.get
    while frame is not None:
        code = frame.f_code
        what = known(code) or _classify(code)
        if what is _PACKAGE:
            if not trace.places:
                trace.direct = False
        elif what is not _OTHER:
            if what is _HANDLER:
                for outer in awaiting.frames(frame):
                    if not _note(outer, trace):
                        return
            elif not _note(frame, trace):
                return
        frame = frame.f_back


def _note(frame: FrameType, trace: Trace) -> bool:
    """Take up what a frame tells; whether those above it tell anything."""
    code = frame.f_code
    what = _codes.get(code) or _classify(code)
    if what is _PROJECT:
        if len(trace.places) < KEPT_PLACES:
            trace.places.append((code, frame.f_lineno))
            trace.calls.append(frame.f_lasti)
    elif what is _PACKAGE:
        trace.direct = trace.direct and bool(trace.places)
    elif what is not _OTHER and what is not _HANDLER:
        what(frame, trace)
        return code not in surroundings.ENDS
    return True
