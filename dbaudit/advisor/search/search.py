"""Searching a problem of known configurations: greedy starts, then drops and swaps. No planner is asked."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from heapq import heappop, heappush

from dbaudit.advisor.search.costs import bits
from dbaudit.advisor.search.model import Problem, State

#: Gains are divided by the size to this power: by its root, by itself, not at all.
POWERS = (0.5, 1.0, 0.0)
#: A change must save this share of the objective without indexes, or it is noise.
NOISE = 1e-7
#: How often the best set is shaken at most; less often where a shake is more work than so many moves to be weighed.
SHAKES, WORK = 16, 20_000


def greedy(problem: Problem, power: float, start: int = 0) -> int:
    """Add what gains most for its size until nothing more fits or gains. Only what a step concerns is weighed anew."""
    state = State(problem, start)
    moves = problem.moves()
    concerned: dict[int, list[int]] = {}
    for move in moves:
        for question in state.touched(move):
            concerned.setdefault(question, []).append(move)
    scores: dict[int, tuple[float, int]] = {}
    waiting: list[tuple[float, int]] = []

    def weigh(move: int) -> None:
        added = move & ~state.chosen
        size = problem.size(added)
        score = state.gain(added) / max(1, size) ** power if added else 0.0
        scores[move] = (score, size)
        if score > 0:
            heappush(waiting, (-score, move))

    for move in moves:
        weigh(move)
    while waiting and not problem.costs.late:
        score, move = heappop(waiting)
        if scores[move][0] != -score or state.size + scores[move][1] > problem.budget:
            continue  # weighed anew since, or too large from now on
        touched = state.touched(move)
        state.change(move & ~state.chosen)
        for other in sorted({other for question in touched for other in concerned.get(question, ())}):
            weigh(other)
    return state.chosen


def shed(problem: Problem, chosen: int, least: float) -> int:
    """Drop what saves less than ``least`` beside the rest, the least useful first."""
    state = State(problem, chosen)
    while state.chosen:
        loss, place = min((loss, place) for place, loss in state.losses().items())
        if loss >= least:
            break
        state.change(0, 1 << place)
    return state.chosen


def improve(problem: Problem, chosen: int) -> int:
    """Add what helps and drop what no longer fits or helps, as long as that makes the objective smaller."""
    state, noise = State(problem, chosen), NOISE * problem.nothing
    moves = problem.moves()
    members = _members(state)
    idle = 0
    while idle < len(moves):
        for move in moves:
            idle += 1
            added = move & ~state.chosen
            if not added:
                continue
            for dropped in _room(state, added, members):
                if state.gain(added, dropped) > noise:
                    state.change(added, dropped)
                    state = State(problem, shed(problem, state.chosen, noise))
                    members = _members(state)
                    idle = 0
                    break
            if idle >= len(moves) or problem.costs.late:
                return state.chosen
    return state.chosen


@dataclass(frozen=True, slots=True)
class _Members:
    """The places of a set's members: those worth least first, and those worth least for their size first."""

    by_worth: list[int]
    by_worth_for_size: list[int]


def _members(state: State) -> _Members:
    losses, sizes = state.losses(), state.problem.sizes
    return _Members(
        sorted(losses, key=lambda place: (losses[place], place)),
        sorted(losses, key=lambda place: (losses[place] / max(1, sizes[place]), place)),
    )


def _room(state: State, added: int, members: _Members) -> Iterator[int]:
    """What may go so that the new ones fit: nothing, the members worth least for their size, or the one member that is
    worth least of those that make room enough alone."""
    problem = state.problem
    over = state.size + problem.size(added) - problem.budget
    if over <= 0:
        yield 0
        return
    least = next((place for place in members.by_worth if problem.sizes[place] >= over), None)
    if least is not None:
        yield 1 << least
    dropped = 0
    for place in members.by_worth_for_size:
        dropped |= 1 << place
        over -= problem.sizes[place]
        if over <= 0:
            yield dropped
            return


def search(problem: Problem, start: int | None = None) -> int:
    """The best set found: from several greedy starts or from a given one, improved, then shaken and improved again.

    The same for the same problem: shaking draws from a generator of its own with a fixed seed.
    """
    starts = {greedy(problem, power) for power in POWERS} if start is None else {start}

    def rank(chosen: int) -> tuple[float, int]:
        return problem.total(chosen), chosen

    best = min((improve(problem, one) for one in sorted(starts)), key=rank)
    draw = random.Random(0)  # noqa: S311 - no secret: the same draws each time are what is wanted
    work = max(1, len(problem.moves())) * max(1, best.bit_count())
    for _ in range(max(2, min(SHAKES, SHAKES * WORK // work))):
        members = list(bits(best))
        if len(members) < 2 or problem.costs.late:
            break
        shaken = best
        for place in draw.sample(members, max(1, len(members) // 4)):
            shaken ^= 1 << place
        best = min(best, improve(problem, greedy(problem, 0.5, shaken)), key=rank)
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
