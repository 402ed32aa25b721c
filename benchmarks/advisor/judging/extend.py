"""Extend (Schlosser, Kossmann, Boissier 2019), the yardstick: greedy on gain per byte, one column at a time."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from judging.judge import Judge, Statement

Columns = tuple[str, tuple[str, ...]]


@dataclass(frozen=True)
class Choice:
    """What an advisor chose: definitions with their sizes in bytes as it took them; its planner calls and seconds;
    how many candidates it thought of, where that is known."""

    sizes: Mapping[str, int]
    calls: int
    seconds: float
    candidates: int = 0

    @property
    def size(self) -> int:
        """Bytes of all of them, as the advisor took them."""
        return sum(self.sizes.values())


class Extend:
    """In each step the new single column, or the extension of a chosen index by one more, with the most gain per byte.

    As published: columns are those whose names the statement's text holds, sizes are HypoPG's, the cost of a statement
    is kept for each set of indexes that could concern it. It sees the samples, not what is judged.
    """

    def __init__(self, judge: Judge, *, width: int = 2) -> None:
        self.judge, self.width = judge, width
        self.concerned = {one.name: self._columns(one) for one in judge.statements}
        self.singles = sorted(set().union(*self.concerned.values()))
        self.sizes: dict[Columns, int] = {}
        self.known: dict[tuple[str, frozenset[Columns]], float] = {}

    def choose(self, budget: int | None) -> Choice:
        """The indexes for a budget in bytes. The judge's calls count on; costs known from another budget do not."""
        self.known, before, begin = {}, self.judge.calls, time.perf_counter()
        chosen: frozenset[Columns] = frozenset()
        cost = self._cost(chosen)
        while True:
            used = sum(map(self._size, chosen))
            best, best_ratio, best_cost = chosen, 0.0, cost
            for trial in self._steps(chosen):
                grown = sum(map(self._size, trial)) - used
                if budget is not None and used + grown > budget:
                    continue
                after = self._cost(trial)
                ratio = (cost - after) / max(grown, 1)
                if ratio > best_ratio and cost - after > cost * 0.0001:
                    best, best_ratio, best_cost = trial, ratio, after
            if best == chosen:
                break
            chosen, cost = best, best_cost
        sizes = {_definition(one): self._size(one) for one in sorted(chosen)}
        return Choice(sizes, self.judge.calls - before, time.perf_counter() - begin)

    def _steps(self, chosen: frozenset[Columns]) -> Iterator[frozenset[Columns]]:
        for one in self.singles:
            if not any(other[0] == one[0] and other[1][:1] == one[1] for other in chosen):
                yield chosen | {one}
            for other in sorted(chosen):
                if other[0] == one[0] and one[1][0] not in other[1] and len(other[1]) < self.width:
                    yield chosen - {other} | {(other[0], (*other[1], *one[1]))}

    def _cost(self, indexes: frozenset[Columns]) -> float:
        total = 0.0
        missing: list[tuple[Statement, frozenset[Columns]]] = []
        for one in self.judge.statements:
            singles = self.concerned[one.name]
            relevant = frozenset(i for i in indexes if all((i[0], (column,)) in singles for column in i[1]))
            if (found := self.known.get((one.name, relevant))) is None:
                missing.append((one, relevant))
            else:
                total += found
        if missing:
            with self.judge.hypothetical(map(_definition, sorted(indexes))):
                for one, relevant in missing:
                    cost, _ = self.judge.plan(one, one.samples[:1])
                    self.known[one.name, relevant] = cost
                    total += cost
        return total

    def _size(self, index: Columns) -> int:
        if index not in self.sizes:
            with self.judge.hypothetical([_definition(index)]) as sizes:
                self.sizes[index] = sum(sizes.values())
        return self.sizes[index]

    def _columns(self, statement: Statement) -> frozenset[Columns]:
        words = set(re.findall(r"\w+", statement.sql))
        return frozenset((table, (column,)) for table, column in self._catalog if {table, column} <= words)

    @cached_property
    def _catalog(self) -> list[tuple[str, str]]:
        return self.judge.connection.execute(
            "SELECT relname, attname FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid"
            " WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND attnum > 0 ORDER BY 1, 2"
        ).fetchall()


def _definition(index: Columns) -> str:
    table, columns = index
    return f'CREATE INDEX ON "{table}" ({", ".join(map(_quoted, columns))})'


def _quoted(name: str) -> str:
    return f'"{name}"'
