"""What indexes do to a workload, told by the planner and by the clock; nothing here knows how they were chosen."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from psycopg.errors import QueryCanceled
from psycopg.sql import SQL

from judging.servers import Connection


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement of a workload. ``samples`` are parameters that an advisor may see, ``judged`` those that count.

    ``calls`` is how often it runs, against the others.
    """

    name: str
    sql: str
    samples: tuple[tuple[Any, ...], ...]
    judged: tuple[tuple[Any, ...], ...]
    calls: float = 1.0


@dataclass(frozen=True, slots=True)
class Judgement:
    """A workload under some indexes: planner's cost and, where it was executed, milliseconds, of each statement by
    name, times its calls; ``sizes`` in bytes by definition; ``used`` the definitions that its plan took."""

    costs: Mapping[str, float]
    used: Mapping[str, frozenset[str]]
    sizes: Mapping[str, int] = field(default_factory=dict)
    milliseconds: Mapping[str, float] = field(default_factory=dict)

    @property
    def cost(self) -> float:
        """The whole workload's."""
        return sum(self.costs.values())

    @property
    def size(self) -> int:
        """Bytes of all indexes."""
        return sum(self.sizes.values())

    @property
    def time(self) -> float:
        """Milliseconds of the whole workload."""
        return sum(self.milliseconds.values())


class Judge:
    """Judges definitions (``CREATE INDEX ON …``, without a name) on one database.

    ``calls`` counts the statements planned so far.
    """

    def __init__(self, connection: Connection, statements: Sequence[Statement]) -> None:
        self.connection, self.statements = connection, statements
        self.calls = 0

    def heap(self) -> int:
        """Bytes of the tables' own rows, without indexes and TOAST."""
        return self._number(
            "SELECT sum(pg_relation_size(oid))::bigint FROM pg_class"
            " WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
        )

    def planned(self, definitions: Iterable[str]) -> Judgement:
        """With HypoPG's indexes: what the planner would make of them."""
        with self.hypothetical(definitions) as sizes:
            costs, used = {}, {}
            for statement in self.statements:
                costs[statement.name], used[statement.name] = self.plan(statement, statement.judged)
        return Judgement(costs, used, sizes)

    def built(self, definitions: Iterable[str], *, repeat: int, limit_s: int = 120) -> tuple[Judgement, Judgement]:
        """With real indexes, gone afterwards: planned and executed without them and with them.

        Each statement is executed so many times either way, in turns, because the machine is never equally busy for
        long; the fastest counts. One that takes longer than the limit counts as if it had taken that.
        """
        costs: tuple[dict[str, float], ...] = ({}, {})
        used: tuple[dict[str, frozenset[str]], ...] = ({}, {})
        times: tuple[dict[str, float], ...] = ({}, {})
        with self.real(definitions) as sizes:
            for statement in self.statements:
                for _ in range(repeat):
                    for side in (0, 1):
                        self._let(visible=bool(side))
                        taken = self._timed(statement, limit_s)
                        times[side][statement.name] = min(taken, times[side].get(statement.name, taken))
                for side in (0, 1):
                    self._let(visible=bool(side))
                    costs[side][statement.name], used[side][statement.name] = self.plan(statement, statement.judged)
        return Judgement(costs[0], used[0], {}, times[0]), Judgement(costs[1], used[1], sizes, times[1])

    def times(self) -> dict[str, float]:
        """Milliseconds of one call of each statement with the first of its samples, as things are: what an advisor
        may know. The second execution counts."""
        found = {}
        for one in self.statements:
            for _ in range(2):
                found[one.name] = self._once(one, one.samples[0])
        return found

    def plan(self, statement: Statement, parameters: Sequence[tuple[Any, ...]]) -> tuple[float, frozenset[str]]:
        """The cost of one statement times its calls, mean over the parameters; the names of its indexes."""
        total, names = 0.0, set()
        for values in parameters:
            self.calls += 1
            query = SQL(f"EXPLAIN (FORMAT JSON) {statement.sql}")
            (found,) = self.connection.execute(query, values or None).fetchone() or ()
            plan = (found if isinstance(found, list) else json.loads(found))[0]["Plan"]
            total += plan["Total Cost"]
            names |= {self._names.get(name, name) for name in _indexes(plan)}
        return total / len(parameters) * statement.calls, frozenset(names)

    _names: Mapping[str, str] = {}

    @contextmanager
    def hypothetical(self, definitions: Iterable[str]) -> Iterator[dict[str, int]]:
        """HypoPG's indexes for a while; their sizes by HypoPG."""
        try:
            self.connection.execute("SELECT hypopg_reset()")
            sizes, self._names = {}, {}
            for definition in definitions:
                made = self.connection.execute("SELECT * FROM hypopg_create_index(%s)", [definition])
                oid, name = made.fetchone() or ()
                sizes[definition] = self._number("SELECT hypopg_relation_size(%s)", oid)
                self._names[name] = definition
            yield sizes
        finally:
            self.connection.execute("SELECT hypopg_reset()")
            self._names = {}

    @contextmanager
    def real(self, definitions: Iterable[str]) -> Iterator[dict[str, int]]:
        """Real indexes for a while; their sizes. Expressions have statistics only once their table is analysed."""
        self._names, sizes = {}, {}
        try:
            for number, definition in enumerate(definitions):
                name = f"judged_{number}"
                self.connection.execute("SET maintenance_work_mem = '1GB'")
                self._execute(definition.replace("INDEX ON", f"INDEX {name} ON", 1))
                self._names[name] = definition
                sizes[definition] = self._number("SELECT pg_relation_size(%s::regclass)", name)
            self._analyze_expressions()
            yield sizes
        finally:
            for name in self._names:
                self._execute(f"DROP INDEX {name}")
            self._names = {}

    def _analyze_expressions(self) -> None:
        tables = self.connection.execute(
            "SELECT DISTINCT indrelid::regclass::text FROM pg_index"
            " WHERE indexrelid = ANY (%s::regclass[]) AND indexprs IS NOT NULL",
            [[*self._names]],
        )
        for (table,) in tables.fetchall():
            self._execute(f"ANALYZE {table}")

    def _let(self, *, visible: bool) -> None:
        """Let the planner see the real indexes, or not: it takes no index that is marked invalid."""
        self.connection.execute(
            "UPDATE pg_index SET indisvalid = %s WHERE indexrelid = ANY (%s::regclass[])", [visible, [*self._names]]
        )

    def _timed(self, statement: Statement, limit_s: int) -> float:
        """Milliseconds of one execution, mean over the parameters, times the calls."""
        self._execute(f"SET statement_timeout = '{limit_s}s'")
        try:
            total = sum(self._once(statement, values) for values in statement.judged)
        except QueryCanceled:
            total = limit_s * 1000 * len(statement.judged)
        finally:
            self._execute("RESET statement_timeout")
        return total / len(statement.judged) * statement.calls

    def _once(self, statement: Statement, values: tuple[Any, ...]) -> float:
        begin = time.perf_counter()
        self.connection.execute(SQL(statement.sql), values or None).fetchall()
        return (time.perf_counter() - begin) * 1000

    def _execute(self, sql: str) -> None:
        self.connection.execute(SQL(sql))

    def _number(self, sql: str, *values: Any) -> int:
        (found,) = self.connection.execute(SQL(sql), values or None).fetchone() or ()
        return int(found)


def _indexes(plan: dict[str, Any]) -> Iterator[str]:
    if "Index Name" in plan:
        yield plan["Index Name"]
    for child in plan.get("Plans", ()):
        yield from _indexes(child)
