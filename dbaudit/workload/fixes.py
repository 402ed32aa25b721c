"""Fixes that were run: a canned query's own function with the change in it, beside the function as it is.

Both run on this data in transactions that are rolled back. A change worked where the same came back in fewer
statements, or from fewer bytes; what does not work is noted as well, so that nobody is advised to do it.
"""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from django.db.models import Model

from dbaudit.facts import QueryRun, Trial
from dbaudit.rules.repetition import Repetition, repetitions
from dbaudit.workload import savings, trying
from dbaudit.workload.edits import corrected, fetching
from dbaudit.workload.rollback import OutOfTimeError
from dbaudit.workload.sampling import Bench
from dbaudit.workload.trying import Task
from dbaudit.workload.wrong_names import relations

JOINED = ("forward", "reverse one to one")


def with_trials(run: QueryRun, function: Any, bench: Bench) -> QueryRun:
    """The run with the changes that were tried against what it repeats or wastes, or against its wrong name.

    Nothing is tried with a function that closes over variables, is decorated by more than ``@query``, or gives
    something else each time: its text alone does not tell what it does.
    """
    plain = inspect.isfunction(function) and not function.__closure__ and bool(run.source)
    if not plain or not (run.audited or run.wrong_name):
        return run
    source = textwrap.dedent(run.source)
    try:
        repeated = tuple(_trials(run, source, function, bench))
        return replace(run, trials=(*repeated, *savings.trials(run, source, function, bench)))
    except (SyntaxError, trying.DiffersError):
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
        same = trying.given(render(model_admin), bench) == trying.given(render(changed), bench)
        trial = trying.measured(trial, [(bench.once(render(model_admin)), bench.once(render(changed)))], same=same)
    except (Exception, OutOfTimeError):  # noqa: BLE001 - whatever the changed list raises, it did not work
        return run
    return replace(run, trials=tuple(replace(trial, fingerprint=one.statement.fingerprint) for one in own))


def _refers(model: type[Model], name: Any) -> bool:
    field = next((one for one in model._meta.fields if one.name == name), None)
    return field is not None and field.is_relation


def _trials(run: QueryRun, source: str, function: Any, bench: Bench) -> Iterator[Trial]:
    if run.wrong_name is not None and run.wrong_name.nearest:
        wrong = run.wrong_name
        changed = corrected(source, wrong.name, wrong.nearest)
        if changed != source:
            trial = trying.proposed(wrong.name, repr(wrong.nearest), source, changed)
            yield trying.comes_to_its_end(trial, changed, function, bench)
    found = [one for one in repetitions(run) if not one.prefetched and one.statement.asked] if run.scaling else []
    before = trying.same_each_time(function, bench) if found else None
    for one in found:
        for change, changed in _changes(one, found, source, function):
            trial = trying.proposed(one.statement.fingerprint, change, source, changed)
            trial = trying.fewer_statements(trial, changed, function, before, bench)
            yield trial
            if trial.worked:
                break


def _changes(one: Repetition, found: list[Repetition], source: str, function: Any) -> Iterator[tuple[str, str]]:
    """The usual changes, as (what is added, the whole function's text): a join where one row is referred to."""
    for model, insert in fetching(source, lambda path: trying.manager_model(function, path)):
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
