"""Running a piece of workload: cold once, then warm samples, each in a transaction that is rolled back."""

from __future__ import annotations

import inspect
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from typing import Any

from asgiref.sync import async_to_sync
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import QuerySet

from dbaudit import places
from dbaudit.connection.errors import is_closed, is_timeout
from dbaudit.connection.exceptions import describe, line_of_project
from dbaudit.connection.own_statements import marked, unmarked
from dbaudit.facts import EXCELLENT_MS, TARGET_MS, Load, Model, Plan, QueryRun, RunStatus, Statement, WrongName
from dbaudit.workload import plans, results, scaling, wrong_names
from dbaudit.workload.captured import Captured
from dbaudit.workload.counts import Counts
from dbaudit.workload.execution import OutOfTimeError, RefusedError, RolledBack, interrupted
from dbaudit.workload.limits import Limits
from dbaudit.workload.recording.reading import Watch
from dbaudit.workload.recording.recorder import Recorder
from dbaudit.workload.shares import Tally

Task = Callable[[], Any]


class NotAuditedError(Exception):
    """What was to be measured did not come about, through no fault of the code that ran: a sentence says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Once:
    """One execution. ``ms`` is wall-clock time, evaluation and rendering included; ``spared`` counts of large tables
    were asked for and not executed again."""

    ms: float
    rows: int | None
    statements: tuple[Statement, ...]
    dropped: int
    spared: int = 0
    plans: tuple[Plan, ...] = field(default=())
    wrong_name: WrongName | None = None
    loads: tuple[Load, ...] | None = None


@dataclass(frozen=True, slots=True)
class Bench:
    """Where workload is run: the audited connection, the limits, and whether it may write (and be rolled back).

    What may write is the project's own code, canned queries and pages; it is timed within Django's
    `CaptureQueriesContext`.
    ``counts`` are those of large tables, which are not executed again: the same text, or any ``once_a_table``;
    ``tally`` is how much was executed in all.
    """

    connection: BaseDatabaseWrapper
    limits: Limits
    writes: bool = False
    counts: Counts | None = None
    once_a_table: bool = False
    tally: Tally = field(default_factory=Tally)

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
            # What only the audit asks is marked as its own; what the project's code asks stays as everybody asks it.
            asker = unmarked if self.writes else marked
            with (
                held.timed(),
                recorder.recording(),
                asker(self.connection),
                watch.watching() if watched else nullcontext(),
                self._counted_once(),
                Captured(self.connection) if self.writes else nullcontext(),
            ):
                began = time.perf_counter()
                try:
                    result = task()
                    rows = results.finish(result)
                finally:
                    self.tally.statements += len(recorder.records) + recorder.dropped
                ms = (time.perf_counter() - began) * 1000
            asked = tuple(one for one in recorder.statements if one.kind != "transaction")
            statements = tuple(one for one in asked if not Counts.answered(one))
            results.judge(result, len(asked))
            found = plans.explain(self.connection, statements, self.limits, self._is_large) if planned else ()
        wrong = wrong_names.unresolved(result) if isinstance(result, QuerySet) else None
        return Once(
            ms=ms,
            rows=rows,
            statements=statements,
            dropped=recorder.dropped,
            spared=len(asked) - len(statements),
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
        with (
            RolledBack(self.connection, self.limits, writes=self.writes).open() as held,
            held.timed(),
            self._counted_once(),
        ):
            task()

    def _counted_once(self) -> AbstractContextManager[None]:
        if self.counts is None:
            return nullcontext()
        return self.counts.once(self.connection, each_table=self.once_a_table)

    def _is_large(self, statement: Statement) -> bool:
        return self.counts is not None and self.counts.large(statement)

    def measure(self, run: QueryRun, task: Task, *, asked: bool = False) -> QueryRun:
        """The run with all that its execution showed, or failed with the reason.

        Where the audit ``asked`` for a page, what goes wrong may come of how it asked: it was not audited, and the
        reason names the error's class and place, not its words, which may hold a row's values. That a query names what
        its model does not have is the project's own error all the same.
        """
        try:
            cold, warm = self._samples(task)
        except NotAuditedError as error:
            return replace(run, status="not audited", reason=str(error))
        except BaseException as error:
            if interrupted(error):
                raise
            wrong = wrong_names.raised(error)
            if asked and wrong is None:
                return replace(run, status="not audited", reason=self._unasked(error))
            return replace(run, status="failed", reason=reason(error, self.limits), wrong_name=wrong)
        last = warm[-1] if warm else cold
        ran = replace(
            run,
            cold_ms=cold.ms,
            cold_queries=len(cold.statements) + cold.dropped + cold.spared,
            samples_ms=tuple(one.ms for one in warm),
            queries=len(last.statements) + last.dropped + last.spared,
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

    def _unasked(self, error: BaseException) -> str:
        if isinstance(error, OutOfTimeError) or is_timeout(error):
            return reason(error, self.limits)
        if is_closed(self.connection):
            return f"Its connection was closed meanwhile ({raised(error)})."
        return f"It came to no end ({raised(error)})."

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
        heavy = len(cold.statements) + cold.dropped > self.limits.heavy or any(map(self._is_large, cold.statements))
        while len(warm) < self.limits.samples and (not warm or spent < self.limits.sampling_ms):
            if heavy or cold.ms > self.limits.wall_ms / 4:
                break
            warm.append(self.once(task))
            spent += warm[-1].ms
        if warm:
            warm[-1] = replace(warm[-1], plans=cold.plans)
        return cold, warm

    def _scaling(self, task: Task, statements: tuple[Statement, ...]) -> Any:
        try:
            return scaling.measure(lambda cut: self.once(task, cut=cut).statements, statements)
        except BaseException as error:
            if interrupted(error):
                raise
            return ()

    def _loads(self, task: Task) -> Any:
        try:
            return self.once(task, watched=True).loads
        except BaseException as error:
            if interrupted(error):
                raise
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
    elif is_timeout(error):
        text = f"A statement took longer than {limits.statement_timeout_ms / 1000:g} s."
    else:
        return describe(error)
    where = line_of_project(error)
    return f"{text.rstrip('.')} ({where})." if where else text


def raised(error: BaseException) -> str:
    """The class of an error and where it came from, without its message: the project's own line, else the last one."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if places.is_project(frame.filename)]
    if not frames:
        return type(error).__name__
    frame = own[-1] if own else frames[-1]
    return f"{type(error).__name__} at {places.shown(frame.filename)}:{frame.lineno}"


def _forget() -> None:
    """What a process that has just started has not yet: Django's cache of content types."""
    types = sys.modules.get("django.contrib.contenttypes.models")
    if types is not None:
        types.ContentType.objects.clear_cache()
