"""The advice on one database: which trial its vendor has, at which scale it is made, and what it says of today."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Literal

from django.db import Error
from django.db.backends.base.base import BaseDatabaseWrapper

from dbaudit.advisor import floors, statements
from dbaudit.advisor import growth as growing
from dbaudit.advisor.allowance import PLANS_A_SECOND
from dbaudit.advisor.candidate import Asked, TrialEndedError, UnplannableError
from dbaudit.advisor.closure import closed
from dbaudit.advisor.concluded import Advised
from dbaudit.advisor.growth import SPAN, Growth
from dbaudit.advisor.propose import WHAT
from dbaudit.advisor.provenance import Provenance, asking
from dbaudit.advisor.prune import looked_up
from dbaudit.advisor.room import is_ours, room
from dbaudit.advisor.samples import Ask, with_another
from dbaudit.advisor.trials import grown, inverted, live, longest, postgresql, sqlite
from dbaudit.advisor.trials.asker import asker
from dbaudit.advisor.trials.postgresql import Trial
from dbaudit.advisor.values import Advice, Effect
from dbaudit.amounts import Budget
from dbaudit.connection.reasons import reason
from dbaudit.facts import Skipped, Snapshot, Table
from dbaudit.findings import Floor

#: The indexes may take half as much as the rows.
DEFAULT_BUDGET = Budget(share=0.5)
#: Rows that a grown copy may have where statements are executed on it: steps tell small differences from each other.
COUNTED_ROWS = 100_000
NO_STATEMENT = "No query was measured that an index could help."
NOTHING_LARGE = (
    "No measured query reads a table of {:,} rows or more, and none is a canned query of the project: an index would "
    "show nothing."
)
NO_TRIAL = "Only PostgreSQL and SQLite have a trial that tells what an index would do."
NOTHING_TO_BUILD = "The tables are so small that the advice is a projection: nothing was built on them."
_UNITS = {"sqlite": "steps", "postgresql": "cost"}
WhatIf = Literal["sample", "build"]
_COUNTED = "instructions counted on a copy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """How the advice is wanted: the most that all new indexes may take, the seconds that it may take (counted in plans,
    see `dbaudit.advisor.allowance`), one pass only, and below what nothing is told.

    ``what_if`` is "sample" for trials that no other session notices, or "build" to have the chosen indexes built on the
    live tables of PostgreSQL, too, in a transaction that is rolled back (see `dbaudit.advisor.trials.live`).
    """

    budget: Budget = DEFAULT_BUDGET
    seconds: float = 60.0
    floor: Floor = field(default_factory=Floor)
    quick: bool = False
    what_if: WhatIf = "sample"


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
    every = statements.asked(asking(snapshot.runs))
    asked = floors.asked(every, snapshot, wishes.floor)
    if not asked:
        small = NOTHING_LARGE.format(wishes.floor.table_rows)
        return None, (Skipped(WHAT, small if every else NO_STATEMENT),)
    if snapshot.vendor not in _UNITS:
        return None, (Skipped(WHAT, NO_TRIAL),)
    if snapshot.vendor == "postgresql":
        snapshot = longest.seen(connection, snapshot, asked, statement_timeout_ms, lock_timeout_ms)
    trial = _Trial(connection, snapshot, wishes, asked, statement_timeout_ms, lock_timeout_ms, progress)
    try:
        found = trial.run()
    except (UnplannableError, TrialEndedError, sqlite.NotCopiedError) as error:
        return None, (Skipped(WHAT, str(error)),)
    except Error as error:
        return None, (Skipped(WHAT, f"Not verified: {reason(error)}"),)
    return found, found.advice.skipped


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
        factor, small = self._factor(self.asked), self._growing(self.asked)
        if factor is not None and small == self.asked:
            return self._projected(self.asked, factor)
        self.progress(self._doing(self.asked))
        with self._trial(self.snapshot) as trial:
            advice = self._advice(trial, self.snapshot, self.asked)
            seconds = self.wishes.seconds - trial.planner.work / PLANS_A_SECOND
        told = self._told(self._built(advice), trial)
        left = self._left(told.advice, all_fit=factor is not None)
        factor = self._factor(left)
        if factor is None or seconds <= 0:
            return told
        beside = self._projected(left, factor, seconds).without(told.advice, self.snapshot)
        return replace(told, beside=beside) if beside.advice.chosen else told

    def _doing(self, asked: tuple[Asked, ...]) -> str:
        number = f"{len(asked)} statement{'' if len(asked) == 1 else 's'}"
        return f"Trying indexes for {number} on {self.snapshot.alias!r}"

    def _factor(self, asked: Iterable[Asked]) -> int | None:
        """By how much the tables of these statements may grow, None where there is too much in them already."""
        return growing.factor(sum(table.rows or 0 for table in self._tables(asked)), self._most)

    @property
    def _most(self) -> int:
        return COUNTED_ROWS if self.snapshot.vendor == "sqlite" else growing.MAX_ROWS

    @staticmethod
    def _growing(asked: Iterable[Asked]) -> tuple[Asked, ...]:
        """The statements whose tables will grow by the project's own word; of others nobody knows."""
        return tuple(one for one in asked if one.provenance is Provenance.CANNED)

    def _left(self, advice: Advice, *, all_fit: bool) -> tuple[Asked, ...]:
        """The lookups that nothing in the advice helps, nor what an earlier one brought, on the smallest tables, as far
        as these can grow; whatever is not helped where ``all_fit``."""
        unhelped = self._growing(one.asked for one in advice.effects if not self._is_helped(one))
        unhelped = tuple(one for one in unhelped if all_fit or self._is_lookup(one))
        sized = [(one, {table.name: table.rows or 0 for table in self._tables([one])}) for one in unhelped]
        left: list[Asked] = []
        together: dict[str, int] = {}
        for one, rows in sorted(sized, key=lambda each: (sum(each[1].values()), each[0].fingerprint)):
            if growing.factor(sum({**together, **rows}.values()), self._most) is not None:
                left.append(one)
                together |= rows
        return tuple(left)

    def _is_helped(self, effect: Effect) -> bool:
        """Whether its plans use an index of the advice, or one that an earlier advice brought."""
        tables = [*self.snapshot.stored_tables()]
        brought = {index.name for table in tables for index in table.indexes if is_ours(index, table.schema)}
        return bool(effect.after.used) or any(
            node.index in brought for plan in effect.after.plans for node in plan.nodes
        )

    def _is_lookup(self, asked: Asked) -> bool:
        """Whether it finds rows of a table by the values of several columns."""
        return any(len(looked_up(asked, table, self.snapshot, ("equal",))) > 1 for table in self._tables([asked]))

    def _projected(self, asked: tuple[Asked, ...], factor: int, seconds: float | None = None) -> Advised:
        growth = Growth(factor=factor, span=SPAN)
        self.progress(f"{self._doing(asked)} {growth.told()}")
        # The clock saw them on the rows that there are; it says nothing of how they compare on so many more.
        untimed = tuple(replace(one, mean_ms=None, observed_ms=None) for one in asked)
        with self._grown(self._tables(asked), growth) as (trial, snapshot, ask):
            varied = tuple(with_another(one, snapshot, ask) for one in untimed)
            advice = self._timed(self._advice(trial, snapshot, varied, seconds, growth))
        if self.wishes.what_if == "build" and self.snapshot.vendor == "postgresql":
            advice = replace(advice, skipped=(*advice.skipped, Skipped(live.WHAT, NOTHING_TO_BUILD)))
        return self._told(advice, trial, growth, self._today(advice))

    def _advice(
        self,
        trial: Trial,
        snapshot: Snapshot,
        asked: tuple[Asked, ...],
        seconds: float | None = None,
        growth: Growth | None = None,
    ) -> Advice:
        def worth_telling(advice: Advice) -> Advice:
            # What gains too little with today's rows may gain more with those to come.
            return floors.above(self._told(advice, trial, growth), self.snapshot, self.wishes.floor).advice

        found = closed(
            trial.planner,
            snapshot,
            asked,
            budget_bytes=room(self.wishes.budget, snapshot),
            seconds=self.wishes.seconds if seconds is None else seconds,
            quick=self.wishes.quick,
            worth_telling=worth_telling,
        )
        chosen = tuple(
            replace(one, source=postgresql.COPIED) if one.candidate.method in inverted.METHODS else one
            for one in found.chosen
        )
        return replace(found, chosen=chosen, skipped=(*found.skipped, *trial.skipped))

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
        times = {one.fingerprint: (one.mean_ms, one.observed_ms) for one in self.asked}
        timed = ((one, *times[one.asked.fingerprint]) for one in advice.effects)
        effects = (replace(one, asked=replace(one.asked, mean_ms=mean, observed_ms=seen)) for one, mean, seen in timed)
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
                yield Trial(sqlite.SqlitePlanner(copy, snapshot), _COUNTED), snapshot, asker(copy)
            return
        with grown.grown(
            self.connection, self.snapshot, tables, growth, statement_timeout_ms=self.statement_timeout_ms
        ) as counts:
            snapshot = growing.grown(self.snapshot, growth, counts)
            with self._trial(snapshot, counts) as trial:
                yield trial, snapshot, asker(self.connection)

    def _tables(self, asked: Iterable[Asked]) -> tuple[Table, ...]:
        """The connection's own tables that these statements name."""
        texts = [one.sql for one in asked]
        own = (table for table in self.snapshot.stored_tables() if table.kind == "table" and not table.schema)
        return tuple(table for table in own if any(statements.is_named(text, table) for text in texts))
