"""The choice as a problem over known configurations: weights, sizes, prices and a budget."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

from dbaudit.advisor.selection.costs import Costs, bits, union


@dataclass
class Problem:
    """What is to be made small: the weighted costs of the statements and the price of keeping the indexes, with sizes
    that add up to no more than ``budget`` bytes. ``prices`` are in the unit of ``weights`` times cost."""

    costs: Costs
    weights: Sequence[float]
    sizes: Sequence[int]
    prices: Sequence[float]
    budget: float
    _tables: list[list[tuple[int, float]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.refresh()

    def refresh(self) -> None:
        """Take in what has been planned since."""
        self._tables = [self.costs.configurations(question) for question in range(len(self.weights))]
        self._concerned: dict[int, tuple[int, ...]] = {}
        by_bit: dict[int, set[int]] = {}
        for question, table in enumerate(self._tables):
            for place in bits(union(used for used, _ in table)):
                by_bit.setdefault(place, set()).add(question)
        self._by_bit = {place: frozenset(questions) for place, questions in by_bit.items()}

    @property
    def useful(self) -> int:
        """All candidates that some known plan uses."""
        return union(1 << place for place in self._by_bit)

    def moves(self) -> list[int]:
        """What is worth adding at once: each candidate, and the members of each known configuration."""
        known = {used for table in self._tables for used, _ in table if used.bit_count() > 1}
        known |= {1 << place for place in self._by_bit}
        return sorted(known)

    def concerned(self, changed: int) -> tuple[int, ...]:
        """The statements whose cost may differ when these candidates come or go."""
        if changed not in self._concerned:
            found: set[int] = set()
            for place in bits(changed):
                found |= self._by_bit.get(place, frozenset())
            self._concerned[changed] = tuple(sorted(found))
        return self._concerned[changed]

    def cost(self, question: int, chosen: int) -> float:
        """The weighted cost of a statement, by its best known configuration within a set."""
        absent = ~chosen
        for used, cost in self._tables[question]:
            if not used & absent:
                return cost * self.weights[question]
        raise LookupError("A statement has no plan without candidates.")  # pragma: no cover - it is planned first

    def size(self, chosen: int) -> int:
        """Bytes of a set."""
        return sum(self.sizes[place] for place in bits(chosen))

    def price(self, chosen: int) -> float:
        """What keeping a set costs the writes."""
        return sum(self.prices[place] for place in bits(chosen))

    def total(self, chosen: int) -> float:
        """The whole objective."""
        return sum(self.cost(question, chosen) for question in range(len(self.weights))) + self.price(chosen)

    def change(self, before: int, after: int) -> float:
        """By how much the objective falls from one set to another."""
        gain = self.price(before & ~after) - self.price(after & ~before)
        for question in self.concerned(before ^ after):
            gain += self.cost(question, before) - self.cost(question, after)
        return gain

    @cached_property
    def nothing(self) -> float:
        """The objective without any candidate."""
        return self.total(0)
