"""What is to be unique as declared and as found, compared by which rows it keeps apart.

The order and direction of the keys are nothing to uniqueness, what is unique by fewer columns is unique by more, and
where no column is ever NULL it does not matter what two NULLs are to each other.
"""

from __future__ import annotations

from collections.abc import Hashable
from collections.abc import Set as AbstractSet
from dataclasses import replace

from dbaudit.drift.indexes import judged, mentioned, without_inherited
from dbaudit.drift.pairing import Changed, Difference, Drift, pair
from dbaudit.facts import Index, Table
from dbaudit.sql import normal_form
from dbaudit.sql.equivalence import implies_unique, signature, undirected
from dbaudit.sql.normal_form import statements


def compare_uniques(expected: Table, actual: Table) -> Drift[Index]:
    """Unique constraints and unique indexes, which enforce the same; the primary key may stand for one."""
    never_null = frozenset(column.name.lower() for column in actual.columns if not column.nullable)
    declared = _Uniques(expected, never_null)
    found = _Uniques(actual, never_null)

    def checked(one: Index) -> str:
        return (declared if one.declared else found).checked(one)

    def judge(one: Index, other: Index) -> Changed[Index]:
        turned = replace(other, keys=one.keys) if _keys(one) == _keys(other) else other
        changed = judged(one, turned, actual, (Difference("deferrable", checked(other), checked(one)),))
        return replace(changed, declared=declared.written(one), found=found.written(other))

    drift = pair(
        declared.plain,
        (one for one in found.plain if not one.primary),
        meaning=lambda one: (_keeps_apart(one), checked(one)),
        columns=_positions,
        judge=judge,
    )

    def implied(weak: Index) -> bool:
        """Whether what the database enforces leaves no room for two rows that are alike in this one."""
        if actual.primary_key and {*actual.primary_key} <= {*weak.columns}:
            return True
        return any(
            strong.usable and checked(strong) in ("", checked(weak)) and implies_unique(strong, weak, actual)
            for strong in found.plain
        )

    return replace(
        drift,
        missing=tuple(declared.written(one) for one in drift.missing if not implied(one)),
        undeclared=tuple(found.written(one) for one in drift.undeclared if one.usable),
    )


class _Uniques:
    """The unique indexes of one side, each also without what makes no difference to it (``plain``)."""

    def __init__(self, table: Table, never_null: AbstractSet[str]) -> None:
        written = [one for one in table.indexes if one.unique]
        self.plain = [_plainly(without_inherited(one, table), never_null) for one in written]
        self._written = {id(plain): one for plain, one in zip(self.plain, written, strict=True)}
        self._checked = {
            one.name: statements.deferrable(one.definition) for one in table.constraints if one.kind == "unique"
        }

    def written(self, plain: Index) -> Index:
        """As the model or the catalog has it."""
        return self._written[id(plain)]

    def checked(self, index: Index) -> str:
        """When it is checked: at commit, at the end of the statement, or row by row (``""``)."""
        return self._checked.get(index.constraint_name, "")


def _plainly(index: Index, never_null: AbstractSet[str]) -> Index:
    """The index without what makes no difference to the rows that it keeps apart.

    Two rows with a NULL among their keys are never alike to it, so a condition that leaves just these out says
    nothing; where no key may be NULL, nor does it matter whether NULLs are distinct.
    """
    keys = {column.lower() for column in index.columns if column}
    if index.predicate:
        asked = normal_form.condition(index.predicate, index.types)
        terms = asked[1:] if asked[0] == "and" else (asked,)
        needless = keys | never_null if index.nulls_distinct else never_null
        if all(_refuses_null(term, needless) for term in terms):
            index = replace(index, predicate="")
    if not index.nulls_distinct and keys <= never_null and "" not in index.columns:
        index = replace(index, nulls_distinct=True)
    return index


def _refuses_null(term: Hashable, columns: AbstractSet[str]) -> bool:
    match term:
        case ("is not", ("null",), ("column", str(column))):
            return column in columns
    return False


def _keys(index: Index) -> frozenset[Hashable]:
    """What is compared of a row: the keys without direction, in no order."""
    return frozenset(
        signature(replace(index, keys=(undirected(key),), predicate="", included=())) for key in index.keys
    )


def _keeps_apart(index: Index) -> Hashable:
    condition = normal_form.condition(index.predicate, index.types) if index.predicate else ()
    return _keys(index), condition, index.nulls_distinct, frozenset(index.included)


def _positions(index: Index) -> Hashable:
    """The columns that its keys are made of, in no order; None where there are none."""
    positions = mentioned(index)
    return frozenset(positions) if isinstance(positions, tuple) else None
