"""One index is dropped, if it is still what it was and nothing but reading depends on it."""

from __future__ import annotations

import json
from typing import Any

from dbaudit.apply.postgresql import catalogue, guarding, identity, locks, partitions
from dbaudit.apply.postgresql.catalogue import Relation, Standing
from dbaudit.apply.postgresql.guarding import Work
from dbaudit.apply.steps import Outcome, Step, StepError


def drop(work: Work, relation: Relation, step: Step) -> tuple[Outcome, str]:
    """Drop the step's index and say whether it was there, with the server's text of it.

    Raises:
        StepError: it has changed, something depends on it, or it could not be dropped.
    """
    name = step.definition.name
    like = identity.wanted(work.builder, relation, step.definition, work.limits)
    with locks.held(work.watch, relation, work.limits, work.tell):
        locks.wait_outside(work.builder, relation, work.limits, work.tell)
        index = catalogue.named(work.builder, relation, name)
        if index is None:
            return "absent", ""
        _refuse(work, relation, step, index, like)
        (partitions.drop if index.partitioned else guarding.drop)(work, relation, index)
    return "dropped", index.definition


def _refuse(work: Work, relation: Relation, step: Step, index: Standing, like: Standing) -> None:
    name = index.name
    if not index.is_like(like) or (index.usable and step.expected and index.definition != step.expected):
        raise StepError(f"{name} has changed since: it is now {index.definition}. It was left alone.")
    if index.bound or (index.unique and step.because):
        raise StepError(f"{name} serves a constraint, a foreign key, replication or clustering; it was left alone.")
    if index.attached:
        raise StepError(f"{name} belongs to the index of a partitioned table; it was left alone.")
    if not step.because:
        return
    wide = catalogue.named(work.builder, relation, step.because)
    if wide is None or not wide.usable or not _covers(json.loads(wide.signature), json.loads(index.signature)):
        raise StepError(f"{step.because} does not do the work of {name} (any more), so {name} was left alone.")


def _covers(wide: list[Any], narrow: list[Any]) -> bool:
    """Whether every read that the narrow index serves is served by the wide one; as `rules.equivalence.covers`, on the
    server's own words."""
    keys, lead = narrow[4], wide[4][: len(narrow[4])]
    backwards = [[*key[:3], key[3] ^ 3, *key[4:]] for key in keys]  # a b-tree is read both ways
    same = lead == keys or (narrow[0] == "btree" and lead == backwards)
    if narrow[0] != "btree":
        same = wide[4] == keys
    held = {*(wide[5] or ()), *(key[0] for key in wide[4])}
    return wide[0] == narrow[0] and same and {*(narrow[5] or ())} <= held and wide[6] == narrow[6]
