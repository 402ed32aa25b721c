"""Running a piece of workload: cold once, then warm samples, each in a transaction that is rolled back."""

from __future__ import annotations

import inspect
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from typing import Any

from asgiref.sync import async_to_sync
from django.db import DatabaseError
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import QuerySet

from dbaudit import places
from dbaudit.facts import EXCELLENT_MS, TARGET_MS, Load, Model, Plan, QueryRun, RunStatus, Statement, WrongName
from dbaudit.workload import plans, results, scaling, wrong_names
from dbaudit.workload.limits import Limits
from dbaudit.workload.recording.reading import Watch
from dbaudit.workload.recording.recorder import Recorder
from dbaudit.workload.rollback import OutOfTimeError, RefusedError, RolledBack

Task = Callable[[], Any]


class NotAuditedError(Exception):
    """What was to be measured did not come about, through no fault of the code that ran: a sentence says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Once:
    """One execution. ``ms`` is wall-clock time, evaluation and rendering included."""

    ms: float
    rows: int | None
    statements: tuple[Statement, ...]
    dropped: int
    plans: tuple[Plan, ...] = field(default=())
    wrong_name: WrongName | None = None
    loads: tuple[Load, ...] | None = None


@dataclass(frozen=True, slots=True)
class Bench:
    """Where workload is run: the audited connection, the limits, and whether it may write (and be rolled back)."""

    connection: BaseDatabaseWrapper
    limits: Limits
    writes: bool = False

    def once(
        self, task: Task, *, cut: dict[str, int] | None = None, planned: bool = False, watched: bool = False
    ) -> Once:
        """Execute once. ``cut`` limits results by SQL; ``planned`` adds plans, made in the same transaction;
        ``watched`` adds what was read of the instances, at the cost of time."""
        if inspect.iscoroutinefunction(task):
            task = async_to_sync(task)
        with RolledBack(self.connection, self.limits, writes=self.writes).open() as held:
            recorder = Recorder(threads=True, guard=held.guard, limits=cut)
            watch = Watch(recorder)
            with held.timed(), recorder.recording(), watch.watching() if watched else nullcontext():
                began = time.perf_counter()
                result = task()
                rows = results.finish(result)
                ms = (time.perf_counter() - began) * 1000
            statements = tuple(one for one in recorder.statements if one.kind != "transaction")
            results.judge(result, len(statements))
            found = plans.explain(self.connection, statements, self.limits) if planned else ()
        wrong = wrong_names.unresolved(result) if isinstance(result, QuerySet) else None
        return Once(
            ms=ms,
            rows=rows,
            statements=statements,
            dropped=recorder.dropped,
            plans=found,
            wrong_name=wrong,
            loads=watch.loads() if watched and results.consumed(result) else None,
        )

    def about(self, identity: str, label: str, model: Model) -> QueryRun:
        """A run of the automatic workload before it is measured."""
        return QueryRun(
            id=identity,
            label=label,
            origin="automatic",
            alias=self.connection.alias,
            status="not audited",
            location=model.location,
            owner=model.owner,
            app=model.app,
            model=model.label,
        )

    def aside(self, task: Task) -> None:
        """Run what prepares a measurement: in the same kind of transaction, unrecorded."""
        with RolledBack(self.connection, self.limits, writes=self.writes).open():
            task()

    def measure(self, run: QueryRun, task: Task) -> QueryRun:
        """The run with all that its execution showed, or failed with the reason."""
        try:
            cold, warm = self._samples(task)
        except NotAuditedError as error:
            return replace(run, status="not audited", reason=str(error))
        except (Exception, OutOfTimeError) as error:  # noqa: BLE001 - what the project's code raises is the row's reason
            wrong = wrong_names.raised(error)
            return replace(run, status="failed", reason=reason(error, self.limits), wrong_name=wrong)
        last = warm[-1] if warm else cold
        ran = replace(
            run,
            cold_ms=cold.ms,
            cold_queries=len(cold.statements) + cold.dropped,
            samples_ms=tuple(one.ms for one in warm),
            queries=len(last.statements) + last.dropped,
            rows=last.rows,
            statements=last.statements,
            statements_dropped=last.dropped,
            plans=last.plans,
            wrong_name=last.wrong_name,
            scaling=self._scaling(task, last.statements),
            loads=self._loads(task) if run.origin in ("canned", "crawl") and last.statements else None,
        )
        elsewhere = {one.alias for one in ran.statements} - {self.connection.alias}
        if elsewhere and len({one.alias for one in ran.statements}) == len(elsewhere):
            where = ", ".join(sorted(elsewhere))
            return replace(ran, status="not audited", reason=f"It asks the database {where!r} only.")
        return replace(ran, status=status(ran))

    def again(self, run: QueryRun, task: Task) -> QueryRun:
        """The run with what another version of its code asks, once and with n and 2n rows. Raises what that raises."""
        once = self.once(task)
        return replace(
            run,
            queries=len(once.statements) + once.dropped,
            statements=once.statements,
            statements_dropped=once.dropped,
            scaling=self._scaling(task, once.statements),
        )

    def _samples(self, task: Task) -> tuple[Once, list[Once]]:
        _forget()
        cold = self.once(task, planned=True)
        warm: list[Once] = []
        spent = cold.ms
        while len(warm) < self.limits.samples and (not warm or spent < self.limits.sampling_ms):
            if cold.ms > self.limits.wall_ms / 4:
                break
            warm.append(self.once(task))
            spent += warm[-1].ms
        if warm:
            warm[-1] = replace(warm[-1], plans=cold.plans)
        return cold, warm

    def _scaling(self, task: Task, statements: tuple[Statement, ...]) -> Any:
        try:
            return scaling.measure(lambda cut: self.once(task, cut=cut).statements, statements)
        except (Exception, OutOfTimeError):  # noqa: BLE001 - code may need the rows that were kept from it
            return ()

    def _loads(self, task: Task) -> Any:
        try:
            return self.once(task, watched=True).loads
        except (Exception, OutOfTimeError):  # noqa: BLE001 - it ran before: what it did this time proves nothing
            return None


def status(run: QueryRun) -> RunStatus:
    """The verdict on a run that came to its end: its own budget first, then the targets."""
    median = run.median_ms or 0.0
    too_many = run.max_queries is not None and (run.queries or 0) > run.max_queries
    if too_many or (run.budget_ms is not None and median > run.budget_ms):
        return "over budget"
    if median <= EXCELLENT_MS:
        return "excellent"
    return "good" if median <= TARGET_MS else "slow"


def reason(error: BaseException, limits: Limits) -> str:
    """Why it failed, in one sentence with the project's own line; without the values that a database quotes."""
    if isinstance(error, OutOfTimeError):
        text = f"It took longer than {limits.wall_ms / 1000:g} s."
    elif isinstance(error, RefusedError | results.NotAQuerysetError):
        text = str(error)[0].upper() + str(error)[1:]
    elif isinstance(error, DatabaseError) and _timed_out(error):
        text = f"A statement took longer than {limits.statement_timeout_ms / 1000:g} s."
    else:
        text = f"{type(error).__name__}: {_message(error)}"
    own = [one for one in traceback.extract_tb(error.__traceback__) if places.is_project(one.filename)]
    return f"{text.rstrip('.')} ({places.shown(own[-1].filename)}:{own[-1].lineno})." if own else text


def _message(error: BaseException) -> str:
    lines = str(error).strip().splitlines() or [""]
    state = str(getattr(error.__cause__, "sqlstate", None) or "")
    # Class 22 is "data exception": the server quotes the value that it could not read.
    return lines[0].split(":")[0] if isinstance(error, DatabaseError) and state.startswith("22") else lines[0]


def _timed_out(error: DatabaseError) -> bool:
    return getattr(error.__cause__, "sqlstate", "") == "57014" or str(error) == "interrupted"


def _forget() -> None:
    """What a process that has just started has not yet: Django's cache of content types."""
    types = sys.modules.get("django.contrib.contenttypes.models")
    if types is not None:
        types.ContentType.objects.clear_cache()
