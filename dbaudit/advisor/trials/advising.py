"""The advice on one database: which trial its vendor has, at which scale it is made, and what it says of today."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from django.db import Error
from django.db.backends.base.base import BaseDatabaseWrapper

from dbaudit.advisor import growth as growing
from dbaudit.advisor import statements
from dbaudit.advisor.advice import Advice
from dbaudit.advisor.advise import NO_PARSER, WHAT, advise
from dbaudit.advisor.candidate import Asked, TrialEndedError, UnplannableError
from dbaudit.advisor.growth import SPAN, Growth
from dbaudit.advisor.settle import settled
from dbaudit.advisor.trials import grown, live, postgresql, sqlite
from dbaudit.advisor.trials.postgresql import Trial
from dbaudit.amounts import Budget
from dbaudit.catalog.session import attempt, reason
from dbaudit.facts import QueryRun, Skipped, Snapshot, Statement, Table

#: The indexes may take half as much as the rows.
DEFAULT_BUDGET = Budget(share=0.5)
#: Rows that a grown copy may have where statements are executed on it: steps tell small differences from each other.
COUNTED_ROWS = 100_000
#: The budget where what the rows take could not be seen.
BOUNDLESS = 10**15
NO_STATEMENT = "No query was measured that an index could help."
NO_TRIAL = "Only PostgreSQL and SQLite have a trial that tells what an index would do."
NOTHING_TO_BUILD = "The tables are so small that the advice is a projection: nothing was built on them."
_UNITS = {"sqlite": "steps", "postgresql": "cost"}
WhatIf = Literal["sample", "build"]
_COUNTED = "instructions counted on a copy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """How the advice is wanted: the most that all new indexes may take, the seconds it may take, one pass only.

    ``what_if`` is "sample" for trials that no other session notices, or "build" to have the chosen indexes built on the
    live tables of PostgreSQL, too, in a transaction that is rolled back (see `dbaudit.advisor.trials.live`).
    """

    budget: Budget = DEFAULT_BUDGET
    seconds: float = 60.0
    quick: bool = False
    what_if: WhatIf = "sample"


@dataclass(frozen=True, slots=True, kw_only=True)
class Advised:
    """The advice with what it rests on.

    ``unit`` and ``source`` say what its costs are. Where the data is so small that nothing can be told from it, it was
    grown: then the advice is a projection, ``growth`` says to what, and ``today`` has the costs before and after with
    the rows that there are, by fingerprint.
    """

    advice: Advice
    unit: str
    source: str
    growth: Growth | None = None
    today: Mapping[str, tuple[float, float]] = field(default_factory=dict)


def advised(
    connection: BaseDatabaseWrapper,
    snapshot: Snapshot,
    wishes: Wishes,
    *,
    statement_timeout_ms: int,
    lock_timeout_ms: int,
    progress: Callable[[str], None] = lambda _: None,
) -> tuple[Advised | None, tuple[Skipped, ...]]:
    """The advice for the measured workload, or why there is none. Nothing is left in the database."""
    if importlib.util.find_spec("sqlglot") is None:
        return None, (Skipped(WHAT, NO_PARSER),)
    asked = statements.asked(workload(snapshot.runs))
    if not asked:
        return None, (Skipped(WHAT, NO_STATEMENT),)
    if snapshot.vendor not in _UNITS:
        return None, (Skipped(WHAT, NO_TRIAL),)
    trial = _Trial(connection, snapshot, wishes, asked, statement_timeout_ms, lock_timeout_ms, progress)
    try:
        found = trial.run()
    except (UnplannableError, TrialEndedError, sqlite.NotCopiedError) as error:
        return None, (Skipped(WHAT, str(error)),)
    except Error as error:
        return None, (Skipped(WHAT, f"Not verified: {reason(error)}"),)
    return found, found.advice.skipped


def workload(runs: Iterable[QueryRun]) -> tuple[QueryRun, ...]:
    """The runs that say what the project asks; the automatic ones only where there is nothing else.

    Nobody may ever open the admin's list of exchange rates: such a page is told by the checks, and buys no index.
    """
    audited = [run for run in runs if run.audited]
    own = [run for run in audited if run.origin != "automatic"]
    return tuple(replace(run, statements=tuple(_asked_for(run))) for run in own or audited)


def _asked_for(run: QueryRun) -> Iterator[Statement]:
    """The statements without those by which a canned query finds values for the queryset that it returns: they ran
    within its own function, the queryset was evaluated outside of it."""
    here = run.location.file if run.location else ""
    inside = [any(place.file == here for place in one.stack) for one in run.statements]
    for one, within in zip(run.statements, inside, strict=True):
        if run.origin != "canned" or not within or all(inside):
            yield one


Ask = Callable[[str, list[Any]], tuple[Any, ...] | None]


def _asker(connection: BaseDatabaseWrapper) -> Ask:
    def ask(sql: str, values: list[Any]) -> tuple[Any, ...] | None:
        try:
            with attempt(connection), connection.cursor() as cursor:
                cursor.execute(sql, values)
                row: tuple[Any, ...] | None = cursor.fetchone()
                return row
        except Error:
            return None

    return ask


@dataclass(frozen=True, slots=True)
class _Trial:
    connection: BaseDatabaseWrapper
    snapshot: Snapshot
    wishes: Wishes
    asked: tuple[Asked, ...]
    statement_timeout_ms: int
    lock_timeout_ms: int
    progress: Callable[[str], None]

    def run(self) -> Advised:
        tables = tuple(table for table in self.snapshot.stored_tables() if self._growable(table))
        most = COUNTED_ROWS if self.snapshot.vendor == "sqlite" else growing.MAX_ROWS
        factor = growing.factor(sum(table.rows or 0 for table in tables), most)
        if factor is None:
            self.progress(f"Trying indexes for {len(self.asked)} statements on {self.snapshot.alias!r}")
            with self._trial(self.snapshot) as trial:
                advice = self._advice(trial, self.snapshot, self.asked)
            return self._told(self._built(advice), trial)
        growth = Growth(factor=factor, span=SPAN)
        self.progress(f"Trying indexes for {len(self.asked)} statements on {self.snapshot.alias!r} {growth.told()}")
        # The clock saw them on the rows that there are; it says nothing of how they compare on so many more.
        untimed = tuple(replace(one, mean_ms=None) for one in self.asked)
        with self._grown(tables, growth) as (trial, snapshot, ask):
            from dbaudit.advisor.samples import with_another  # noqa: PLC0415 - needs the optional package sqlglot

            varied = tuple(with_another(one, snapshot, ask) for one in untimed)
            advice = self._timed(self._advice(trial, snapshot, varied))
        if self.wishes.what_if == "build" and self.snapshot.vendor == "postgresql":
            advice = replace(advice, skipped=(*advice.skipped, Skipped(live.WHAT, NOTHING_TO_BUILD)))
        return self._told(advice, trial, growth, self._today(advice))

    def _advice(self, trial: Trial, snapshot: Snapshot, asked: tuple[Asked, ...]) -> Advice:
        heap = sum(table.heap_bytes or table.bytes or 0 for table in snapshot.stored_tables())
        found = advise(
            trial.planner,
            snapshot,
            asked,
            budget_bytes=self.wishes.budget.of(heap) if heap else self.wishes.budget.bytes or BOUNDLESS,
            seconds=self.wishes.seconds,
            quick=self.wishes.quick,
        )
        found = settled(found, trial.planner, snapshot)
        return replace(found, skipped=(*found.skipped, *trial.skipped))

    def _built(self, advice: Advice) -> Advice:
        """With the figures of the chosen indexes really built, where that is wanted."""
        tables = sorted({one.candidate.table for one in advice.chosen})
        if self.wishes.what_if != "build" or self.snapshot.vendor != "postgresql" or not tables:
            return advice
        self.progress(
            f"Building {len(advice.chosen)} indexes in a transaction that is rolled back; until it ends, "
            f"whoever writes to {', '.join(tables)} waits"
        )
        try:
            found = live.tried(
                self.connection,
                self.snapshot,
                [one.candidate for one in advice.chosen],
                [effect.asked for effect in advice.effects if effect.after.used],
                statement_timeout_ms=self.statement_timeout_ms,
                lock_timeout_ms=self.lock_timeout_ms,
            )
        except TrialEndedError as error:
            return replace(advice, skipped=(*advice.skipped, Skipped(live.WHAT, str(error))))
        except Error as error:
            return replace(advice, skipped=(*advice.skipped, Skipped(live.WHAT, reason(error))))
        return live.verified(advice, found)

    def _timed(self, advice: Advice) -> Advice:
        """With the times that the statements took on the rows that there are."""
        times = {one.fingerprint: one.mean_ms for one in self.asked}
        effects = (
            replace(one, asked=replace(one.asked, mean_ms=times[one.asked.fingerprint])) for one in advice.effects
        )
        return replace(advice, effects=tuple(effects))

    def _told(
        self,
        advice: Advice,
        trial: Trial,
        growth: Growth | None = None,
        today: Mapping[str, tuple[float, float]] | None = None,
    ) -> Advised:
        unit = _UNITS[self.snapshot.vendor]
        return Advised(advice=advice, unit=unit, source=trial.source, growth=growth, today=today or {})

    def _today(self, advice: Advice) -> dict[str, tuple[float, float]]:
        """What the statements that are helped cost on the rows that there are, before and after."""
        chosen = frozenset(one.candidate for one in advice.chosen)
        helped = {fingerprint for one in advice.chosen for fingerprint in one.helps}
        found = {}
        if helped:
            with self._trial(self.snapshot) as trial:
                for one in self.asked:
                    if one.fingerprint in helped:
                        before = trial.planner.cost(one, frozenset()).cost
                        found[one.fingerprint] = (before, trial.planner.cost(one, chosen).cost)
        return found

    @contextmanager
    def _trial(self, snapshot: Snapshot, grown_to: Mapping[tuple[str, str], int] | None = None) -> Iterator[Trial]:
        if snapshot.vendor == "sqlite":
            with sqlite.copied(self.connection) as copy:
                yield Trial(sqlite.SqlitePlanner(copy, snapshot), _COUNTED)
            return
        timeouts = {"statement_timeout_ms": self.statement_timeout_ms, "lock_timeout_ms": self.lock_timeout_ms}
        with postgresql.opened(self.connection, snapshot, grown_to, **timeouts) as trial:
            yield trial

    @contextmanager
    def _grown(self, tables: tuple[Table, ...], growth: Growth) -> Iterator[tuple[Trial, Snapshot, Ask]]:
        if self.snapshot.vendor == "sqlite":
            with sqlite.copied(self.connection) as copy:
                rows = {("", name): count for name, count in sqlite.grow(copy, self.snapshot, tables, growth).items()}
                snapshot = growing.grown(self.snapshot, growth, rows)
                yield Trial(sqlite.SqlitePlanner(copy, snapshot), _COUNTED), snapshot, _asker(copy)
            return
        with grown.grown(
            self.connection, self.snapshot, tables, growth, statement_timeout_ms=self.statement_timeout_ms
        ) as counts:
            snapshot = growing.grown(self.snapshot, growth, counts)
            with self._trial(snapshot, counts) as trial:
                yield trial, snapshot, _asker(self.connection)

    def _growable(self, table: Table) -> bool:
        """Whether it is one of the connection's own tables, and a statement names it."""
        word = re.compile(rf"(?<!\w){re.escape(table.name)}(?!\w)")
        return table.kind == "table" and not table.schema and any(word.search(one.sql) for one in self.asked)
