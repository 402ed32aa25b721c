"""Indexes as declared and as found."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import replace

from dbaudit.drift.pairing import Changed, Difference, Drift, pair
from dbaudit.facts import Index, IndexKey, Table
from dbaudit.sql import normal_form
from dbaudit.sql.conditions import same_rows
from dbaudit.sql.equivalence import compare_keys, signature
from dbaudit.sql.normal_form import Verdict


def compare_indexes(expected: Table, actual: Table) -> Drift[Index]:
    """The indexes that enforce nothing. Invalid ones are none that nobody declares: that is `invalid_index`."""
    found = [one for one in actual.indexes if not one.unique and not one.constraint]
    compared = [without_inherited(one, actual) for one in found]
    written = {id(one): as_found for one, as_found in zip(compared, found, strict=True)}
    drift = pair(
        (one for one in expected.indexes if not one.unique),
        compared,
        meaning=signature,
        columns=mentioned,
        judge=lambda one, other: judged(one, other, actual),
    )

    def as_found(changes: Iterable[Changed[Index]]) -> tuple[Changed[Index], ...]:
        return tuple(replace(one, found=written[id(one.found)]) for one in changes)

    return replace(
        drift,
        undeclared=tuple(written[id(one)] for one in drift.undeclared if one.usable),
        changed=as_found(drift.changed),
        renamed=as_found(drift.renamed),
        uncertain=as_found(drift.uncertain),
    )


def without_inherited(index: Index, table: Table) -> Index:
    """The index without the collations that its expressions have from their columns: no model writes them down."""
    if not any(key.expression and key.collation for key in index.keys):
        return index
    known = {column.name.lower(): column.collation for column in table.columns}

    def own(key: IndexKey) -> IndexKey:
        inherited = key.expression and key.collation in map(known.get, normal_form.mentioned(key.expression))
        return replace(key, collation="") if inherited else key

    return replace(index, keys=tuple(map(own, index.keys)))


def mentioned(index: Index) -> Hashable:
    """The columns at each position, None where there are none."""
    found = tuple(
        (key.column.lower(),) if key.column else tuple(sorted(normal_form.mentioned(key.expression)))
        for key in index.keys
    )
    return found if any(found) else None


def judged(one: Index, other: Index, table: Table, more: Iterable[Difference] = ()) -> Changed[Index]:
    """In what an index of the table as declared and another as found differ."""
    words, others = _words(one), _words(other)
    compared = [
        (_same(one.method, other.method), Difference("access method", other.method, one.method)),
        (compare_keys(one, other), Difference("keys", others, words)),
        (
            _same({*one.included}, {*other.included}),
            Difference("included columns", ", ".join(other.included), ", ".join(one.included)),
        ),
        (
            same_rows(one.predicate, other.predicate, table, passes="true"),
            Difference("condition", other.predicate, one.predicate),
        ),
        (
            _same(one.nulls_distinct or not one.unique, other.nulls_distinct or not other.unique),
            Difference("two NULLs", *("different" if index.nulls_distinct else "equal" for index in (other, one))),
        ),
        *((_same(difference.declared, difference.found), difference) for difference in more),
    ]
    return Changed(
        one,
        other,
        tuple(difference for verdict, difference in compared if verdict is Verdict.DIFFERENT),
        tuple(difference.what for verdict, difference in compared if verdict is Verdict.UNSURE),
    )


def _same(one: object, other: object) -> Verdict:
    return Verdict.SAME if one == other else Verdict.DIFFERENT


def _words(index: Index) -> str:
    return ", ".join(map(str, index.keys))
