"""From the set that the search found to the set that is proposed: nothing that hardly helps, columns as in the model.

Of indexes that the planner finds equally good, the one is proposed that makes another one needless, and that reads like
the model.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from dbaudit.advisor.advice import Advice, Chosen, Effect, Rejected
from dbaudit.advisor.candidate import Candidate, Key, Planned, Planner, UnplannableError
from dbaudit.advisor.served import replaced
from dbaudit.facts import Snapshot, Table

#: An index must bring some statement down to this part of its cost,
WORTH_RATIO = 0.8
#: or save this part of the whole workload.
WORTH_GAIN = 0.02
#: Costs that differ by less are equal.
EQUAL = 1.001
TOO_LITTLE = "It would make no statement a fifth cheaper, which is not worth an index."


def settled(advice: Advice, planner: Planner, snapshot: Snapshot) -> Advice:
    """The advice without indexes that hardly help, and with the others' columns in the order of their tables where that
    costs nothing. What is left is planned again."""
    advice = _without_the_little(advice, planner)
    for one in advice.chosen:
        table = snapshot.table(one.candidate.table, one.candidate.schema)
        natural = _natural(one.candidate, table) if table else one.candidate
        if natural != one.candidate:
            advice = _exchanged(advice, one, natural, planner, snapshot)
    return advice


def _without_the_little(advice: Advice, planner: Planner) -> Advice:
    while True:
        little = [one for one in advice.chosen if not _worth(one, advice.effects)]
        if not little:
            return advice
        least = min(little, key=lambda one: (one.gain, one.candidate))
        kept = tuple(one for one in advice.chosen if one is not least)
        refused = (*advice.rejected, Rejected(candidate=least.candidate, reason=TOO_LITTLE))
        effects = _replanned(advice, {one.candidate for one in kept}, least.candidate.table, planner)
        advice = _retold(replace(advice, rejected=tuple(sorted(refused, key=lambda one: one.candidate))), kept, effects)


def _worth(one: Chosen, effects: Iterable[Effect]) -> bool:
    helped = [effect for effect in effects if effect.asked.fingerprint in one.helps]
    return bool(helped) and (one.gain >= WORTH_GAIN or min(effect.ratio for effect in helped) <= WORTH_RATIO)


def _natural(candidate: Candidate, table: Table) -> Candidate:
    """The same with foreign keys before other columns, so that it replaces the index that such a key has of its own,
    and otherwise in the order of the table; itself where a key is more than an ascending column."""
    order = {column.name: place for place, column in enumerate(table.columns)}
    if any(key != Key(column=key.column) or key.column not in order for key in candidate.keys):
        return candidate
    foreign = {column for one in table.foreign_keys for column in one.columns}
    keys = sorted(candidate.keys, key=lambda key: (key.column not in foreign, order[key.column]))
    return replace(candidate, keys=tuple(keys))


def _exchanged(advice: Advice, one: Chosen, other: Candidate, planner: Planner, snapshot: Snapshot) -> Advice:
    """With another index in the place of one, if no statement is the worse for it."""
    if any(chosen.candidate == other for chosen in advice.chosen):
        return advice
    present = {chosen.candidate for chosen in advice.chosen if chosen.candidate != one.candidate} | {other}
    effects = _replanned(advice, present, other.table, planner)
    for before, after in zip(advice.effects, effects, strict=True):
        if after.after.cost > before.after.cost * EQUAL:
            return advice
    table = snapshot.table(other.table, other.schema)
    try:
        size = planner.size(other)
    except UnplannableError:
        return advice
    exchanged = replace(one, candidate=other, bytes=size, replaces=replaced(other, table) if table else ())
    kept = tuple(exchanged if chosen.candidate == one.candidate else chosen for chosen in advice.chosen)
    return _retold(advice, kept, effects)


def _replanned(advice: Advice, present: set[Candidate], table: str, planner: Planner) -> tuple[Effect, ...]:
    """The effects with these indexes; only statements that name the table can differ."""
    return tuple(
        replace(effect, after=_planned(planner, effect, frozenset(present))) if table in effect.asked.sql else effect
        for effect in advice.effects
    )


def _planned(planner: Planner, effect: Effect, present: frozenset[Candidate]) -> Planned:
    mentioned = frozenset(one for one in present if one.table in effect.asked.sql)
    try:
        return planner.cost(effect.asked, mentioned) if mentioned else effect.before
    except UnplannableError:
        return effect.before


def _retold(advice: Advice, chosen: tuple[Chosen, ...], effects: tuple[Effect, ...]) -> Advice:
    """The advice with these indexes and effects, and who helps whom told anew."""
    told = tuple(
        replace(one, helps=tuple(each.asked.fingerprint for each in effects if one.candidate in each.after.used))
        for one in chosen
    )
    saved = sum(effect.share * (1 - effect.ratio) for effect in effects)
    return replace(
        advice,
        chosen=told,
        effects=effects,
        after=advice.before * (1 - saved),
        bytes=sum(one.bytes for one in told),
    )
