"""A changed function beside the function as it is: both run on this data, rolled back, and compared.

What came back is compared as values: rows as their fields, pages as their text. Nothing can be said of a function that
gives something else each time.
"""

from __future__ import annotations

import ast
import inspect
import re
import statistics
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from asgiref.sync import async_to_sync
from django.db.models import Manager, Model, QuerySet
from django.http import HttpResponseBase

from dbaudit.facts import Trial
from dbaudit.workload.execution import OutOfTimeError
from dbaudit.workload.sampling import Bench, Once

#: Executions of each side, one after the other, whose median is told.
SAMPLES = 3
_TOKEN = re.compile(rb'name="csrfmiddlewaretoken" value="[^"]*"')

Task = Callable[[], Any]


class DiffersError(Exception):
    """The function gives something else each time: nothing can be compared with it."""


def same_each_time(task: Task, bench: Bench) -> Any:
    """What a function gives, if it gives that twice; otherwise raises `DiffersError`."""
    first, second = given(task, bench), given(task, bench)
    if first != second:
        raise DiffersError
    return first


def given(task: Task, bench: Bench) -> Any:
    """What a function gives in one execution, as values that can be compared."""
    if inspect.iscoroutinefunction(task):
        task = async_to_sync(task)
    kept: list[Any] = []
    bench.once(lambda: kept.append(plain(task())))
    return kept[0]


def proposed(fingerprint: str, change: str, source: str, changed: str) -> Trial:
    """A change before it is tried."""
    return Trial(fingerprint=fingerprint, change=change, before=_shown(source), after=_shown(changed), worked=False)


def fewer_statements(trial: Trial, changed: str, function: Any, before: Any, bench: Bench) -> Trial:
    """The trial of a change that is to give the same in fewer statements."""
    try:
        task = compiled(changed, function)
        same = given(task, bench) == before
        samples = [(bench.once(function), bench.once(task)) for _ in range(SAMPLES)]
    except (Exception, OutOfTimeError):  # noqa: BLE001 - whatever the changed code raises, it did not work
        return trial
    return measured(trial, samples, same=same)


def fewer_bytes(trial: Trial, changed: str, function: Any, before: Any, bench: Bench) -> Trial:
    """The trial of a change that is to give the same from fewer bytes, in no more statements; or in fewer."""
    trial = fewer_statements(trial, changed, function, before, bench)
    if trial.worked or trial.queries_after != trial.queries_before:
        return trial
    try:
        task = compiled(changed, function)
        same = given(task, bench) == before
        sizes = [_bytes(bench.once(one, watched=True)) for one in (function, task)]
    except (Exception, OutOfTimeError):  # noqa: BLE001 - as above
        return trial
    return replace(trial, worked=same and sizes[1] < sizes[0], bytes_before=sizes[0], bytes_after=sizes[1])


def comes_to_its_end(trial: Trial, changed: str, function: Any, bench: Bench) -> Trial:
    """The trial of a corrected name: there is nothing to compare with, so that coming to its end is the proof."""
    try:
        task = compiled(changed, function)
        samples = [bench.once(task) for _ in range(SAMPLES)]
    except (Exception, OutOfTimeError):  # noqa: BLE001 - as above
        return trial
    return replace(
        trial,
        worked=samples[-1].wrong_name is None,
        queries_after=len(samples[-1].statements),
        ms_after=statistics.median(one.ms for one in samples),
    )


def measured(trial: Trial, samples: list[tuple[Once, Once]], *, same: bool) -> Trial:
    """The trial with the figures of its executions, before and after in turn."""
    before, after = samples[-1]
    return replace(
        trial,
        worked=same and len(after.statements) < len(before.statements),
        queries_before=len(before.statements),
        queries_after=len(after.statements),
        ms_before=statistics.median(one.ms for one, _ in samples),
        ms_after=statistics.median(one.ms for _, one in samples),
    )


def _bytes(once: Once) -> int:
    return sum(one.bytes for one in once.loads or ())


def _shown(source: str) -> str:
    """The function without its decorator, as the report sets it side by side."""
    lines = source.strip().splitlines()
    start = next((number for number, line in enumerate(lines) if re.match(r"(async )?def ", line)), 0)
    return "\n".join(lines[start:])


# -- the changed function ------------------------------------------------------------------------------------------


def compiled(source: str, function: Any) -> Task:
    """The changed function, in a copy of its own module's names. Raises `SyntaxError` where it is none of its own."""
    tree = ast.parse(source)
    written = tree.body[0]
    if not isinstance(written, ast.FunctionDef | ast.AsyncFunctionDef) or len(written.decorator_list) > 1:
        raise SyntaxError("no function of its own")
    written.decorator_list = []
    ast.increment_lineno(tree, function.__code__.co_firstlineno - 1)
    names = dict(function.__globals__)
    exec(compile(tree, function.__code__.co_filename, "exec"), names)  # noqa: S102 - the project's own code, changed
    task: Task = names[written.name]
    return task


def manager_model(function: Any, path: list[str]) -> type[Model] | None:
    """The model of a manager that the function's text names, as `["Book", "objects"]`; None where it is none."""
    value = function.__globals__.get(path[0])
    for name in path[1:]:
        value = getattr(value, name, None)
    return value.model if isinstance(value, Manager) else None


# -- what came back ------------------------------------------------------------------------------------------------


def plain(value: Any) -> Any:
    """A result as values that can be compared: rows as their fields, pages as their text."""
    if isinstance(value, Model):
        return value._meta.label, {name: value.__dict__.get(name) for name in _columns(value)}
    if isinstance(value, QuerySet):
        rows = [plain(one) for one in value]
        return rows if value.ordered else sorted(rows, key=repr)
    if isinstance(value, HttpResponseBase):
        return _TOKEN.sub(b"", _page(value))
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset) or inspect.isgenerator(value):
        return [plain(one) for one in value]
    return value


def _columns(value: Model) -> Iterator[str]:
    return (one.attname for one in value._meta.concrete_fields)


def _page(response: Any) -> bytes:
    if not getattr(response, "is_rendered", True):
        response.render()
    return b"".join(response.streaming_content) if response.streaming else bytes(response.content)
