"""Searching a problem of known configurations: greedy starts, then drops and swaps. No planner is asked."""

from __future__ import annotations

import random
from collections.abc import Iterable

from dbaudit.advisor.selection.costs import bits
from dbaudit.advisor.selection.model import Problem

#: Gains are divided by the size to this power: by its root, by itself, not at all.
POWERS = (0.5, 1.0, 0.0)
#: A change must save this share of the objective without indexes, or it is noise.
NOISE = 1e-7


def greedy(problem: Problem, power: float, start: int = 0) -> int:
    """Add what gains most for its size until nothing more fits or gains. The gains of what a step does not concern
    are kept from the step before."""
    chosen, left = start, problem.budget - problem.size(start)
    moves = problem.moves()
    scores: dict[int, float] = {}
    while True:
        best, best_score = 0, 0.0
        for move in moves:
            added = move & ~chosen
            if not added:
                continue
            if (score := scores.get(move)) is None:
                gain = problem.change(chosen, chosen | added)
                score = scores[move] = gain / max(1, problem.size(added)) ** power if gain > 0 else 0.0
            if score > best_score and problem.size(added) <= left:
                best, best_score = added, score
        if not best or best_score <= 0:
            return chosen
        chosen |= best
        left -= problem.size(best)
        touched = set(problem.concerned(best))
        scores = {
            move: score
            for move, score in scores.items()
            if not move & best and touched.isdisjoint(problem.concerned(move))
        }


def shed(problem: Problem, chosen: int, least: float) -> int:
    """Drop what saves less than ``least`` beside the rest, the least useful first."""
    while True:
        losses = [(problem.change(chosen ^ (1 << place), chosen), 1 << place) for place in bits(chosen)]
        worst = min(losses, default=(least, 0))
        if worst[0] >= least or not worst[1]:
            return chosen
        chosen ^= worst[1]


def improve(problem: Problem, chosen: int, rounds: int = 40) -> int:
    """Add a move and drop what no longer fits or helps, as long as that makes the objective smaller."""
    noise = NOISE * problem.nothing
    for _ in range(rounds):
        losses = {place: problem.change(chosen ^ (1 << place), chosen) for place in bits(chosen)}
        order = sorted(losses, key=lambda place: (losses[place] / max(1, problem.sizes[place]), place))
        best, best_gain = chosen, noise
        for move in problem.moves():
            if not move & ~chosen:
                continue
            changed = _fitted(problem, chosen | move, move, order)
            if changed is None:
                continue
            gain = problem.change(chosen, changed)
            if gain > best_gain:
                best, best_gain = changed, gain
        if best == chosen:
            return chosen
        chosen = shed(problem, best, noise)
    return chosen


def _fitted(problem: Problem, wanted: int, kept: int, order: list[int]) -> int | None:
    """The set without those members, the least worth for their size, that it must lose to fit."""
    over = problem.size(wanted) - problem.budget
    for place in order:
        if over <= 0:
            return wanted
        if not kept >> place & 1:
            wanted ^= 1 << place
            over -= problem.sizes[place]
    return wanted if over <= 0 else None


def search(problem: Problem, starts: Iterable[int] = (), shakes: int = 12) -> int:
    """The best set found: from several greedy starts, improved, then shaken and improved again.

    The same for the same problem: shaking draws from a generator of its own with a fixed seed.
    """
    found = {greedy(problem, power) for power in POWERS}
    found |= {start for start in starts if problem.size(start) <= problem.budget}
    ranked = sorted(found, key=lambda one: (problem.total(one), one))
    best = min((improve(problem, one) for one in ranked), key=lambda one: (problem.total(one), one))
    draw = random.Random(0)  # noqa: S311 - no secret: the same draws each time are what is wanted
    for _ in range(shakes):
        members = list(bits(best))
        if len(members) < 2 or problem.costs.late:
            break
        shaken = best
        for place in draw.sample(members, max(1, len(members) // 4)):
            shaken ^= 1 << place
        shaken = improve(problem, greedy(problem, 0.5, shaken))
        best = min(best, shaken, key=lambda one: (problem.total(one), one))
    return best


def exact(problem: Problem) -> int:
    """The best of all sets that fit: for small pools, and to hold the search against."""
    places = list(bits(problem.useful))
    best, best_total = 0, problem.total(0)
    for pattern in range(1, 1 << len(places)):
        chosen = sum(1 << place for bit, place in enumerate(places) if pattern >> bit & 1)
        if problem.size(chosen) <= problem.budget and (total := problem.total(chosen)) < best_total:
            best, best_total = chosen, total
    return best
