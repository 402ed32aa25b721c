"""From the set that the search found to the set that is proposed: nothing that hardly helps, columns as in the model.

Of indexes that the planner finds equally good, the one is proposed that makes another one needless, and that reads like
the model. What is asked once for each row is to be asked once, and alone buys hardly an index.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import takewhile

from dbaudit.advisor.candidate import Asked, Candidate, Planned, Planner, UnplannableError
from dbaudit.advisor.roles import occurrences
from dbaudit.advisor.served import repeats_key, replaced, serving
from dbaudit.advisor.values import Advice, Chosen, Effect, Rejected
from dbaudit.facts import Index, IndexKey, Snapshot, Table

#: An index must bring some statement down to this part of its cost,
WORTH_RATIO = 0.8
#: to this part where it takes the place of another index, so that writes keep as many as they have,
WORTH_RATIO_REPLACING = 0.95
#: to this part where all that it helps is asked once for each row of another, which the report tells to do away with,
WORTH_RATIO_REPEATED = 0.25
#: or save this part of the whole workload.
WORTH_GAIN = 0.02
#: Of so many indexes that begin with the same column, one more must halve what a statement takes that lasts.
ALIKE, WORTH_RATIO_CROWDED = 2, 0.5
#: Costs that differ by less are equal: a planner is right within a quarter at best.
EQUAL = 1.1
#: An index without its last key is the same where no statement costs more than so many times as much.
SAME_COST = 1.02
#: What is carried along must save a statement more than a page, in the planner's units, or more than this part of what
#: it takes today.
A_PAGE, A_PAGE_OF = 5.0, 0.005
#: The order of a model's columns is worth so much of what table and indexes take, and a few pages anyway.
SAME_SPACE, FEW_BYTES = 0.05, 65_536
#: So much at least an index saves some statement, by vendor: what reading some pages costs.
LEAST_SAVED = {"postgresql": 10.0, "sqlite": 200.0}
NO_GAIN = "Executed on a copy of the table, the statement read no fewer pages and rows with it."
TOO_DARING = "Its plan hopes to stop early, which could not be tried, and may take several times as long as today's."
TOO_LITTLE = "It would make no statement so much cheaper that it is worth an index."


def settled(advice: Advice, planner: Planner, snapshot: Snapshot) -> Advice:
    """The advice without indexes that hardly help, and with each of the others in the form that takes least space once
    what it replaces is dropped, as far as no statement is the worse for it. What is left is planned again."""
    advice = _without_the_little(advice, planner, snapshot)
    for one in advice.chosen:  # their candidates are exchanged one by one, and their helps told anew
        table = snapshot.table(one.candidate.table, one.candidate.schema)
        if table is not None:
            advice = _exchanged(advice, one, table, planner, snapshot)
    return advice


def _without_the_little(advice: Advice, planner: Planner, snapshot: Snapshot) -> Advice:
    while True:
        little = [one for one in advice.chosen if not _worth(one, advice, planner, snapshot)]
        if not little:
            return advice
        least = min(little, key=lambda one: (one.gain, one.candidate))
        kept = tuple(one for one in advice.chosen if one is not least)
        refused = (*advice.rejected, Rejected(candidate=least.candidate, reason=TOO_LITTLE))
        effects = replanned(advice, {one.candidate for one in kept}, least.candidate.table, planner)
        advice = retold(replace(advice, rejected=tuple(sorted(refused, key=lambda one: one.candidate))), kept, effects)


def _worth(one: Chosen, advice: Advice, planner: Planner, snapshot: Snapshot) -> bool:
    """Whether some statement would take much more without it, beside all the others."""
    crowded = crowd(one.candidate, advice, snapshot) > ALIKE
    others = frozenset(chosen.candidate for chosen in advice.chosen if chosen is not one)
    worthy = one.gain >= WORTH_GAIN and not crowded
    saved = LEAST_SAVED.get(snapshot.vendor, 0.0)
    least = WORTH_RATIO_REPLACING if spares(one.replaces, advice, one) else WORTH_RATIO
    if crowded:
        least = WORTH_RATIO_CROWDED
    repeated = 0.0 if crowded else WORTH_RATIO_REPEATED
    for effect in advice.effects:
        if effect.asked.fingerprint in one.helps:
            without = planned_with(planner, effect, others).cost
            if without - effect.after.cost < saved:
                continue
            if worthy or effect.after.cost <= without * (repeated if effect.asked.repeated else least):
                return True
    return False


def crowd(candidate: Candidate, advice: Advice, snapshot: Snapshot, instead: Iterable[Index] = ()) -> int:
    """How many indexes of its table begin with the same key once the advice is followed: those that are chosen, and
    those that are there and stay. ``instead`` are others that go."""
    same = (candidate.schema, candidate.table, candidate.keys[0])
    chosen = sum(same == (one.candidate.schema, one.candidate.table, one.candidate.keys[0]) for one in advice.chosen)
    table = snapshot.table(candidate.table, candidate.schema)
    gone = {index.name for one in advice.chosen for index in one.replaces} | {index.name for index in instead}
    lead = candidate.keys[0]
    stay = [index.keys[0] for index in (table.indexes if table else ()) if index.usable and index.name not in gone]
    there = [key for key in stay if key.column and (key.column, key.descending) == (lead.column, lead.descending)]
    return chosen + len(there)


def spares(replaces: tuple[Index, ...], advice: Advice, one: Chosen | None = None) -> bool:
    """Whether these are indexes of which one goes for no other of the choice: the first that makes an index needless
    takes its place, the next one is an index more. One for what is asked once a row comes last."""
    before = advice.chosen[: advice.chosen.index(one)] if one else advice.chosen
    gone = {index.name for other in before if _lasting(other, advice) for index in other.replaces}
    return bool({index.name for index in replaces} - gone)


def _lasting(one: Chosen, advice: Advice) -> bool:
    """Whether it is worth its place for a statement that is not asked once for each row of another."""
    return any(
        effect.ratio <= WORTH_RATIO_REPLACING and not effect.asked.repeated
        for effect in advice.effects
        if effect.asked.fingerprint in one.helps
    )


def _exchanged(advice: Advice, one: Chosen, table: Table, planner: Planner, snapshot: Snapshot) -> Advice:
    """With the best form of an index in its place: the one by which the table has fewest indexes; of these, that of the
    model where it takes about as much space, otherwise the one that takes least."""
    asked = _needing(advice, one, planner)
    refused = {other.candidate for other in advice.rejected if other.reason not in (NO_GAIN, TOO_DARING)}
    wider = sorted(other for other in refused if _widens(other, one.candidate))
    forms = dict.fromkeys(natural(other, table, asked, snapshot) for other in (one.candidate, *wider))
    forms |= dict.fromkeys(_shorter(one.candidate, table))
    taken = {chosen.candidate for chosen in advice.chosen}
    room = int(max(FEW_BYTES, SAME_SPACE * ((table.bytes or 0) + (table.index_bytes or 0))))
    best, least = advice, _net(one.candidate, table, planner)
    for form in forms:
        net = _net(form, table, planner)
        if form in taken or net is None:
            continue
        turned = {*form.keys} == {*one.candidate.keys} and form.include == one.candidate.include
        slack = room if turned else 0
        if least is not None and net > (least[0], least[1] + slack):
            continue
        tried = _with(advice, one, form, table, planner, snapshot)
        if tried is not None:
            best, least = tried, net
    return best


def _needing(advice: Advice, one: Chosen, planner: Planner) -> list[Asked]:
    """The statements that would take more with the others alone; all that it helps where none would."""
    others = frozenset(chosen.candidate for chosen in advice.chosen if chosen.candidate != one.candidate)
    helped = [effect for effect in advice.effects if effect.asked.fingerprint in one.helps]
    needing = [effect for effect in helped if planned_with(planner, effect, others).cost > effect.after.cost * EQUAL]
    return [effect.asked for effect in needing or helped]


def _shorter(candidate: Candidate, table: Table) -> Iterator[Candidate]:
    """The same without what it carries along, and without its last keys, as far as no index there is does that."""
    left = replace(candidate, include=())
    while left.keys and serving(left, table) is None and not repeats_key(left, table):
        if left != candidate:
            yield left
        left = replace(left, keys=left.keys[:-1])


def _widens(other: Candidate, one: Candidate) -> bool:
    """Whether it is a plain index on the same columns and more."""
    same = (other.schema, other.table, other.condition, other.method) == (one.schema, one.table, "", "btree")
    return same and not other.include and {key.column for key in one.keys} < {key.column for key in other.keys}


def _net(candidate: Candidate, table: Table, planner: Planner) -> tuple[int, int] | None:
    """How many indexes and bytes a table has more with it, without those that it replaces; None where it cannot be
    built."""
    gone = replaced(candidate, table)
    try:
        return 1 - len(gone), planner.size(candidate) - sum(index.bytes or 0 for index in gone)
    except UnplannableError:
        return None


def natural(candidate: Candidate, table: Table, asked: Sequence[Asked], snapshot: Snapshot) -> Candidate:
    """The same with the leading columns that every statement compares with a value in the order of the model: foreign
    keys before other columns, so that it replaces the index that such a key has of its own. What a join supplies is no
    value: there the order says which table is read first."""
    free = set.intersection(*({*looked_up(one, table, snapshot, ("equal",))} for one in asked)) if asked else set()
    order = {column.name: place for place, column in enumerate(table.columns)}
    foreign = {column for one in table.foreign_keys for column in one.columns}
    head = tuple(takewhile(lambda key: key == IndexKey(column=key.column) and key.column in free, candidate.keys))
    led = sorted(head, key=lambda key: (key.column not in foreign, order[key.column]))
    return replace(candidate, keys=(*led, *candidate.keys[len(head) :]))


def looked_up(
    asked: Asked, table: Table, snapshot: Snapshot, roles: tuple[str, ...] = ("equal", "join")
) -> tuple[str, ...]:
    """The columns of a table that a statement compares with one value each: their order in an index is free."""
    try:
        found = [one for one in occurrences(asked, snapshot) if one.table == table]
    except UnplannableError:
        return ()
    terms = (term for one in found for term in one.terms if term.role in roles and not term.branch)
    return tuple(dict.fromkeys(term.key.column for term in terms if term.key and term.key.column))


def _with(
    advice: Advice, one: Chosen, other: Candidate, table: Table, planner: Planner, snapshot: Snapshot
) -> Advice | None:
    """With another index in the place of one; None where a statement is the worse for it."""
    present = {chosen.candidate for chosen in advice.chosen if chosen.candidate != one.candidate} | {other}
    effects = replanned(advice, present, other.table, planner)
    both = zip(advice.effects, effects, strict=True)
    for old, new in both:
        if new.after.cost > old.after.cost * SAME_COST:
            constant = {*looked_up(old.asked, table, snapshot, ("equal",))}
            if new.after.cost > _most(old, one.candidate, other, new.after, constant):
                return None
    exchanged = replace(one, candidate=other, bytes=planner.size(other), replaces=replaced(other, table))
    kept = tuple(exchanged if chosen.candidate == one.candidate else chosen for chosen in advice.chosen)
    return retold(advice, kept, effects)


def _most(effect: Effect, one: Candidate, other: Candidate, planned: Planned, constant: set[str]) -> float:
    """What a statement may cost with another index in the place of one.

    The same columns, all compared with one value, in another order find the same rows at the same places: where the
    planner sees a difference, it takes the rows to lie on disk in the order of the leading column. Any other statement
    keeps what the trials measured. What is merely left out must not be missed: a carried column by hardly more than a
    page.
    """
    if len(other.keys) < len(one.keys):
        return effect.after.cost * SAME_COST
    if other.keys == one.keys and not other.include:
        return max(effect.after.cost * SAME_COST, effect.after.cost + min(A_PAGE, effect.before.cost * A_PAGE_OF))
    moved = {mine.column for mine, now in zip(one.keys, other.keys, strict=False) if mine != now}
    turned = {*other.keys} == {*one.keys} and other.include == one.include and other in planned.used
    if turned and moved <= constant:
        return max(effect.after.cost * EQUAL, effect.before.cost * WORTH_RATIO_REPLACING)
    return effect.after.cost * EQUAL


def replanned(advice: Advice, present: set[Candidate], table: str, planner: Planner) -> tuple[Effect, ...]:
    """The effects with these indexes; only statements that name the table can differ."""
    there = frozenset(present)
    return tuple(
        replace(effect, after=planned_with(planner, effect, there)) if table in effect.asked.sql else effect
        for effect in advice.effects
    )


def planned_with(planner: Planner, effect: Effect, present: frozenset[Candidate]) -> Planned:
    """The effect's statement planned with these indexes."""
    mentioned = frozenset(one for one in present if one.table in effect.asked.sql)
    try:
        return planner.cost(effect.asked, mentioned) if mentioned else effect.before
    except UnplannableError:
        return effect.before


def retold(advice: Advice, chosen: tuple[Chosen, ...], effects: tuple[Effect, ...]) -> Advice:
    """The advice with these indexes and effects, and who helps whom told anew."""
    told = tuple(
        replace(one, helps=tuple(each.asked.fingerprint for each in effects if each.is_helped_by(one.candidate)))
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
