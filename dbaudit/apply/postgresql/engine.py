"""The steps of a plan, one after the other, on a PostgreSQL server."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from django.db import Error
from django.db.backends.base.base import BaseDatabaseWrapper

from dbaudit.apply import space
from dbaudit.apply.postgresql import (
    building,
    catalogue,
    dropping,
    failures,
    guarding,
    identity,
    partitions,
    poolers,
    preflight,
)
from dbaudit.apply.postgresql.catalogue import Relation, Standing
from dbaudit.apply.postgresql.guarding import See, Tell, Work
from dbaudit.apply.postgresql.refusing import refuse
from dbaudit.apply.postgresql.sessions import Session
from dbaudit.apply.recording import Recorder
from dbaudit.apply.steps import Done, Limits, Step, StepError
from dbaudit.connection.opening import connect
from dbaudit.connection.refusals import refused


@contextmanager
def opened(connection: BaseDatabaseWrapper, limits: Limits, tell: Tell, see: See) -> Iterator[Work]:
    """Both sessions, refused where they must not build.

    Raises:
        AuditError: the server cannot be reached, or must not be built on from here.
    """
    connect(connection)
    disk = space.folder(connection)
    sessions: list[Session] = []
    try:
        try:
            between = poolers.pooler(connection)
            poolers.refuse(between)  # before anything is set
            for purpose in ("build", "watch"):
                session = Session(connection, purpose, handed_on=between == "session")
                sessions.append(session)
        except Error as error:
            raise refused(connection, error) from error
        refuse(sessions[0])
        yield Work(builder=sessions[0], watch=sessions[1], limits=limits, tell=tell, see=see, disk=disk)
    finally:
        for one in sessions:
            one.close()


def look(work: Work, steps: Iterable[Step]) -> tuple[str, ...]:
    """What stands in the way of these steps right now, in sentences; that nothing does is one, too."""
    found = []
    wanted = []
    for step in steps:
        try:
            wanted.append((catalogue.table(work.watch, step), step.definition.name))
        except StepError as error:
            found.append(str(error))
    return (*found, *preflight.look(work.watch, wanted)) or (preflight.QUIET,)


def carry_out(work: Work, steps: Iterable[Step], record: Recorder) -> Iterator[Done]:
    """Each step with its outcome; one that fails does not keep the others from running, unless they need it. None
    begins when the window of the limits is over."""
    failed: set[int] = set()
    for step in steps:
        if work.limits.window is not None and not work.limits.window.open:
            return
        began = time.monotonic()
        if step.after in failed:
            done = _failed(step, f"Step {step.after} did not succeed, so {step.definition.name} is still needed.")
        else:
            done = _one(work, step, record)
        if not done.ok:
            failed.add(step.number)
        record.end(done)
        yield replace(done, seconds=time.monotonic() - began)


def _one(work: Work, step: Step, record: Recorder) -> Done:
    begun = False
    try:
        relation = catalogue.table(work.builder, step)
        before = catalogue.named(work.builder, relation, step.definition.name) is not None
        record.begin(step, before=before)
        begun = True
        return _create(work, relation, step) if step.action == "create" else _drop(work, relation, step)
    except StepError as error:
        if not begun:
            record.begin(step, before=False)
        return _failed(step, str(error))
    except Error as error:
        try:
            work.recover()
        except StepError as lost:
            return _failed(step, str(lost))
        return _failed(step, failures.sentence(error))


def _create(work: Work, relation: Relation, step: Step) -> Done:
    like = identity.wanted(work.builder, relation, step.definition, work.limits)
    build = partitions.build if relation.partitioned else building.build
    built = build(work, relation, step.definition, like)
    notes = _analyzed(work, relation, built.index) if built.outcome == "built" else ()
    return Done(
        step=step,
        outcome=built.outcome,
        index=built.index.name,
        definition=built.index.definition,
        retries=built.retries,
        notes=notes,
    )


def _drop(work: Work, relation: Relation, step: Step) -> Done:
    outcome, definition = dropping.drop(work, relation, step)
    return Done(step=step, outcome=outcome, index=step.definition.name, definition=definition)


def _analyzed(work: Work, relation: Relation, index: Standing) -> tuple[str, ...]:
    """The planner knows nothing of an expression until the table is analyzed."""
    if not index.expressions:
        return ()
    try:
        with guarding.watched(work, relation, index.name):
            work.builder.execute(f"ANALYZE {relation.quoted}")
    except StepError as error:
        work.recover()
        return (f"The planner has no statistics of its expression: {error} Run ANALYZE {relation.quoted};",)
    return (f"{relation.label} was analyzed, because the planner needs statistics of the expression.",)


def _failed(step: Step, reason: str) -> Done:
    return Done(step=step, outcome="failed", reason=reason)
