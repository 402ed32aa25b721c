"""Fixes that were run: a canned query's own function with the change in it, beside the function as it is.

Both run on this data in transactions that are rolled back. A change worked where the same came back in fewer
statements; what does not work is noted as well, so that nobody is advised to do it.
"""

from __future__ import annotations

import ast
import inspect
import re
import statistics
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from asgiref.sync import async_to_sync
from django.db.models import Manager, Model, QuerySet
from django.http import HttpResponseBase

from dbaudit.facts import QueryRun, Trial
from dbaudit.rules.repetition import Repetition, repetitions
from dbaudit.workload.edits import corrected, fetching
from dbaudit.workload.rollback import OutOfTimeError
from dbaudit.workload.sampling import Bench, Once
from dbaudit.workload.wrong_names import relations

#: Executions of each side, one after the other, whose median is told.
SAMPLES = 3
JOINED = ("forward", "reverse one to one")
_TOKEN = re.compile(rb'name="csrfmiddlewaretoken" value="[^"]*"')

Task = Callable[[], Any]


class _DiffersError(Exception):
    """The function gives something else each time: nothing can be compared with it."""


def with_trials(run: QueryRun, function: Any, bench: Bench) -> QueryRun:
    """The run with the changes that were tried against what it repeats, or against its wrong name.

    Nothing is tried with a function that closes over variables, is decorated by more than ``@query``, or gives
    something else each time: its text alone does not tell what it does.
    """
    plain = inspect.isfunction(function) and not function.__closure__ and bool(run.source)
    if not plain or not (run.wrong_name or run.scaling):
        return run
    try:
        return replace(run, trials=tuple(_trials(run, function, bench)))
    except (SyntaxError, _DiffersError):
        return run


def with_admin_trial(run: QueryRun, model_admin: Any, render: Callable[[Any], Task], bench: Bench) -> QueryRun:
    """The run of an admin list with ``list_select_related`` tried on a subclass, where foreign keys are asked for.

    All foreign keys in ``list_display`` are named: the attribute takes the place of the joins that Django makes by
    itself.
    """
    asked = [one for one in repetitions(run) if one.statement.asker in JOINED]
    own = [one for one in asked if one.statement.asked.rpartition(".")[0] == run.model]
    if not own:
        return run
    given = model_admin.list_select_related
    shown = [name for name in model_admin.list_display if _refers(model_admin.model, name)]
    wanted = [one.statement.asked.rpartition(".")[2] for one in own]
    names = tuple(dict.fromkeys((*(given if isinstance(given, list | tuple) else ()), *shown, *wanted)))
    cls = type(model_admin)
    changed = type(cls.__name__, (cls,), {"list_select_related": names})(model_admin.model, model_admin.admin_site)
    change = "list_select_related = ({})".format(", ".join(f'"{name}"' for name in names) + "," * (len(names) == 1))
    trial = Trial(
        fingerprint="",
        change=change,
        before=f"class {cls.__name__}:\n    list_select_related = {given!r}",
        after=f"class {cls.__name__}:\n    {change}",
        worked=False,
    )
    try:
        same = _once(render(model_admin), bench) == _once(render(changed), bench)
        trial = measured(trial, [(bench.once(render(model_admin)), bench.once(render(changed)))], same=same)
    except (Exception, OutOfTimeError):  # noqa: BLE001 - as below
        return run
    return replace(run, trials=tuple(replace(trial, fingerprint=one.statement.fingerprint) for one in own))


def _refers(model: type[Model], name: Any) -> bool:
    field = next((one for one in model._meta.fields if one.name == name), None)
    return field is not None and field.is_relation


def _trials(run: QueryRun, function: Any, bench: Bench) -> Iterator[Trial]:
    source = textwrap.dedent(run.source)
    if run.wrong_name is not None and run.wrong_name.nearest:
        wrong = run.wrong_name
        changed = corrected(source, wrong.name, wrong.nearest)
        if changed != source:
            yield _ends(wrong.name, repr(wrong.nearest), source, changed, function, bench)
    found = [one for one in repetitions(run) if not one.prefetched and one.statement.asked]
    before = _value(_same_each_time, function, bench) if found else None
    for one in found:
        for change, changed in _changes(one, found, source, function):
            trial = _compare(one, change, source, changed, function, before, bench)
            yield trial
            if trial.worked:
                break


def _changes(one: Repetition, found: list[Repetition], source: str, function: Any) -> Iterator[tuple[str, str]]:
    """The usual changes, as (what is added, the whole function's text): a join where one row is referred to."""
    for model, insert in fetching(source, lambda path: _resolve(function, path)):
        path = _path(model, one.statement.asked, [other.statement.asked for other in found])
        if path is None:
            continue
        if one.statement.asker in JOINED:
            change = f'select_related("{path}")'
            yield change, insert(change)
        change = f'prefetch_related("{path}")'
        yield change, insert(change)


def _path(model: type[Model], asked: str, others: list[str]) -> str | None:
    """The lookup from a model to a relation, along relations that the run asks for as well."""
    reached: list[tuple[Any, str]] = [(model, "")]
    seen = set()
    for current, path in reached:
        label = current._meta.label
        if label in seen:
            continue
        seen.add(label)
        if asked.rpartition(".")[0] == label:
            return path + asked.rpartition(".")[2]
        known = relations(current)
        for other in others:
            owner, _, name = other.rpartition(".")
            if owner == label and known.get(name) is not None:
                reached.append((known[name], f"{path}{name}__"))
    return None


def _resolve(function: Any, path: list[str]) -> type[Model] | None:
    """The model of a manager that the function's text names, as `["Book", "objects"]`; None where it is none."""
    value = function.__globals__.get(path[0])
    for name in path[1:]:
        value = getattr(value, name, None)
    return value.model if isinstance(value, Manager) else None


def _compiled(source: str, function: Any) -> Task:
    """The changed function, in a copy of its own module's names."""
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


def _compare(
    one: Repetition, change: str, source: str, changed: str, function: Any, before: Any, bench: Bench
) -> Trial:
    trial = Trial(
        fingerprint=one.statement.fingerprint,
        change=change,
        before=_shown(source),
        after=_shown(changed),
        worked=False,
    )
    try:
        task = _compiled(changed, function)
        same = _value(_once, task, bench) == before
        samples = [(bench.once(function), bench.once(task)) for _ in range(SAMPLES)]
    except (Exception, OutOfTimeError):  # noqa: BLE001 - whatever the changed code raises, it did not work
        return trial
    return measured(trial, samples, same=same)


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


def _ends(name: str, change: str, source: str, changed: str, function: Any, bench: Bench) -> Trial:
    """A corrected name: there is nothing to compare with, so that coming to its end is the proof."""
    trial = Trial(fingerprint=name, change=change, before=_shown(source), after=_shown(changed), worked=False)
    try:
        task = _compiled(changed, function)
        samples = [bench.once(task) for _ in range(SAMPLES)]
    except (Exception, OutOfTimeError):  # noqa: BLE001 - as above
        return trial
    return replace(
        trial,
        worked=samples[-1].wrong_name is None,
        queries_after=len(samples[-1].statements),
        ms_after=statistics.median(one.ms for one in samples),
    )


def _shown(source: str) -> str:
    """The function without its decorator, as the report sets it side by side."""
    lines = source.strip().splitlines()
    start = next((number for number, line in enumerate(lines) if re.match(r"(async )?def ", line)), 0)
    return "\n".join(lines[start:])


# -- what came back ------------------------------------------------------------------------------------------------


def _value(how: Callable[[Task, Bench], Any], task: Task, bench: Bench) -> Any:
    return how(async_to_sync(task) if inspect.iscoroutinefunction(task) else task, bench)


def _same_each_time(task: Task, bench: Bench) -> Any:
    first, second = _once(task, bench), _once(task, bench)
    if first != second:
        raise _DiffersError
    return first


def _once(task: Task, bench: Bench) -> Any:
    kept: list[Any] = []
    bench.once(lambda: kept.append(plain(task())))
    return kept[0]


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


def _columns(value: Model) -> list[str]:
    return [one.attname for one in value._meta.concrete_fields]


def _page(response: Any) -> bytes:
    if not getattr(response, "is_rendered", True):
        response.render()
    return b"".join(response.streaming_content) if response.streaming else bytes(response.content)
