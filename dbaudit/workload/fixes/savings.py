"""Changes that spare what a function loads for nothing: relations, columns, rows, statements that another one answers.

Each is tried as the other fixes are; see `dbaudit.workload.fixes.trying`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dbaudit.analysis import waste
from dbaudit.facts import QueryRun, Trial
from dbaudit.workload.fixes import trying
from dbaudit.workload.fixes.edits import counting, fetching, fetching_at_once, without
from dbaudit.workload.sampling import Bench


def trials(run: QueryRun, source: str, function: Any, bench: Bench) -> Iterator[Trial]:
    """What was tried against what a run wastes, in the order in which it was loaded."""
    found = [*_unused(run, source), *_unread(run, source, function), *_answered(run, source)]
    before = trying.same_each_time(function, bench) if found else None
    done = set()
    for key, change, changed in found:
        if key in done:
            continue
        trial = trying.proposed(key, change, source, changed)
        trial = trying.fewer_bytes(trial, changed, function, before, bench)
        if trial.worked:
            done.add(key)
        yield trial


def _unused(run: QueryRun, source: str) -> Iterator[tuple[str, str, str]]:
    """Each change against a relation that nobody reads, as (what it is kept under, the change, the whole text)."""
    for load in waste.unused(run):
        for changed in without(source, load.how, load.path):
            yield waste.key(load), f'Take "{load.path}" out of {load.how}().', changed


def _unread(run: QueryRun, source: str, function: Any) -> Iterator[tuple[str, str, str]]:
    for columns in waste.unread(run):
        for model, insert in fetching(source, lambda path: trying.manager_model(function, path)):
            if model._meta.label == columns.load.model:
                change = "defer({})".format(", ".join(f'"{name}"' for name in columns.names))
                yield waste.key(columns.load), change, insert(change)


def _answered(run: QueryRun, source: str) -> Iterator[tuple[str, str, str]]:
    for asked in waste.answered(run):
        for change, changed in fetching_at_once(source):
            yield asked.key, change, changed
    for load in waste.untouched(run):
        for change, changed in counting(source):
            yield waste.key(load), change, changed
