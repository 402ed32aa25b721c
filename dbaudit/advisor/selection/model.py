"""The choice as a problem over known configurations: weights, sizes, prices and a budget."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from dbaudit.advisor.selection.costs import Costs, bits, union

#: So many of a statement's cheapest configurations are thought of as one move of the search.
MOVES = 24


@dataclass
class Problem:
    """What is to be made small: the weighted costs of the statements and the price of keeping the indexes, with sizes
    that add up to no more than ``budget`` bytes. ``prices`` are in the unit of ``weights`` times cost.

    ``tables`` are the configurations of each statement with their weighted cost, the cheapest first; the last one
    needs no candidate. They are those that were known when the problem was made.
    """

    costs: Costs
    weights: Sequence[float]
    sizes: Sequence[int]
    prices: Sequence[float]
    budget: float
    tables: list[list[tuple[int, float]]] = field(init=False)
    concerned: dict[int, frozenset[int]] = field(init=False)

    def __post_init__(self) -> None:
        self.tables = [
            [(used, cost * weight) for used, cost in self.costs.configurations(question)]
            for question, weight in enumerate(self.weights)
        ]
        by_place: dict[int, set[int]] = {}
        for question, table in enumerate(self.tables):
            for place in bits(union(used for used, _ in table)):
                by_place.setdefault(place, set()).add(question)
        self.concerned = {place: frozenset(questions) for place, questions in by_place.items()}

    @property
    def useful(self) -> int:
        """All candidates that some known plan uses."""
        return union(1 << place for place in self.concerned)

    @property
    def nothing(self) -> float:
        """The objective without any candidate."""
        return sum(table[-1][1] for table in self.tables)

    def moves(self) -> list[int]:
        """What is worth adding at once: each candidate, and the members of the best configurations."""
        known = {used for table in self.tables for used, _ in table[:MOVES] if used}
        return sorted(known | {1 << place for place in self.concerned})

    def size(self, chosen: int) -> int:
        """Bytes of a set."""
        return sum(self.sizes[place] for place in bits(chosen))

    def price(self, chosen: int) -> float:
        """What keeping a set costs the writes."""
        return sum(self.prices[place] for place in bits(chosen))

    def cost(self, question: int, chosen: int) -> float:
        """The weighted cost of a statement, by its best known configuration within a set."""
        absent = ~chosen
        return next(cost for used, cost in self.tables[question] if not used & absent)

    def total(self, chosen: int) -> float:
        """The whole objective."""
        return sum(self.cost(question, chosen) for question in range(len(self.tables))) + self.price(chosen)


class State:
    """A set of candidates, by which configuration each statement is served, and what a change of it would gain."""

    def __init__(self, problem: Problem, chosen: int = 0) -> None:
        self.problem = problem
        self.chosen = chosen
        self.size = problem.size(chosen)
        absent = ~chosen
        self.served = [next(one for one in table if not one[0] & absent) for table in problem.tables]
        self._users: dict[int, set[int]] = {}
        for question, (used, _) in enumerate(self.served):
            for place in bits(used):
                self._users.setdefault(place, set()).add(question)

    def gain(self, added: int, dropped: int = 0) -> float:
        """By how much the objective falls when these come and those go."""
        problem, served = self.problem, self.served
        absent = ~(self.chosen & ~dropped | added)
        gain = 0.0
        lost: set[int] = set()
        for place in bits(dropped):
            gain += problem.prices[place]
            lost |= self._users.get(place, set())
        touched = set(lost)
        for place in bits(added):
            gain -= problem.prices[place]
            touched |= problem.concerned.get(place, frozenset())
        for question in touched:
            now = served[question][1]
            least = float("inf") if question in lost else now
            for used, cost in problem.tables[question]:
                if cost >= least:
                    break
                if not used & absent:
                    gain += now - cost
                    break
        return gain

    def touched(self, added: int) -> set[int]:
        """The statements that may be served otherwise when these come."""
        return {question for place in bits(added) for question in self.problem.concerned.get(place, ())}

    def change(self, added: int, dropped: int = 0) -> None:
        """Do it."""
        problem = self.problem
        self.chosen = self.chosen & ~dropped | added
        self.size = problem.size(self.chosen)
        absent = ~self.chosen
        for question in self.touched(added | dropped):
            before = self.served[question][0]
            after = next(one for one in problem.tables[question] if not one[0] & absent)
            self.served[question] = after
            for place in bits(before & ~after[0]):
                self._users[place].discard(question)
            for place in bits(after[0] & ~before):
                self._users.setdefault(place, set()).add(question)

    def losses(self) -> dict[int, float]:
        """What each member saves beside the others."""
        return {place: -self.gain(0, 1 << place) for place in bits(self.chosen)}
