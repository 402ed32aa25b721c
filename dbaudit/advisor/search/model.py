"""The choice as a problem over known configurations: weights, sizes, prices and a budget."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from dbaudit.advisor.search.costs import Configuration, Costs, bits, union

#: So many of a statement's cheapest configurations are thought of as one move of the search.
MOVES = 24


@dataclass
class Problem:
    """What is to be made small: the weighted prices of the statements and what keeping the indexes costs, with sizes
    that add up to no more than ``budget`` bytes. ``upkeep`` is in the unit of ``weights`` times price.

    ``tables`` are the configurations of each statement, weighted, in the order in which the planner prefers them; the
    last one needs no candidate. They are those that were known when the problem was made. ``serving`` are those that
    use a candidate, by its place and then by statement.
    """

    costs: Costs
    weights: Sequence[float]
    sizes: Sequence[int]
    upkeep: Sequence[float]
    budget: float
    tables: list[list[Configuration]] = field(init=False)
    serving: dict[int, dict[int, list[Configuration]]] = field(init=False)

    def __post_init__(self) -> None:
        self.tables = [
            [Configuration(used, cost, price * weight) for used, cost, price in self.costs.configurations(question)]
            for question, weight in enumerate(self.weights)
        ]
        self.serving = {}
        for question, table in enumerate(self.tables):
            for one in table:
                for place in bits(one.used):
                    self.serving.setdefault(place, {}).setdefault(question, []).append(one)

    @property
    def useful(self) -> int:
        """All candidates that some known plan uses."""
        return union(1 << place for place in self.serving)

    @property
    def nothing(self) -> float:
        """The objective without any candidate."""
        return sum(table[-1].price for table in self.tables)

    def moves(self) -> list[int]:
        """What is worth adding at once: each candidate, and the members of the best configurations."""
        known = {1 << place for place in self.serving}
        for table in self.tables:
            best = sorted(table, key=lambda one: one.price)[:MOVES]
            known.update(one.used for one in best if one.used)
        return sorted(known)

    def size(self, chosen: int) -> int:
        """Bytes of a set."""
        return sum(self.sizes[place] for place in bits(chosen))

    def kept(self, chosen: int) -> float:
        """What keeping a set costs the writes."""
        return sum(self.upkeep[place] for place in bits(chosen))

    def price(self, question: int, chosen: int) -> float:
        """The weighted price of a statement with a set: of the plan that the planner prefers among those it allows."""
        return self.plan(question, chosen).price

    def plan(self, question: int, chosen: int) -> Configuration:
        """The configuration that the planner prefers within a set."""
        absent = ~chosen
        return next(one for one in self.tables[question] if not one.used & absent)

    def total(self, chosen: int) -> float:
        """The whole objective."""
        return sum(self.price(question, chosen) for question in range(len(self.tables))) + self.kept(chosen)


class State:
    """A set of candidates, by which configuration each statement is served, and what a change of it would gain."""

    def __init__(self, problem: Problem, chosen: int = 0) -> None:
        self.problem = problem
        self.chosen = chosen
        self.size = problem.size(chosen)
        self.served = [problem.plan(question, chosen) for question in range(len(problem.tables))]
        self._users: dict[int, set[int]] = {}
        for question, one in enumerate(self.served):
            for place in bits(one.used):
                self._users.setdefault(place, set()).add(question)

    def gain(self, added: int, dropped: int = 0) -> float:
        """By how much the objective falls when these come and those go: less than nothing where the planner would
        prefer a plan that is taken to cost more."""
        problem, served = self.problem, self.served
        together = self.chosen & ~dropped | added
        absent = ~together
        gain = problem.kept(dropped) - problem.kept(added)
        lost = {question for place in bits(dropped) for question in self._users.get(place, ())}
        after = {question: problem.plan(question, together) for question in lost}
        for place in bits(added):
            for question, configurations in problem.serving.get(place, {}).items():
                if question in lost:
                    continue
                now = after.get(question, served[question])
                for one in configurations:
                    if one.cost >= now.cost:
                        break
                    if not one.used & absent:
                        after[question] = one
                        break
        return gain + sum(served[question].price - one.price for question, one in after.items())

    def touched(self, added: int) -> set[int]:
        """The statements that may be served otherwise when these come."""
        return {question for place in bits(added) for question in self.problem.serving.get(place, ())}

    def change(self, added: int, dropped: int = 0) -> None:
        """Do it."""
        problem = self.problem
        self.chosen = self.chosen & ~dropped | added
        self.size = problem.size(self.chosen)
        for question in self.touched(added | dropped):
            before, after = self.served[question], problem.plan(question, self.chosen)
            self.served[question] = after
            for place in bits(before.used & ~after.used):
                self._users[place].discard(question)
            for place in bits(after.used & ~before.used):
                self._users.setdefault(place, set()).add(question)

    def losses(self) -> dict[int, float]:
        """What each member saves beside the others."""
        return {place: -self.gain(0, 1 << place) for place in bits(self.chosen)}
