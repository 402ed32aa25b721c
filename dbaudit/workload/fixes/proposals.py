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
from django.db.models.options import Options

from dbaudit.analysis.repetition import Repetition, repetitions
from dbaudit.facts import QueryRun, Trial
from dbaudit.workload.execution import OutOfTimeError
from dbaudit.workload.fixes import combining, savings, trying
from dbaudit.workload.fixes.choices import prefetching
from dbaudit.workload.fixes.edits import corrected, fetching, naming, without
from dbaudit.workload.fixes.trying import Task
from dbaudit.workload.sampling import Bench
from dbaudit.workload.wrong_names import relations

#: Relations in a lookup, at most.
DEPTH = 3
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
    few = (*(given if isinstance(given, list | tuple) else shown), *wanted)
    keys = model_admin.model._meta.concrete_fields if shown and given is False else ()
    # Where a key is shown, Django joins all that are never NULL, which other columns may use.
    all_of_them = (*few, *(key.name for key in keys if key.is_relation and not key.null))
    trial = None
    for names in dict.fromkeys(tuple(dict.fromkeys(each)) for each in (few, all_of_them)):
        trial = _listed(names, model_admin, render, bench)
        if trial is None or trial.worked:
            break
    if trial is None:
        return run
    return replace(run, trials=tuple(replace(trial, fingerprint=one.statement.fingerprint) for one in own))


def _listed(names: tuple[str, ...], model_admin: Any, render: Callable[[Any], Task], bench: Bench) -> Trial | None:
    """What comes of joining these keys in an admin list; None where the list cannot be rendered so."""
    cls = type(model_admin)
    changed = type(cls.__name__, (cls,), {"list_select_related": names})(model_admin.model, model_admin.admin_site)
    change = "list_select_related = ({})".format(", ".join(f'"{name}"' for name in names) + "," * (len(names) == 1))
    trial = Trial(
        fingerprint="",
        change=change,
        before=f"class {cls.__name__}:\n    list_select_related = {model_admin.list_select_related!r}",
        after=f"class {cls.__name__}:\n    {change}",
        worked=False,
    )
    try:
        same = trying.given(render(model_admin), bench) == trying.given(render(changed), bench)
        return trying.measured(trial, [(bench.once(render(model_admin)), bench.once(render(changed)))], same=same)
    except (Exception, OutOfTimeError):  # noqa: BLE001 - whatever the changed list raises, it did not work
        return None


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
    # What is prefetched is read before anything is written: it need not be the same on other data.
    writes = any(one.kind in ("insert", "update", "delete") for one in run.statements)
    found = [one for one in repetitions(run) if one.statement.asked and not (one.prefetched and writes)]

    def changes(target: Repetition, left: list[Repetition], text: str) -> Iterator[tuple[str, str]]:
        if not (target.prefetched and writes):
            yield from _changes(target, left, text, function)

    if found:
        yield from combining.trials(run, found, source, function, changes, bench)


def _changes(one: Repetition, found: list[Repetition], source: str, function: Any) -> Iterator[tuple[str, str]]:
    """The usual changes, as (what is changed, the whole function's text): a join where one row is referred to."""
    if one.prefetched:
        yield from _chosen(one, source, function)
        return
    name = one.statement.asked.rpartition(".")[2]
    if one.statement.asker == "deferred":
        yield from ((f'Take "{name}" out of defer().', changed) for changed in without(source, "defer", name))
        yield from naming(source, "only", name)
        return
    for model, insert in fetching(source, lambda path: trying.manager_model(function, path)):
        for path in _lookups(model, one, found):
            if one.statement.asker in JOINED:
                change = f'select_related("{path}")'
                yield change, insert(change)
            change = f'prefetch_related("{path}")'
            yield change, insert(change)
            # What each row chooses of the relation, prefetched as it is chosen.
            if path == name:
                yield from _chosen(one, insert(change), function)
    if any(statement.asker == "deferred" for statement in one.statements):
        yield from _with_its_key(one, found, source, function)


def _with_its_key(one: Repetition, found: list[Repetition], source: str, function: Any) -> Iterator[tuple[str, str]]:
    """A relation whose key was left out: the key loaded, and the relation joined."""
    name = one.statement.asked.rpartition(".")[2]
    loaded = [(f'Take "{name}" out of defer().', changed) for changed in without(source, "defer", name)]
    for first, changed in (*loaded, *naming(source, "only", name)):
        for model, insert in fetching(changed, lambda path: trying.manager_model(function, path)):
            for path in _lookups(model, one, found):
                change = f'select_related("{path}")'
                yield f"{first.rstrip('.')} and {change}", insert(change)


def _chosen(one: Repetition, source: str, function: Any) -> Iterator[tuple[str, str]]:
    """What is chosen of a relation that had been prefetched, prefetched as it is chosen."""
    owner, _, name = one.statement.asked.rpartition(".")
    for model, _ in fetching(source, lambda path: trying.manager_model(function, path)):
        related = relations(model).get(name) if _has(model, owner) else None
        if related is not None:
            yield from prefetching(source, name, related, function.__globals__)
            return


def _lookups(model: type[Model], one: Repetition, found: list[Repetition]) -> list[str]:
    """The lookups that may fetch what is repeated with rows of a model: the way that the rows went first."""
    seen = [one.lookup] if one.certain and one.root is not None and one.root.model == model._meta.label else []
    return [*dict.fromkeys((*seen, *_paths(model, one.statement.asked, [other.statement.asked for other in found])))]


def _paths(model: type[Model], asked: str, others: list[str]) -> list[str]:
    """The lookups from a model to a relation: along relations that the run asks for as well, otherwise along foreign
    keys, which may be joined already; the shortest first."""
    return _along(model, asked, set(others)) or _along(model, asked, None)[:1]


def _along(model: type[Model], asked: str, known: set[str] | None) -> list[str]:
    owner, _, name = asked.rpartition(".")
    found: list[str] = []
    level: list[tuple[Any, str]] = [(model, "")]
    for _ in range(DEPTH):
        found += [f"{path}{name}" for current, path in level if _has(current, owner)]
        level = [
            (related, f"{path}{step}__")
            for current, path in level
            for step, related in (_foreign_keys(current) if known is None else relations(current)).items()
            if related is not None and (known is None or any(f"{label}.{step}" in known for label in _labels(current)))
        ]
    return found


def _has(model: type[Model], owner: str) -> bool:
    """Whether a model has the attributes of another: it is it, its child or its proxy."""
    return owner in _labels(model)


def _labels(model: type[Model]) -> set[str]:
    metas = (getattr(one, "_meta", None) for one in model.__mro__)
    return {meta.label for meta in metas if isinstance(meta, Options)}


def _foreign_keys(model: type[Model]) -> dict[str, Any]:
    return {one.name: one.related_model for one in model._meta.concrete_fields if one.is_relation}
