"""The queries that a report names, run here again, so that they can be timed before and after their indexes."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from django.apps import apps
from django.db.backends.base.base import BaseDatabaseWrapper

from dbaudit import conf
from dbaudit.apply.steps import Step
from dbaudit.facts import QueryRun, Snapshot
from dbaudit.report import recorded
from dbaudit.workload import measure
from dbaudit.workload.limits import Limits


def runs(
    report: Path, connection: BaseDatabaseWrapper, snapshot: Snapshot, steps: Iterable[Step]
) -> tuple[tuple[QueryRun, ...], tuple[str, ...]]:
    """The project's own queries that the report names for these steps, measured, and a sentence on each that cannot be
    timed: a report holds no values, so that a query of the admin or of a page cannot be asked again from it."""
    steps = tuple(steps)
    labels = recorded.own_queries(report, snapshot.alias)
    told = [line for step in steps for line in step.helps]
    wanted = {query for query, label in labels.items() if any(repr(label) in line for line in told)}
    settings = conf.load()
    limits = Limits(statement_timeout_ms=settings.statement_timeout_ms, lock_timeout_ms=settings.lock_timeout_ms)
    found = measure.own(connection, snapshot, wanted, apps=apps, limits=limits) if wanted else ()
    return found, tuple(_untimed(steps, found))


def _untimed(steps: tuple[Step, ...], found: tuple[QueryRun, ...]) -> Iterable[str]:
    for run in found:
        if run.status == "failed":
            yield f"{run.label!r} cannot be timed, it failed here: {run.reason}"
    known = {statement.fingerprint for run in found for statement in run.statements}
    for step in steps:
        asked = {
            line.rpartition(": ")[0]: None
            for fingerprint, line in zip(step.queries, step.helps, strict=False)
            if fingerprint not in known
        }
        if asked:
            yield (
                f"{step.definition.name}: not timed, because only queries of a dbaudit_queries module can be run from "
                f"a report: {'; '.join(asked)}."
            )
