"""What is compared with what: first by meaning, then by name, then by columns."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from dbaudit.facts import Constraint, Index, Skipped, Table
from dbaudit.sql import normal_form

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

    def without(self, missing: AbstractSet[str], undeclared: AbstractSet[str]) -> Drift[Thing]:
        """Less what is missing together with one of its columns, or undeclared as one of its columns is."""
        return replace(
            self,
            missing=tuple(one for one in self.missing if not missing & _columns_of(one)),
            undeclared=tuple(one for one in self.undeclared if not undeclared & _columns_of(one)),
        )

    def skipped(self, table: Table) -> Iterator[Skipped]:
        """What could not be compared, in words."""
        for one in self.uncertain:
            yield Skipped(
                f"{table.label}: {name_of(one.declared) or name_of(one.found)}",
                f"Model and database spell its {' and '.join(one.unsure)} so differently that they were not compared.",
            )


def pair(
    declared: Iterable[Thing],
    found: Iterable[Thing],
    *,
    meaning: Callable[[Thing], Hashable],
    columns: Callable[[Thing], Hashable],
    judge: Callable[[Thing, Thing], Changed[Thing]],
) -> Drift[Thing]:
    """Match both sides by meaning, what is left by name, and what is left of that by columns.

    One thing that is there stands for several equal declarations. A second equal one that is there is a duplicate,
    which is no drift.
    """
    wanted: list[Thing] = list(declared)
    there: list[Thing] = list(found)
    meanings = {id(one): meaning(one) for one in wanted + there}

    def means(one: Thing) -> Hashable:
        return meanings[id(one)]

    same = _matched(wanted, there, lambda one: (means(one), name_of(one))) + _matched(wanted, there, means)
    settled = {means(one) for one, _ in same}
    judged = [judge(*both) for both in _matched(wanted, there, lambda one: name_of(one) or None)]
    wanted = [one for one in wanted if means(one) not in settled]
    there = [one for one in there if means(one) not in settled]
    same += _alike(wanted, there, columns, judge)
    judged += [judge(*both) for both in _matched(wanted, there, columns)]
    return Drift(
        missing=tuple(wanted),
        undeclared=tuple(there),
        changed=tuple(one for one in judged if one.differences),
        renamed=tuple(Changed(one, other) for one, other in same if _is_renamed(one, other)),
        uncertain=tuple(one for one in judged if one.unsure and not one.differences),
    )


def _columns_of(thing: Index | Constraint) -> frozenset[str]:
    if isinstance(thing, Constraint):
        return frozenset(thing.columns)
    expressions = (*(key.expression for key in thing.keys), thing.predicate)
    return frozenset((*thing.columns, *thing.included, *normal_form.mentioned(*expressions)))


def words_of(thing: Index | Constraint) -> str:
    """What it says, in words that fit a sentence: ``unique (a, b) WHERE x``, ``CHECK (price > 0)``."""
    if isinstance(thing, Index):
        return f"{'unique ' if thing.unique else ''}{thing.describe()}"
    return thing.definition


def name_of(thing: Index | Constraint) -> str:
    """The name that a migration would use: of an index that serves a constraint, the constraint's."""
    return (thing.constraint_name if isinstance(thing, Index) else "") or thing.name


def _is_renamed(declared: Index | Constraint, found: Index | Constraint) -> bool:
    by_name = declared.declared is not None and declared.declared.by_name
    return by_name and bool(name_of(found)) and name_of(declared) != name_of(found)


def _alike(
    wanted: list[Thing],
    there: list[Thing],
    columns: Callable[[Thing], Hashable],
    judge: Callable[[Thing, Thing], Changed[Thing]],
) -> list[tuple[Thing, Thing]]:
    """Pairs over the same columns in which no difference is found though they are spelled in two ways, taken out of
    both lists."""

    def alike(one: Thing, other: Thing) -> bool:
        if columns(one) is None or columns(one) != columns(other):
            return False
        changed = judge(one, other)
        return not (changed.differences or changed.unsure)

    pairs: list[tuple[Thing, Thing]] = []
    taken: set[int] = set()
    for one in wanted:
        other = next((each for each in there if id(each) not in taken and alike(one, each)), None)
        if other is not None:
            pairs.append((one, other))
            taken |= {id(one), id(other)}
    wanted[:] = [each for each in wanted if id(each) not in taken]
    there[:] = [each for each in there if id(each) not in taken]
    return pairs


def _matched(wanted: list[Thing], there: list[Thing], key: Callable[[Thing], Hashable]) -> list[tuple[Thing, Thing]]:
    """Pairs of equal key, taken out of both lists. A key of None matches nothing."""
    if not (wanted and there):
        return []
    by_key: defaultdict[Hashable, list[Thing]] = defaultdict(list)
    for one in there:
        by_key[key(one)].append(one)
    pairs = [(one, by_key[key(one)].pop(0)) for one in wanted if key(one) is not None and by_key[key(one)]]
    taken = {id(one) for both in pairs for one in both}
    wanted[:] = [one for one in wanted if id(one) not in taken]
    there[:] = [one for one in there if id(one) not in taken]
    return pairs
