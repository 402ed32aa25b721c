"""Whether two texts of SQL mean the same: yes, no, or that cannot be told."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from dbaudit.sql.normal_form.expressions import tree
from dbaudit.sql.normal_form.trees import NULL, Tree, columns, truth, understood


class Verdict(StrEnum):
    """The outcome of a comparison; ``UNSURE`` where the texts differ, but perhaps only as a server's own spelling."""

    SAME = "same"
    DIFFERENT = "different"
    UNSURE = "unsure"


def compare(one: str, other: str) -> Verdict:
    """Compare two expressions, or two conditions; ``""`` is none."""
    if one == other:
        return Verdict.SAME
    if not (one and other):
        return Verdict.DIFFERENT
    return _verdict(condition(one), condition(other))


def compare_defaults(one: str, other: str) -> Verdict:
    """Compare two column defaults; a default of NULL is none."""
    if one == other:
        return Verdict.SAME
    first, second = (("",) if not text or tree(text) == NULL else tree(text) for text in (one, other))
    return Verdict.DIFFERENT if first != second and ("",) in (first, second) else _verdict(first, second)


def condition(sql: str) -> Tree:
    """The tree of a condition or of another expression."""
    return truth(tree(sql))


def mentioned(*texts: str) -> frozenset[str]:
    """The columns in these expressions, in lower case."""
    return frozenset(column for text in texts if text for column in columns(tree(text)))


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """One verdict of several: different if any is, else unsure if any is."""
    found = set(verdicts)
    return next((verdict for verdict in (Verdict.DIFFERENT, Verdict.UNSURE) if verdict in found), Verdict.SAME)


def _verdict(one: Tree, other: Tree) -> Verdict:
    if one == other:
        return Verdict.SAME
    return Verdict.DIFFERENT if understood(one) and understood(other) else Verdict.UNSURE
