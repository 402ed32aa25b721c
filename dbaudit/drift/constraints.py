"""Check and exclusion constraints and primary keys as declared and as found. Unique ones are indexes."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace

from dbaudit.drift.indexes import judged
from dbaudit.drift.pairing import Changed, Difference, Drift, pair
from dbaudit.facts import Constraint, Index, Table
from dbaudit.sql import conditions, normal_form
from dbaudit.sql.equivalence import signature
from dbaudit.sql.normal_form import Verdict, statements
from dbaudit.sql.normal_form.statements import Exclusion


def compare_constraints(expected: Table, actual: Table) -> Drift[Constraint]:
    """The check and exclusion constraints."""
    checks = _compare_checks(expected, actual)
    exclusions = pair(
        (one for one in expected.constraints if one.kind == "exclusion"),
        (one for one in actual.constraints if one.kind == "exclusion"),
        meaning=_excluded,
        columns=lambda one: statements.exclusion(one.definition).operators,
        judge=lambda one, other: _judged_exclusion(one, other, actual),
    )
    return Drift(
        missing=(*checks.missing, *exclusions.missing),
        undeclared=(*checks.undeclared, *exclusions.undeclared),
        changed=(*checks.changed, *exclusions.changed),
        renamed=(*checks.renamed, *exclusions.renamed),
        uncertain=(*checks.uncertain, *exclusions.uncertain),
    )


def _compare_checks(expected: Table, actual: Table) -> Drift[Constraint]:
    """The checks, each and all together: what the others of the same side say already is neither missing nor
    undeclared. A check that only says NOT NULL of a column is no constraint of its own."""
    declared = [one for one in expected.constraints if one.kind == "check"]
    found = [one for one in actual.constraints if one.kind == "check" and not _says_not_null(one)]
    drift = pair(
        declared,
        found,
        meaning=_meaning,
        columns=lambda one: tuple(sorted(one.columns)) or None,
        judge=lambda one, other: _judged(one, other, actual),
    )
    enforced = [condition(one) for one in found if one.validated is not False]
    wanted = [condition(one) for one in declared]

    def has(one: Constraint) -> bool:
        return conditions.implied(enforced, condition(one), actual)

    def asks(one: Constraint) -> bool:
        return one.validated is not False and conditions.implied(wanted, condition(one), actual)

    def differs(one: Changed[Constraint]) -> bool:
        return not (has(one.declared) and asks(one.found))

    return replace(
        drift,
        missing=tuple(one for one in drift.missing if not has(one)),
        undeclared=tuple(one for one in drift.undeclared if not asks(one)),
        changed=tuple(filter(differs, drift.changed)),
        uncertain=tuple(filter(differs, drift.uncertain)),
    )


def condition(constraint: Constraint) -> str:
    """What a check constraint checks."""
    return statements.check(constraint.definition)


def _meaning(constraint: Constraint) -> Hashable:
    return (normal_form.condition(condition(constraint), constraint.types), constraint.validated is False)


def _says_not_null(constraint: Constraint) -> bool:
    return normal_form.condition(condition(constraint), constraint.types)[:2] == ("is not", ("null",))


def _judged(one: Constraint, other: Constraint, table: Table) -> Changed[Constraint]:
    differences = []
    if other.validated is False:
        differences.append(Difference("rows from before it", "unchecked", "checked"))
    verdict = conditions.same_rows(condition(one), condition(other), table, passes="not false")
    if verdict is Verdict.DIFFERENT:
        differences.append(Difference("condition", condition(other), condition(one)))
    unsure = ("conditions",) if verdict is Verdict.UNSURE else ()
    return Changed(one, other, tuple(differences), unsure)


def _index(constraint: Constraint) -> tuple[Index, Exclusion]:
    read = statements.exclusion(constraint.definition)
    index = Index(
        name=constraint.name,
        table="",
        keys=read.keys,
        method=read.method,
        included=read.included,
        predicate=read.predicate,
        constraint="exclusion",
        types=constraint.types,
    )
    return index, read


def _excluded(constraint: Constraint) -> Hashable:
    index, read = _index(constraint)
    return (signature(index), read.operators, read.deferrable)


def _judged_exclusion(one: Constraint, other: Constraint, table: Table) -> Changed[Constraint]:
    (index, read), (other_index, other_read) = _index(one), _index(other)
    found = judged(
        index,
        other_index,
        table,
        (
            Difference("operators", ", ".join(other_read.operators), ", ".join(read.operators)),
            Difference("deferrable", other_read.deferrable, read.deferrable),
        ),
    )
    return Changed(one, other, found.differences, found.unsure)
