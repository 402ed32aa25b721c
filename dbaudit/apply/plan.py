"""Advice -> the steps that carry it out, judged against the database as it is now. Pure."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from dbaudit.analysis.removal import removal
from dbaudit.apply import repairs, sizes, wording
from dbaudit.apply.advice import Advice
from dbaudit.apply.steps import LeftOut, Plan, Step
from dbaudit.facts import Index, Snapshot, Table
from dbaudit.findings import CreateIndex, DropIndex
from dbaudit.sql import ddl, names
from dbaudit.sql.equivalence import as_index, covers, enforces, knowable, signature

#: The checks that prove that another index does all the work of the one to drop.
PROVING: Final = frozenset({"redundant_index", "duplicate_index"})

PARTS: Final = "SHARE UPDATE EXCLUSIVE on one partition at a time (CONCURRENTLY), ACCESS EXCLUSIVE on its part (ATTACH)"
PLANNERS: Final = "queries of one partition for the last moment; otherwise only VACUUM, ANALYZE and schema changes"
LOCKS: Final = {
    "postgresql": (
        "SHARE UPDATE EXCLUSIVE",
        "nobody who reads or writes; VACUUM, ANALYZE and schema changes of the table wait",
    ),
    "partitioned": (
        f"SHARE on the parent for a moment (ON ONLY), then {PARTS}",
        f"writers for the first moment, and {PLANNERS}",
    ),
    "completed": (PARTS, PLANNERS),
    "": ("the vendor's own", "whom the vendor's manual says"),
    "sqlite": ("RESERVED, at the end EXCLUSIVE", "writers of the whole file during the build; readers at its end"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Which of the recommendations are wanted: keys of findings or names of indexes (none: all), at most so many, and
    whether indexes that are proved redundant are dropped."""

    only: tuple[str, ...] = ()
    most: int | None = None
    drop_redundant: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Creation:
    """A step that builds, and the index as a reader of the catalog will tell it."""

    step: Step
    index: Index


def plan(snapshot: Snapshot, advice: Iterable[Advice], choice: Choice, *, free_bytes: int | None = None) -> Plan:
    """The steps for one database: what is built first, what is dropped last, and what was left out and why."""
    wanted = [one for one in advice if _wanted(one, choice)]
    building = {one.action.name for one in wanted if isinstance(one.action, CreateIndex)}
    # What an index of this plan makes needless is found below, once the plan is known.
    found = [_judge(snapshot, one, choice) for one in wanted if one.after not in building]
    found += _completions(snapshot, choice, {one.index.name for one in found if isinstance(one, _Creation)})
    left = [one for one in found if isinstance(one, LeftOut)]
    creations, needless = _without_narrower([one for one in found if isinstance(one, _Creation)])
    left += needless
    if choice.most is not None:
        left += [_over(one.step, choice.most) for one in creations[choice.most :]]
        creations = creations[: choice.most]
    creations = [replace(one, step=replace(one.step, number=number)) for number, one in enumerate(creations, start=1)]
    drops = [one for one in found if isinstance(one, Step)]
    if choice.drop_redundant:
        drops += [drop for one in creations for drop in _made_needless(snapshot, one)]
    drops = list({(one.label, one.definition.name): one for one in reversed(drops)}.values())[::-1]
    if choice.most is not None:
        room = max(0, choice.most - len(creations))
        left += [_over(one, choice.most) for one in drops[room:]]
        drops = drops[:room]
    numbered = (replace(one, number=number) for number, one in enumerate(drops, start=len(creations) + 1))
    steps = (*(one.step for one in creations), *numbered)
    return Plan(
        alias=snapshot.alias,
        vendor=snapshot.vendor,
        steps=steps,
        left_out=tuple(left),
        invalid=tuple(repairs.others(snapshot, steps)),
        free_bytes=free_bytes,
    )


def _wanted(one: Advice, choice: Choice) -> bool:
    if choice.only:
        return one.key in choice.only or one.action.name in choice.only
    return isinstance(one.action, CreateIndex) or choice.drop_redundant


def _without_narrower(found: list[_Creation]) -> tuple[list[_Creation], list[LeftOut]]:
    """The indexes to build, without those whose work another one of them does."""
    kept: list[_Creation] = []
    left = []
    for one in sorted(found, key=lambda each: -len(each.index.keys)):
        wider = next(
            (other for other in kept if other.step.label == one.step.label and _serves(other.index, one.index)), None
        )
        if wider is None:
            kept.append(one)
        elif wider.index.name != one.index.name:
            reason = f"{wider.index.name} {wider.index.describe()} of this plan does its work."
            left.append(LeftOut(key=one.step.key, title=one.step.title, reason=reason))
    return [one for one in found if one in kept], left


def _over(one: Step, most: int) -> LeftOut:
    return LeftOut(key=one.key, title=one.title, reason=f"Only the first {most} were asked for (--max-steps).")


def _judge(snapshot: Snapshot, one: Advice, choice: Choice) -> _Creation | Step | LeftOut:
    """The step, or why the database as it is now has no place for it."""
    table = snapshot.labelled(one.action.table)
    if table is None:
        return _left(one, f"The table {one.action.table} does not exist (any more).")
    if not table.stores_rows:
        return _left(one, f"{table.label} is a {table.kind} and takes no index.")
    if isinstance(one.action, CreateIndex):
        return _creation(snapshot, table, one, one.action)
    return _drop(snapshot, table, one, one.action, choice)


def _creation(snapshot: Snapshot, table: Table, one: Advice, action: CreateIndex) -> _Creation | LeftOut:
    named = filter(None, (*action.columns, *action.include))
    missing = [name for name in named if table.column(name) is None]
    if missing:
        return _left(one, f"{table.label} has no column {', '.join(missing)} (any more).")
    if not action.name:
        more = (*map(str, action.keys), action.condition, *action.include)
        action = replace(action, name=names.index_name(table.name, filter(None, action.columns), *more))
    wanted = as_index(action, table)
    twin = next((index for index in table.indexes if index.usable and _same(index, wanted)), None)
    if twin is not None:
        return _left(one, f"{table.label} has it already: {twin.name} {twin.describe()}.")
    wider = next((index for index in table.indexes if index.usable and _serves(index, wanted)), None)
    if wider is not None:
        return _left(one, f"{wider.name} {wider.describe()} does its work, so the new one would be redundant.")
    namesake = next((index for index in table.indexes if index.name == action.name and index.usable), None)
    if namesake is not None and namesake.complete and wanted.plain and not wanted.expressions:
        return _left(
            one, f"The name {action.name} is taken by another index, {namesake.describe()}; rename or drop that one."
        )
    half = next((index for index in table.indexes if repairs.half_attached(index) and _same(index, wanted)), None)
    if half is not None and (completion := _completion(table, half)) is not None:
        return replace(completion, step=replace(completion.step, key=one.key, gain=one.gain, queries=one.queries))
    definition = wording.definition(action)
    took = sizes.estimate(snapshot, table, wanted, one.bytes)
    partitioned = table.kind == "partitioned table"
    lock, blocks = LOCKS.get("partitioned" if partitioned else snapshot.vendor, LOCKS[""])
    step = Step(
        number=0,
        key=one.key,
        action="create",
        schema=table.schema,
        table=table.name,
        definition=definition,
        sql=ddl.create_index(snapshot.dialect, table, action),
        undo_sql=ddl.drop_index(snapshot.dialect, table, action.name),
        lock=lock,
        blocks=blocks,
        bytes=took.bytes,
        seconds=took.seconds,
        disk_bytes=took.disk_bytes,
        title=one.title,
        evidence=one.evidence,
        gain=one.gain,
        orm=one.orm,
        partitioned=partitioned,
        queries=one.queries,
        helps=one.helps,
        projected=one.projected,
        risk=one.risk,
        caution=one.caution,
    )
    return _Creation(step=step, index=wanted)


def _completions(snapshot: Snapshot, choice: Choice, planned: Container[str]) -> Iterator[_Creation]:
    """The indexes of partitioned tables of which some partitions have no part, apart from those that are planned."""
    for table in snapshot.tables:
        for index in table.indexes:
            wanted = not choice.only or index.name in choice.only or repairs.key(table, index) in choice.only
            if repairs.half_attached(index) and wanted and index.name not in planned:
                completion = _completion(table, index)
                if completion is not None:
                    yield completion


def _completion(table: Table, index: Index) -> _Creation | None:
    definition = wording.parsed(index.definition)
    if definition is None:
        return None
    lock, blocks = LOCKS["completed"]
    step = Step(
        number=0,
        key=repairs.key(table, index),
        action="create",
        schema=table.schema,
        table=table.name,
        definition=replace(definition, name=index.name),
        sql=index.definition,
        lock=lock,
        blocks=blocks,
        title=f"Index {index.name} on {table.label} is invalid: some partitions have no part of it",
        partitioned=True,
        completes=True,
    )
    return _Creation(step=step, index=index)


def _drop(snapshot: Snapshot, table: Table, one: Advice, action: DropIndex, choice: Choice) -> Step | LeftOut:
    if not choice.drop_redundant or not (one.check in PROVING or one.after):
        return _left(one, "Only what the audit proves redundant is dropped, and that with --drop-redundant.")
    index = next((index for index in table.indexes if index.name == action.name), None)
    if index is None:
        return _left(one, f"The index {action.name} does not exist (any more).")
    if action.definition and index.definition != action.definition:
        return _left(one, f"The index {action.name} has changed since the report: it is now {index.describe()}.")
    # The widest: what does its work may itself be dropped because of that one.
    wider = max(_instead(table, index), key=lambda each: (len(each.keys), each.name), default=None)
    if wider is None:
        return _left(one, f"No other index of {table.label} does the work of {action.name} (any more).")
    found = _dropping(snapshot, table, index, wider.name, one.key)
    if isinstance(found, LeftOut):
        return found
    return replace(found, title=one.title, evidence=one.evidence, orm=one.orm, risk=one.risk, caution=one.caution)


def _dropping(snapshot: Snapshot, table: Table, index: Index, because: str, key: str) -> Step | LeftOut:
    title = f"Index {index.name} on {table.label} is served by {because}"
    definition = wording.parsed(index.definition)
    if definition is None:
        return LeftOut(key=key, title=title, reason="The database does not tell its definition, which the undo needs.")
    if index.partitioned:
        reason = "The index of a partitioned table cannot be dropped without locking readers out; do it by hand."
        return LeftOut(key=key, title=title, reason=reason)
    lock, blocks = LOCKS.get(snapshot.vendor, LOCKS[""])
    return Step(
        number=0,
        key=key,
        action="drop",
        schema=table.schema,
        table=table.name,
        definition=replace(definition, name=index.name),
        sql=ddl.drop_index(snapshot.dialect, table, index.name),
        undo_sql=ddl.recreate_index(snapshot.dialect, index),
        lock=lock,
        blocks=blocks,
        bytes=None if index.bytes is None else -index.bytes,
        title=title,
        orm=removal(snapshot, table, index).orm,
        because=because,
    )


def _made_needless(snapshot: Snapshot, creation: _Creation) -> Iterator[Step]:
    """The drops of what an index of this plan will do besides: they run when it stands and is verified."""
    step = creation.step
    table = snapshot.table(step.table, step.schema)
    for index in table.indexes if table else ():
        if table and index.usable and not enforces(index) and covers(creation.index, index):
            key = f"redundant_index:{table.label}:{index.describe()}"
            found = _dropping(snapshot, table, index, creation.index.name, key)
            if isinstance(found, Step):
                yield replace(found, after=step.number)


def _instead(table: Table, narrow: Index) -> Iterator[Index]:
    """The usable indexes that serve every read of one that enforces nothing."""
    if not enforces(narrow) and knowable(narrow):
        yield from (one for one in table.indexes if one is not narrow and one.usable and covers(one, narrow))


def _serves(wide: Index, narrow: Index) -> bool:
    """Whether the narrow one is for reads alone, and the wide one serves all of them."""
    return not narrow.unique and covers(wide, narrow)


def _same(index: Index, wanted: Index) -> bool:
    """Whether they are the same as far as words tell; the server itself is asked again before anything is built."""
    return index.complete and signature(index) == signature(wanted)


def _left(one: Advice, reason: str) -> LeftOut:
    return LeftOut(key=one.key, title=one.title, reason=reason)
