"""The search for the best set, on problems small enough to be solved by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from dbaudit.advisor.candidate import Asked, Candidate, Planned
from dbaudit.advisor.search.choose import Measures, choose
from dbaudit.advisor.search.costs import Costs
from dbaudit.advisor.search.model import Problem, State
from dbaudit.advisor.search.search import exact, search
from dbaudit.facts import IndexKey

Prices = Callable[[frozenset[str]], tuple[float, frozenset[str]]]


@dataclass
class Arithmetic:
    """A planner whose costs are given: for each statement what it costs with a set of indexes, and which it uses."""

    rules: dict[str, Prices]
    calls: int = 0

    def cost(self, asked: Asked, present: frozenset[Candidate]) -> Planned:
        self.calls += 1
        by_text = {one.describe(): one for one in present}
        cost, used = self.rules[asked.fingerprint](frozenset(by_text))
        return Planned(cost=cost, used=frozenset(by_text[name] for name in used))

    @property
    def work(self) -> float:
        return float(self.calls)

    def executed(self, asked: Asked, present: frozenset[Candidate]) -> None:
        """No copy is there."""

    def size(self, candidate: Candidate) -> int:
        return 100 + 10 * len(candidate.include)

    def refusal(self, candidate: Candidate) -> str:
        return f"{candidate.describe()} was not refused."


def on(*columns: str, include: tuple[str, ...] = ()) -> Candidate:
    return Candidate(table="line", keys=tuple(IndexKey(column=one) for one in columns), include=include)


def covering(*wanted: str) -> Prices:
    """A statement that costs 100, 60 with an index on the day, and 5 where that carries all that is wanted."""

    def price(present: frozenset[str]) -> tuple[float, frozenset[str]]:
        led = sorted(one for one in present if one.startswith("(day)"))
        whole = [one for one in led if all(name in one for name in wanted)]
        if whole:
            return 5.0, frozenset(whole[:1])
        return (60.0, frozenset(led[:1])) if led else (100.0, frozenset())

    return price


def asked(name: str) -> Asked:
    return Asked(fingerprint=name, sql=name)


def test_three_statements_share_one_index_that_carries_what_each_of_them_reads() -> None:
    planner = Arithmetic({"a": covering("price"), "b": covering("part"), "c": covering("supplier")})
    costs = Costs(planner, [asked(name) for name in "abc"], risk=lambda _: 0.0)
    own = [costs.number(on("day", include=(name,))) for name in ("price", "part", "supplier")]
    for question in range(3):
        costs.learn(question, planner.cost(costs.asked[question], frozenset()))
    choice = choose(costs, [1.0] * 3, own, Measures(planner.size, lambda _: 0.0), budget=140)
    assert [one.describe() for one in costs.members(choice.chosen)] == ["(day) INCLUDE (part, price, supplier)"]
    assert choice.problem.total(choice.chosen) == 15


def risky(present: frozenset[str]) -> tuple[float, frozenset[str]]:
    return (90.0, frozenset({"(day)"})) if "(day)" in present else (100.0, frozenset())


def problem(budget: int = 1000) -> Problem:
    """One statement that gains by an index on the day, and one whose plan with it is taken to cost twice as much."""
    planner = Arithmetic({"gains": covering("nothing else"), "suffers": risky})
    costs = Costs(
        planner, [asked("gains"), asked("suffers")], risk=lambda planned: 110.0 if planned.cost == 90 else 0.0
    )
    number = costs.number(on("day"))
    for question in range(2):
        costs.learn(question, planner.cost(costs.asked[question], frozenset()))
        costs.relate(question, number)
        costs.price(question, number)
    return Problem(costs, [1.0, 1.0], [100], [0.0], budget)


def test_an_index_that_the_planner_would_take_to_the_harm_of_another_statement_is_not_chosen() -> None:
    found = problem()
    assert found.plan(1, 1).price == 200
    assert State(found).gain(1) == pytest.approx(40 - 100)
    assert search(found) == exact(found) == 0


def test_what_a_change_gains_is_the_difference_of_the_totals() -> None:
    found = problem()
    for start in (0, 1):
        state = State(found, start)
        assert state.gain(1 & ~start, start) == pytest.approx(found.total(start) - found.total(1 & ~start))
