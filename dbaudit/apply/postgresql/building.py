"""One index on one table that is not partitioned: found, or built, or nothing."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import Final

from django.db import Error

from dbaudit.apply import wording
from dbaudit.apply.postgresql import catalogue, failures, guarding, identity, leftovers, load, locks
from dbaudit.apply.postgresql.catalogue import Relation, Standing
from dbaudit.apply.postgresql.guarding import Work
from dbaudit.apply.steps import Definition, Outcome, StepError
from dbaudit.facts.dialect import Dialect

#: Bytes of a name; what is longer the server cuts, and then it is the name of something else.
NAME_BYTES: Final = 63


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """How the index came to stand, and how often its build was begun again."""

    outcome: Outcome
    index: Standing
    retries: int = 0


def build(work: Work, relation: Relation, definition: Definition, like: Standing) -> Built:
    """Let the index stand: one of this definition that is there, or a new one. Nothing invalid of ours is left behind.

    Raises:
        StepError: it does not stand; the sentence says why and what to do.
    """
    pause = work.limits.pause
    for attempt in range(work.limits.attempts):
        try:
            with locks.held(work.watch, relation, work.limits, work.tell):
                return _attempt(work, relation, definition, like, attempt)
        except StepError as error:
            if not error.again or attempt + 1 == work.limits.attempts:
                raise
            work.tell(f"{definition.name} is not built yet: {error} Trying again in {pause:g} s.")
            time.sleep(pause)
            pause *= 2
    raise AssertionError("the last attempt returns or raises")


def _attempt(work: Work, relation: Relation, definition: Definition, like: Standing, attempt: int) -> Built:
    try:
        locks.wait_outside(work.builder, relation, work.limits, work.tell)
        if found := _found(work, relation, definition, like):
            return found
        locks.until_clear(lambda: load.excess(work.watch, work.limits, work.disk), work.limits, work.tell)
        if definition.unique:
            _refuse_duplicates(work, relation, definition, like)
        statement = wording.create(Dialect("postgresql"), definition, relation.quoted, concurrently=True)
        with guarding.watched(work, relation, definition.name):
            work.builder.execute(statement)
    except (StepError, KeyboardInterrupt) as error:
        if isinstance(error, StepError) and error.code == failures.TAKEN:
            raise  # what stands is somebody else's: the next attempt looks at it
        built = _tidy(work, relation, definition, like, error)
        if built is None or not isinstance(error, StepError):
            raise
        return Built(outcome="built", index=built, retries=attempt)
    except Error as error:
        _tidy(work, relation, definition, like, error)
        raise StepError(failures.sentence(error), again=failures.passing(error)) from error
    built = catalogue.named(work.builder, relation, definition.name)
    if built is None or not built.usable:
        _tidy(work, relation, definition, like, None)
        raise StepError(f"The server reported success, but {definition.name} is not valid; it was dropped.", again=True)
    return Built(outcome="built", index=built, retries=attempt)


def _found(work: Work, relation: Relation, definition: Definition, like: Standing) -> Built | None:
    """The index if it stands already. An invalid one of our own is dropped first, any other's is told.

    Raises:
        StepError: the name is taken, or somebody is building an index of this name.
    """
    standing = catalogue.indexes(work.builder, relation.oid)
    for twin in identity.twins(standing, like):
        if twin.usable and (twin.name == definition.name or not definition.exact):
            return Built(outcome="present" if twin.name == definition.name else "adopted", index=twin)
    for sentence in leftovers.foreign(standing, definition.name, like):
        work.tell(sentence)
    if leftover := leftovers.ours(standing, definition.name, like):
        if leftovers.is_building(work.watch, relation, leftover):
            raise StepError(f"Somebody is building {definition.name}.", again=True)
        work.tell(f"dropping {definition.name}, which an earlier attempt left invalid")
        guarding.drop(work, relation, leftover)
        return None
    _refuse_name(work, relation, definition)
    return None


def _refuse_name(work: Work, relation: Relation, definition: Definition) -> None:
    if len(definition.name.encode()) > NAME_BYTES:
        raise StepError(
            f"The name {definition.name} has more than {NAME_BYTES} bytes, and the server would cut it; "
            "give a shorter one."
        )
    if taken := catalogue.holder(work.builder, relation.schema, definition.name):
        raise StepError(
            f"The name {definition.name} is taken by {taken} with another definition; rename or drop that, then run "
            "again."
        )


def _refuse_duplicates(work: Work, relation: Relation, definition: Definition, like: Standing) -> None:
    """A unique build that fails in its last wait leaves an index that rejects rows, so none is begun in vain."""
    _, _, _, nulls_alike, keys, _, predicate = json.loads(like.signature)
    words = [one[0] for one in keys]
    conditions = [f"({predicate})"] if predicate else []
    conditions += [] if nulls_alike else [f"{one} IS NOT NULL" for one in words]
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    query = f"FROM {relation.quoted}{where} GROUP BY {', '.join(words)} HAVING count(*) > 1"
    with guarding.watched(work, relation, definition.name):
        ((found,),) = work.builder.ask(f"SELECT EXISTS (SELECT {query})")
    if found:
        raise StepError(
            f"Rows with equal keys exist, so {definition.name} cannot be unique. See them by: "
            f"SELECT {', '.join(words)}, count(*) {query};"
        )


def _tidy(
    work: Work, relation: Relation, definition: Definition, like: Standing, error: BaseException | None
) -> Standing | None:
    """See to what a failed attempt left: the valid index if it came about after all, otherwise nothing of ours.

    Raises:
        StepError: an invalid index could not be dropped.
    """
    try:
        work.recover()
        standing = catalogue.indexes(work.builder, relation.oid)
        for one in identity.twins(standing, like):
            if one.name == definition.name and one.usable:
                return one
        leftover = leftovers.ours(standing, definition.name, like)
        if leftover is None or leftovers.is_building(work.watch, relation, leftover):
            return None
        work.tell(f"taking {definition.name} back, which is not valid")
        locks.acquire(work.watch, relation, work.limits, work.tell)
        guarding.drop(work, relation, leftover)
    except StepError as second:
        first = f"{error} " if isinstance(error, StepError) else ""
        raise StepError(f"{first}{second}", again=second.again) from error
    except Error as second:
        raise StepError(
            f"{failures.sentence(second)} {definition.name} may have been left invalid: it serves nobody and is still "
            "written to. Run again with --resume, which sees to it."
        ) from error
    return None
