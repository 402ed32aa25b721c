"""The PostgreSQL planner with real indexes on copies of tables, and its costs taken to the size of the whole ones.

A statement is planned three times: on the real tables, on the copies without the candidates, and on the copies with
them. The last two are scaled to the whole tables step by step, and their ratio applied to the first: so what is off in
both, such as a bloated table or the scaling itself, falls out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace

from django.db import DatabaseError, InterfaceError
from django.db.backends.base.base import BaseDatabaseWrapper

from dbaudit.advisor.candidate import Asked, Candidate, Execution, Planned, Planner, UnplannableError
from dbaudit.advisor.sizes import index_bytes
from dbaudit.advisor.trials import inverted
from dbaudit.advisor.trials.built import Built
from dbaudit.advisor.trials.copies import Copies
from dbaudit.advisor.trials.executed import executed
from dbaudit.advisor.trials.explain import plans, refusal
from dbaudit.advisor.trials.hypopg import Hypopg
from dbaudit.advisor.trials.keys import is_guessed, keys
from dbaudit.advisor.trials.scaling import scaled
from dbaudit.connection.settings import set_locally
from dbaudit.facts import Table

#: Below so many bytes it is no matter how right the size of an index is.
MATTERS = 2**20
NOTHING: frozenset[Candidate] = frozenset()
#: Building an index on a copy takes about as long as so many plans.
BUILD = 10


class Plain:
    """A `Planner` that knows no candidates: plans with what is there."""

    def __init__(self, connection: BaseDatabaseWrapper) -> None:
        self.calls = 0
        self._connection = connection

    @property
    def work(self) -> float:
        """The plans that were made."""
        return float(self.calls)

    def cost(self, asked: Asked, present: frozenset[Candidate]) -> Planned:  # noqa: ARG002 - a planner's
        """Plan one statement."""
        found = plans(self._connection, asked)
        self.calls += len(found)
        return Planned(cost=sum(plan.cost or 0.0 for plan in found), used=NOTHING, plans=found)

    def executed(self, asked: Asked, present: frozenset[Candidate]) -> None:
        """Nothing: no index is built."""

    def size(self, candidate: Candidate) -> int:
        """Nothing is modelled."""
        raise UnplannableError(self.refusal(candidate))

    def refusal(self, candidate: Candidate) -> str:
        """No index is tried."""
        return f"No trial is made of {candidate.describe()}."


class Copied:
    """A `Planner`. With HypoPG only what that does not know is built, on copies; without it everything is.

    ``hypopg`` are two planners with hypothetical indexes: one for the real tables and one for the copies.
    """

    def __init__(self, copies: Copies, hypopg: tuple[Hypopg, Hypopg] | None = None) -> None:
        self._copies = copies
        self._connection = copies.connection
        self._built = Built(copies)
        self._modelled = hypopg is not None
        self._hypopg = hypopg
        self._real: Planner
        self._copy: Planner
        self._real, self._copy = hypopg or (Plain(self._connection), Plain(self._connection))
        self._clearings = self._executions = 0
        with self._connection.cursor() as cursor:
            cursor.execute("SHOW max_parallel_workers_per_gather")
            self._usual = str(cursor.fetchone()[0])
        self._sizes: dict[Candidate, int] = {}
        self._known: dict[tuple[str, frozenset[Candidate]], Planned] = {}
        self._serial: dict[tuple[str, frozenset[Candidate]], float] = {}
        self._without: dict[tuple[str, frozenset[Candidate], frozenset[str]], float] = {}

    @property
    def calls(self) -> int:
        """The plans that were made."""
        return self._real.calls + self._copy.calls

    @property
    def work(self) -> float:
        """The plans that were made, and the indexes that were built for them."""
        return self._real.work + self._copy.work + BUILD * (self._built.builds + self._executions)

    @property
    def clearings(self) -> int:
        """How often all that was built was let go to make room."""
        return self._built.clearings

    def cost(self, asked: Asked, present: frozenset[Candidate]) -> Planned:
        """Plan one statement with these candidates present."""
        named = frozenset(one for one in present if one.table in asked.sql)
        modelled = frozenset(one for one in named if self._models(one))
        real = self._planned(asked, modelled)
        built = self._built.build(named - modelled)
        if not built:
            return real
        if self._hypopg and self._clearings != self._built.clearings:
            self._hypopg[1].close()  # they hang on copies that are gone
            self._clearings = self._built.clearings
        factors = self._copies.factors(asked.sql)
        with self._copies.front():
            before = self._scaled_before(asked, modelled, factors)
            with self._built.alone(built, asked.sql):
                found = self._copy.cost(asked, modelled)
        names = {node.index for plan in found.plans for node in plan.nodes}
        used = self._built.named(names) & frozenset(built)
        if not used or not before:
            return real
        rate = self._serial_cost(asked, modelled) / before
        told = tuple(scaled(plan, factors, rate) for plan in found.plans)
        cost = sum(plan.cost or 0.0 for plan in told)
        if cost >= real.cost:
            return real
        return Planned(cost=cost, used=used | found.used, plans=told)

    def executed(self, asked: Asked, present: frozenset[Candidate]) -> Execution | None:
        """Execute one statement on copies of all its tables, at most one of which is a sample: rows of two samples
        seldom meet."""
        named = frozenset(one for one in present if one.table in asked.sql)
        try:
            factors = [self._copies.factor(table) for table in self._tables(asked)]
        except UnplannableError:
            return None
        if not factors or sum(factor > 1 for factor in factors) > 1:
            return None
        built = self._built.build(named)
        if {*built} != named:
            return None
        with self._copies.front(), self._built.alone(built, asked.sql):
            found = executed(self._connection, asked)
        self._executions += 1
        return found and Execution(found[0], self._built.named(found[1]) & named)

    def _tables(self, asked: Asked) -> list[Table]:
        stored = self._copies.snapshot.stored_tables()
        return [table for table in stored if re.search(rf"(?<!\w){re.escape(table.name)}(?!\w)", asked.sql)]

    def size(self, candidate: Candidate) -> int:
        """Bytes that the index would take on the whole table."""
        if not self._models(candidate):
            return self._built.size(candidate)
        size = self._real.size(candidate)
        if candidate.method != "btree" or size < MATTERS or not is_guessed(candidate):
            return size
        if candidate not in self._sizes:
            share = size / max(1, index_bytes(replace(candidate, condition=""), self._copies.snapshot))
            counted = keys(self._copies, candidate)
            part = min(1.0, share) if candidate.condition else None
            self._sizes[candidate] = index_bytes(candidate, self._copies.snapshot, part, counted) if counted else size
        return self._sizes[candidate]

    def refusal(self, candidate: Candidate) -> str:
        """Why an index could not be built on a copy."""
        return self._real.refusal(candidate) if self._models(candidate) else self._built.refusal(candidate)

    def close(self) -> None:
        """Take back the hypothetical indexes."""
        for one in self._hypopg or ():
            one.close()

    def _models(self, candidate: Candidate) -> bool:
        return self._modelled and candidate.method not in inverted.METHODS

    def _planned(self, asked: Asked, modelled: frozenset[Candidate]) -> Planned:
        key = (asked.fingerprint, modelled)
        if self._modelled or key not in self._known:
            with self._in_place(asked):
                found = self._real.cost(asked, modelled)
            if self._modelled:
                return found
            self._known[key] = found
        return self._known[key]

    def _serial_cost(self, asked: Asked, modelled: frozenset[Candidate]) -> float:
        """What it costs on the real tables without helpers: no temporary table is read by several processes."""
        key = (asked.fingerprint, modelled)
        if key not in self._serial:
            with self._alone(), self._in_place(asked):
                self._serial[key] = self._real.cost(asked, modelled).cost
        return self._serial[key]

    def _scaled_before(self, asked: Asked, modelled: frozenset[Candidate], factors: dict[str, float]) -> float:
        """What it costs on the copies without what is built there, taken to the whole tables."""
        key = (asked.fingerprint, modelled, frozenset(factors))
        if key not in self._without:
            with self._built.alone(NOTHING, asked.sql):
                found = self._copy.cost(asked, modelled)
            self._without[key] = sum(scaled(plan, factors).cost or 0.0 for plan in found.plans)
        return self._without[key]

    def _in_place(self, asked: Asked) -> AbstractContextManager[None]:
        """A block in which the real tables have none of the candidates: where grown copies stand in for them, those."""
        return self._built.alone(NOTHING, asked.sql) if self._copies.grown else nullcontext()

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """A block in which plans are made for one process."""
        self._processes("0")
        try:
            yield
        finally:
            self._processes(self._usual)

    def _processes(self, count: str) -> None:
        try:
            set_locally(self._connection, max_parallel_workers_per_gather=count)
        except (DatabaseError, InterfaceError) as error:
            raise refusal(self._connection, error) from error
