"""Which candidates are worth weighing: those that the planner itself takes when it may."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable

from dbaudit.advisor.candidate import Candidate
from dbaudit.advisor.search.costs import Costs, bits

#: How often a statement's favourites are taken away to see what comes next.
ROUNDS = 4
#: Plans that are made of one statement to learn by which sets it can be served.
EXPLORED = 40


def prune(costs: Costs, question: int, own: int, narrower: Iterable[Callable[[Candidate], bool]] = ()) -> int:
    """The candidates that a statement's plans use: with all of them present, then without those, up to four times;
    and again among simpler ones alone, which the wider ones would hide."""
    costs.relate(question, own)
    kept = 0
    layers = [own, *(_of(costs, own, wanted) for wanted in narrower)]
    for layer in dict.fromkeys(layers):
        left = layer
        for _ in range(ROUNDS):
            costs.price(question, left)
            used = costs.used(question, left)
            if not used:
                break
            kept |= used
            left &= ~used
    return kept


def _of(costs: Costs, own: int, wanted: Callable[[Candidate], bool]) -> int:
    return sum(1 << place for place in bits(own) if wanted(costs.candidates[place]))


def explore(costs: Costs, question: int, pool: int, plans: int = EXPLORED) -> None:
    """Learn by which sets a statement can be served: with the whole pool, then without each that was used, and so on.

    Breadth first, so that the next best of everything comes before the tenth best of one.
    """
    waiting, met = deque([pool & costs.relevant(question)]), set()
    while waiting and plans > 0 and not costs.late:
        present = waiting.popleft()
        if present in met:
            continue
        met.add(present)
        before = costs.planner.calls
        costs.price(question, present)
        plans -= costs.planner.calls > before
        used = costs.used(question, present)
        if used:
            waiting.extend(present & ~(1 << place) for place in bits(used))
            waiting.append(present & ~used)
