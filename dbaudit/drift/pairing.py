"""What is compared with what: tables by name, the things on them first by meaning, then by name, then by columns."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from dbaudit.facts import Constraint, Index, Skipped, Snapshot, Table

Thing = TypeVar("Thing", Index, Constraint)


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing in which both sides differ, in words that fit a sentence: ``type: integer, not bigint``."""

    what: str
    found: str
    declared: str

    def __str__(self) -> str:
        return f"{self.what}: {self.found or 'none'}, not {self.declared or 'none'}"


@dataclass(frozen=True, slots=True)
class Changed(Generic[Thing]):
    """What a model declares and what the database has instead. ``unsure`` names what could not be compared."""

    declared: Thing
    found: Thing
    differences: tuple[Difference, ...] = ()
    unsure: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift(Generic[Thing]):
    """How the indexes or the constraints of a table differ from what its models declare.

    ``renamed`` mean the same under a name that a later migration will not find. ``uncertain`` belong together by name
    or columns, but their texts could not be compared.
    """

    missing: tuple[Thing, ...] = ()
    undeclared: tuple[Thing, ...] = ()
    changed: tuple[Changed[Thing], ...] = ()
    renamed: tuple[Changed[Thing], ...] = ()
    uncertain: tuple[Changed[Thing], ...] = ()

    def skipped(self, table: Table) -> Iterator[Skipped]:
        """What could not be compared, in words."""
        for one in self.uncertain:
            yield Skipped(
                f"{table.label}: {one.declared.name or one.found.name}",
                f"Model and database spell its {' and '.join(one.unsure)} so differently that they were not compared.",
            )


def compared_tables(snapshot: Snapshot) -> Iterator[tuple[Table, Table]]:
    """Each table as declared and as found. Views, and tables that could not be read, are not compared."""
    for expected in snapshot.expected or ():
        actual = snapshot.table(expected.name, expected.schema)
        if actual and actual.stores_rows and actual.columns and all(index.complete for index in actual.indexes):
            yield expected, actual


def unseen(snapshot: Snapshot) -> Iterator[Skipped]:
    """Why nothing, or not everything, is compared."""
    if snapshot.expected is None:
        yield Skipped("drift", f"Models are not compared with a database of {snapshot.vendor}.")


def pair(
    declared: Iterable[Thing],
    found: Iterable[Thing],
    *,
    meaning: Callable[[Thing], Hashable],
    columns: Callable[[Thing], Hashable],
    judge: Callable[[Thing, Thing], Changed[Thing]],
) -> Drift[Thing]:
    """Match both sides.

    One thing that is there stands for several equal declarations, and a second equal one that is there is a duplicate,
    which is no drift. What is left is matched by name, then by columns, and judged.
    """
    wanted, there = list(declared), list(found)
    meanings = {id(one): meaning(one) for one in (*wanted, *there)}
    same: list[tuple[Thing, Thing]] = []
    for alike in (
        lambda one: (meanings[id(one)], one.name),
        lambda one: meanings[id(one)],
    ):
        same += _matched(wanted, there, alike)
    settled = {meanings[id(one)] for one, _ in same}
    wanted = [one for one in wanted if meanings[id(one)] not in settled]
    there = [one for one in there if meanings[id(one)] not in settled]
    judged = [
        judge(*both)
        for key in (lambda one: one.name or None, columns)
        for both in _matched(wanted, there, key)
    ]
    return Drift(
        missing=tuple(wanted),
        undeclared=tuple(there),
        changed=tuple(one for one in judged if one.differences),
        renamed=tuple(
            Changed(one, other)
            for one, other in same
            if one.declared and one.declared.by_name and other.name and one.name != other.name
        ),
        uncertain=tuple(one for one in judged if one.unsure and not one.differences),
    )


def _matched(
    wanted: list[Thing], there: list[Thing], key: Callable[[Thing], Hashable]
) -> list[tuple[Thing, Thing]]:
    """Pairs of equal key, taken out of both lists. A key of None matches nothing."""
    by_key: defaultdict[Hashable, list[Thing]] = defaultdict(list)
    for one in there:
        by_key[key(one)].append(one)
    pairs = [(one, by_key[key(one)].pop(0)) for one in wanted if key(one) is not None and by_key[key(one)]]
    wanted_ids, there_ids = {id(one) for one, _ in pairs}, {id(other) for _, other in pairs}
    wanted[:] = [one for one in wanted if id(one) not in wanted_ids]
    there[:] = [one for one in there if id(one) not in there_ids]
    return pairs
