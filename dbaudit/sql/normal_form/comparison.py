"""Whether two texts of SQL mean the same: yes, no, or that cannot be told."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from dbaudit.sql.normal_form.expressions import tree
from dbaudit.sql.normal_form.implied import NO_TYPES, Types
from dbaudit.sql.normal_form.trees import NULL, Tree, columns, truth, understood


class Verdict(StrEnum):
    """The outcome of a comparison; ``UNSURE`` where the texts differ, but perhaps only as a server's own spelling."""

    SAME = "same"
    DIFFERENT = "different"
    UNSURE = "unsure"


def compare(one: str, other: str, types: Types = NO_TYPES) -> Verdict:
    """Compare two expressions, or two conditions, over columns of these types; ``""`` is none."""
    if one == other:
        return Verdict.SAME
    if not (one and other):
        return Verdict.DIFFERENT
    return verdict(condition(one, types), condition(other, types))


def compare_defaults(one: str, other: str) -> Verdict:
    """Compare two column defaults; a default of NULL is none."""
    if one == other:
        return Verdict.SAME
    first, second = (("",) if not text or tree(text) == NULL else tree(text, NO_TYPES) for text in (one, other))
    return Verdict.DIFFERENT if first != second and ("",) in (first, second) else verdict(first, second)


def condition(sql: str, types: Types = NO_TYPES) -> Tree:
    """The tree of a condition or of another expression, for comparing it: over columns of these types."""
    return truth(tree(sql, types))


def mentioned(*texts: str) -> frozenset[str]:
    """The columns in these expressions, in lower case."""
    return frozenset(column for text in texts if text for column in columns(tree(text)))


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """One verdict of several: different if any is, else unsure if any is."""
    found = set(verdicts)
    return next((verdict for verdict in (Verdict.DIFFERENT, Verdict.UNSURE) if verdict in found), Verdict.SAME)


def verdict(one: Tree, other: Tree) -> Verdict:
    """Compare two trees: different only where a server prints all of both as they were written."""
    if one == other:
        return Verdict.SAME
    return Verdict.DIFFERENT if understood(one) and understood(other) else Verdict.UNSURE
