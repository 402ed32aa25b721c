"""A piece of work that has just ended and cannot be run again: its statements judged, and planned by the database.

Plans are made with ``EXPLAIN``, which executes nothing, in a thread of its own and on connections of its own: neither
the transaction of the caller nor its event loop nor anybody who records its connections notices.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial

from django.apps import apps
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from dbaudit import catalog, checks, conf
from dbaudit.checks import Outcome
from dbaudit.connection.exceptions import describe
from dbaudit.connection.opening import close
from dbaudit.connection.read_only import read_only
from dbaudit.facts import QueryRun, Skipped, Snapshot
from dbaudit.findings import Finding
from dbaudit.live.capture import judge
from dbaudit.policy import suppression
from dbaudit.registry import identified
from dbaudit.workload.limits import Limits
from dbaudit.workload.plans import explain
from dbaudit.workload.recording.recorder import unrecorded

#: Seconds for which the tables of a database are not read again.
FRESH = 300.0
#: Milliseconds that the planner, or a statement on the catalog, may take.
PATIENCE_MS = 3_000

_snapshots: dict[str, tuple[float, Snapshot]] = {}


@dataclass(frozen=True, slots=True)
class Examined:
    """What was found, the worst first, and what could not be examined."""

    findings: tuple[Finding, ...] = ()
    skipped: tuple[Skipped, ...] = ()


def examine(run: QueryRun, settings: conf.Settings) -> Examined:
    """Judge a run by the checks of a report that need no second run. Never raises: what went wrong is told.

    The settings' ``SKIP`` and ``SUPPRESS`` hold as in a report.
    """
    outcomes: list[Outcome] = []
    skipped: list[Skipped] = []
    # A thread has connections of its own; beside an event loop it is the only one that may ask a database.
    with ThreadPoolExecutor(max_workers=1) as thread:
        steps: dict[str, Callable[[], Outcome]] = {"Statements": partial(judge, run)}
        for alias in sorted({one.alias for one in run.statements}):
            steps[f"Plans on {alias!r}"] = thread.submit(_planned, run, alias, settings).result
        for what, step in steps.items():
            try:
                outcomes.append(step())
            except Exception as error:  # noqa: BLE001 - a page is served whatever becomes of its audit
                skipped.append(Skipped(what, describe(error)))
    ids = [check.id for check in checks.load(apps)]
    skip = {identified(name, ids) for name in settings.skip}
    found = [one for outcome in outcomes for one in outcome.findings if one.check not in skip]
    known = [suppression.in_full(entry, ids) for entry in settings.suppress]
    told = suppression.apply(found, known, datetime.now(UTC).date())
    crashed = [one for outcome in outcomes for one in outcome.crashed]
    return Examined(
        findings=tuple(sorted(told.kept, key=lambda one: one.order)), skipped=tuple(dict.fromkeys([*crashed, *skipped]))
    )


def _planned(run: QueryRun, alias: str, settings: conf.Settings) -> Outcome:
    """What the plans of a run's statements on one alias show, by the sizes of its tables."""
    connection = connections[alias]
    here = tuple(one for one in run.statements if one.alias == alias)
    try:
        with unrecorded():
            with read_only(connection, statement_timeout_ms=PATIENCE_MS, lock_timeout_ms=PATIENCE_MS):
                plans = explain(connection, here, Limits(analyze_ms=-1))
            snapshot = _snapshot(connection, settings)
    finally:
        close(connection)
    return judge(replace(run, alias=alias, statements=here, plans=plans), snapshot)


def _snapshot(connection: BaseDatabaseWrapper, settings: conf.Settings) -> Snapshot:
    read, snapshot = _snapshots.get(connection.alias, (0.0, None))
    if snapshot is None or time.monotonic() - read > FRESH:
        snapshot = catalog.read(
            connection,
            apps=apps,
            statement_timeout_ms=PATIENCE_MS,
            lock_timeout_ms=PATIENCE_MS,
            count_limit_bytes=settings.count_limit_bytes,
        )
        _snapshots[connection.alias] = time.monotonic(), snapshot
    return snapshot
