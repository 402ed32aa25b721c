"""From candidates to the set to build: prune, learn, search, and ask the planner about what was found."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from dbaudit.advisor.candidate import Candidate
from dbaudit.advisor.search import pool
from dbaudit.advisor.search.costs import Costs, bits, union
from dbaudit.advisor.search.merging import merge
from dbaudit.advisor.search.model import Problem
from dbaudit.advisor.search.search import exact, greedy, search, shed
from dbaudit.advisor.weights import FLOOR

#: Pools up to this size are solved by trying every set.
SMALL = 12
#: How often the search begins anew with what the planner said of its last answer.
TURNS = 6
#: A turn that gains less than this share is the last one.
SETTLED = 0.001
#: Plans made in one turn about indexes beside the best set.
PROBES = 600
#: A chosen index saves at least this share of the workload.
LEAST = 0.0005


@dataclass(frozen=True)
class Measures:
    """What of a candidate counts besides the plans: its bytes, and what keeping it costs the writes."""

    size: Callable[[Candidate], int]
    upkeep: Callable[[Candidate], float]


@dataclass(frozen=True, slots=True)
class Choice:
    """The chosen set and the pool that it was chosen from, as bits of ``Costs.candidates``."""

    chosen: int
    pool: int
    problem: Problem


def choose(
    costs: Costs,
    weights: Sequence[float],
    own: Sequence[int],
    measures: Measures,
    budget: float,
    *,
    quick: bool = False,
) -> Choice:
    """The best set found. ``own`` are the candidates that were made for each statement."""
    questions = range(len(weights))
    narrower = () if quick else (_bare, _narrow)
    kept = union(pool.prune(costs, question, own[question], narrower) for question in questions)
    for question in questions:
        costs.relate(question, _shared(costs, own, question, kept))
    if not quick:
        _learn(costs, questions, kept)
        kept |= merge(costs, questions, kept)
    problem = _problem(costs, weights, measures, budget)
    if quick:
        return _done(problem, min((greedy(problem, power) for power in (0.5, 1.0)), key=problem.total), kept)
    best = search(problem)
    for _ in range(TURNS):
        if costs.late:
            break
        _probe(costs, problem, best)
        problem = _problem(costs, weights, measures, budget)
        again = search(problem, best)
        settled = problem.total(again) >= problem.total(best) * (1 - SETTLED)
        best = min(best, again, key=problem.total)
        if settled:
            break
    best = min(best, search(problem), key=problem.total)
    if problem.useful.bit_count() <= SMALL:
        best = exact(problem)
    return _done(problem, best, kept)


def _done(problem: Problem, chosen: int, kept: int) -> Choice:
    """Without what saves next to nothing, by what the planner says of this very set."""
    for question in range(len(problem.weights)):
        problem.costs.price(question, chosen)
    problem = Problem(problem.costs, problem.weights, problem.sizes, problem.upkeep, problem.budget)
    # Of many statements each is a small part: an index for one of them may save as little.
    least = min(LEAST, FLOOR / (2 * max(1, len(problem.weights))))
    return Choice(shed(problem, chosen, least * problem.nothing), kept, problem)


def _bare(candidate: Candidate) -> bool:
    return not candidate.include


def _narrow(candidate: Candidate) -> bool:
    return not candidate.include and not candidate.condition and len(candidate.keys) <= 2


def _problem(costs: Costs, weights: Sequence[float], measures: Measures, budget: float) -> Problem:
    used = union(one.used for question in range(len(weights)) for one in costs.configurations(question))
    wanted = {place: costs.candidates[place] for place in bits(used)}
    everything = range(len(costs.candidates))
    sizes = [measures.size(wanted[place]) if place in wanted else 0 for place in everything]
    upkeep = [measures.upkeep(wanted[place]) if place in wanted else 0.0 for place in everything]
    return Problem(costs, weights, sizes, upkeep, budget)


def _shared(costs: Costs, own: Sequence[int], question: int, kept: int) -> int:
    """The kept candidates of other statements that could serve this one: led by a key that its own are led by."""
    mine = [costs.candidates[place] for place in bits(own[question])]
    leads = {(one.schema, one.table, one.keys[0].column or one.keys[0].expression) for one in mine}
    conditions = {(one.schema, one.table, one.condition) for one in mine} | {
        (one.schema, one.table, "") for one in mine
    }
    shared = 0
    for place in bits(kept & ~own[question]):
        one = costs.candidates[place]
        led = (one.schema, one.table, one.keys[0].column or one.keys[0].expression) in leads
        if led and (one.schema, one.table, one.condition) in conditions:
            shared |= 1 << place
    return shared


def _learn(costs: Costs, questions: range, kept: int) -> None:
    for question in questions:
        pool.explore(costs, question, kept)


def _probe(costs: Costs, problem: Problem, best: int) -> None:
    """Plan each statement with the best set, and with one more index beside it."""
    limit = costs.planner.calls + PROBES
    for question in range(len(problem.weights)):
        costs.price(question, best)
    useful = problem.useful
    heavy = sorted(range(len(problem.weights)), key=lambda question: (-problem.price(question, best), question))
    for question in heavy:
        least = costs.price(question, useful)
        if costs.price(question, best) <= least * 1.001:
            continue
        for place in bits(useful & costs.relevant(question) & ~best):
            if costs.planner.calls >= limit or costs.late:
                return
            costs.price(question, best | 1 << place)
