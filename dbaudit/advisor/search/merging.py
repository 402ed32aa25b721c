"""Two indexes in one: several statements may share an index that carries what each of them reads."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations

from dbaudit.advisor.candidate import Candidate
from dbaudit.advisor.search.costs import Costs, bits, union

#: Two in one are tried for so many pairs of a table.
MERGES = 40
#: Rounds of that: what two statements share, and what a third one shares with it.
ROUNDS = 2
#: Columns that a candidate made of two carries at most.
CARRIED = 8


def merge(costs: Costs, questions: range, kept: int) -> int:
    """Try two indexes in one in the plans that use either of them, and the new ones with the others once more: three
    statements may share one. Returns those that were tried, the new ones among them."""
    together = fresh = kept & union(one.used for question in questions for one in costs.configurations(question))
    for _ in range(ROUNDS):
        made = 0
        for parts, both in _pairs(costs, together, fresh):
            number = costs.number(both)
            made |= number
            for question in questions:
                _replace(costs, question, parts, number)
        fresh = made & ~together
        together |= fresh
    return together


def merged(one: Candidate, other: Candidate) -> Candidate | None:
    """One index that does what two of the same table do, where the keys of one lead the other's."""
    long, short = (one, other) if len(one.keys) >= len(other.keys) else (other, one)
    same = (long.schema, long.table, long.condition, long.method) == (
        short.schema,
        short.table,
        short.condition,
        short.method,
    )
    if not same or long.keys[: len(short.keys)] != short.keys:
        return None
    keys = {key.column for key in long.keys}
    carried = tuple(sorted({*long.include, *short.include} - keys))
    if carried == long.include or len(carried) > CARRIED:
        return None
    return replace(long, include=carried)


def _pairs(costs: Costs, members: int, fresh: int) -> Iterator[tuple[tuple[int, int], Candidate]]:
    """Pairs of candidates on one table, one of them fresh, with what they are in one: of each table so many at most,
    first those that differ in nothing but what they carry along."""
    by_table: dict[tuple[str, str], list[int]] = {}
    for place in bits(members):
        one = costs.candidates[place]
        by_table.setdefault((one.schema, one.table), []).append(place)
    for places in by_table.values():
        found: list[tuple[tuple[int, int], Candidate]] = []
        for first, second in combinations(places, 2):
            both = None
            if (1 << first | 1 << second) & fresh:
                both = merged(costs.candidates[first], costs.candidates[second])
            if both is not None:
                found.append(((1 << first, 1 << second), both))
        yield from sorted(found, key=lambda one: not _alike(costs, *one[0]))[:MERGES]


def _alike(costs: Costs, first: int, second: int) -> bool:
    one, other = costs.members(first | second)
    return one.keys == other.keys


def _replace(costs: Costs, question: int, parts: tuple[int, int], number: int) -> None:
    """Plan a statement with the new candidate in the place of one that its best plans use."""
    for part in parts:
        if costs.relevant(question) & part and not costs.late:
            costs.relate(question, number)
            using = [one.used for one in costs.configurations(question) if one.used & part][:2]
            for used in using:
                costs.price(question, used & ~(parts[0] | parts[1]) | number)
