"""Indexes as declared and as found."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable
from dataclasses import replace
from typing import Final

from dbaudit.drift.conditions import same_rows
from dbaudit.drift.pairing import Changed, Difference, Drift, pair
from dbaudit.facts import Index, IndexKey, Table
from dbaudit.sql import normal_form
from dbaudit.sql.equivalence import flipped
from dbaudit.sql.normal_form import Verdict

# The classes that a server leaves out when it prints an index, because they are the default of some type.
_DEFAULT_OPCLASSES: Final = re.compile(
    r"(?:gist_|gin_)?(?:int2|int4|int8|oid|float4|float8|numeric|cash|text|bpchar|name|char|bit|varbit|bytea|bool|"
    r"date|time|timetz|timestamp|timestamptz|interval|uuid|macaddr|macaddr8|inet|cidr|enum|array|record|range|"
    r"multirange|jsonb|hstore|tsvector|tsquery|point|box|poly|circle|quad_point|pg_lsn|xid8|tid)"
    r"(?:_minmax|_inclusion)?_ops"
)
_CHOSEN_OPCLASSES: Final = ("_pattern_ops", "_path_ops", "_trgm_ops", "_bloom_ops", "_multi_ops")


def compare_indexes(expected: Table, actual: Table) -> Drift[Index]:
    """The indexes that enforce nothing. Invalid ones are none that nobody declares: that is `invalid_index`."""
    drift = pair(
        (one for one in expected.indexes if not one.unique),
        (one for one in actual.indexes if not one.unique and not one.constraint),
        meaning=meaning,
        columns=mentioned,
        judge=lambda one, other: judged(one, other, actual),
    )
    return replace(drift, undeclared=tuple(one for one in drift.undeclared if one.usable))


def meaning(index: Index) -> Hashable:
    """What an index is, apart from its name, its state and how its texts are spelled."""
    keys = index.keys
    if index.method == "btree" and keys and keys[0].descending:
        keys = flipped(keys)
    return (
        index.method,
        tuple(
            (
                key.column,
                normal_form.tree(key.expression) if key.expression else (),
                _opclass(key) if key.opclass else "",
                key.collation,
                key.descending,
                key.nulls,
            )
            for key in keys
        ),
        frozenset(index.included),
        normal_form.condition(index.predicate) if index.predicate else (),
        index.unique,
        index.nulls_distinct or not index.unique,
    )


def _opclass(key: IndexKey) -> str:
    """The operator class without the spelling of its parameters, ``""`` for one that is some type's default."""
    opclass = key.opclass.replace("'", "").replace(" = ", "=").replace('"', "")
    return "" if _DEFAULT_OPCLASSES.fullmatch(opclass) else opclass


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
        (_keys(one, other), Difference("keys", others, words)),
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


def _keys(one: Index, other: Index) -> Verdict:
    """The keys position by position; a b-tree may also be read backwards."""
    if len(one.keys) != len(other.keys):
        return Verdict.DIFFERENT
    orders = (other.keys, flipped(other.keys)) if other.method == "btree" else (other.keys,)
    verdicts = [normal_form.worst(map(_key, one.keys, order)) for order in orders]
    return next((verdict for verdict in (Verdict.SAME, Verdict.UNSURE) if verdict in verdicts), Verdict.DIFFERENT)


def _key(one: IndexKey, other: IndexKey) -> Verdict:
    return normal_form.worst(
        (
            _same(one.column, other.column),
            normal_form.compare(one.expression, other.expression),
            _opclasses(_opclass(one), _opclass(other)),
            _same((one.collation, one.descending, one.nulls), (other.collation, other.descending, other.nulls)),
        )
    )


def _opclasses(one: str, other: str) -> Verdict:
    """A class of an extension may be the default of the extension's type, which the server leaves out."""
    if one == other:
        return Verdict.SAME
    perhaps_default = not (one and other) and not (one or other).endswith(_CHOSEN_OPCLASSES)
    return Verdict.UNSURE if perhaps_default else Verdict.DIFFERENT


def _words(index: Index) -> str:
    return ", ".join(map(str, index.keys))
