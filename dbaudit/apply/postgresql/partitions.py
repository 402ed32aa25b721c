"""An index of a partitioned table: on the parent alone first, then one partition at a time, each without blocking."""

from __future__ import annotations

import hashlib
import time

from django.db import Error

from dbaudit.apply import wording
from dbaudit.apply.postgresql import building, catalogue, failures, identity, leftovers, locks
from dbaudit.apply.postgresql.building import Built
from dbaudit.apply.postgresql.catalogue import Relation, Standing
from dbaudit.apply.postgresql.guarding import Work
from dbaudit.apply.steps import Definition, StepError
from dbaudit.connection.errors import sqlstate
from dbaudit.facts.dialect import Dialect


def build(work: Work, relation: Relation, definition: Definition, like: Standing) -> Built:
    """Let the index stand on the parent and all its partitions, sub-partitions too.

    A run that was killed goes on where it was: what stands on a partition is attached, not built again.

    Raises:
        StepError: a partition cannot have it, or its build failed; the parent's index is invalid until all have it.
    """
    with locks.held(work.watch, relation, work.limits, work.tell):
        before = _parents(work, relation, like)
        if before and before[0].usable:
            return Built(outcome="present" if before[0].name == definition.name else "adopted", index=before[0])
        _refuse_foreign(work, relation)
        own = next((one for one in before if one.name == definition.name), None)
        if own is None:
            if taken := catalogue.holder(work.builder, relation.schema, definition.name):
                raise StepError(f"The name {definition.name} is taken by {taken}; rename or drop that, then run again.")
            statement = wording.create(Dialect("postgresql"), definition, relation.quoted, only=True)
            briefly(work, statement, f"{relation.label} for a moment")
            (own,) = (one for one in _parents(work, relation, like) if one.name == definition.name)
    for child, _ in catalogue.children(work.builder, relation):
        if _attached(work, own, child):
            continue
        name = part_name(child.schema, child.name, definition.name)
        part = Definition(name=name, body=definition.body, unique=definition.unique)
        work.tell(f"{definition.name}: partition {child.label}")
        each = (build if child.partitioned else building.build)(work, child, part, like)
        if each.index.attached:
            raise StepError(f"{each.index.name} on {child.label} belongs to another partitioned index; drop that one.")
        if each.outcome == "adopted":
            work.tell(
                f"{each.index.name} of {child.label} was there before; it belongs to {own.name} now and goes with it"
            )
        statement = f"ALTER INDEX {leftovers.quoted(own)} ATTACH PARTITION {leftovers.quoted(each.index)}"
        briefly(work, statement, f"{child.label} for a moment")
    found = catalogue.named(work.builder, relation, definition.name)
    if found is None or not found.usable:
        raise StepError(
            f"{definition.name} on {relation.label} is not valid yet: a partition came or went meanwhile. Run again.",
            again=True,
        )
    return Built(outcome="built", index=found)


def drop(work: Work, relation: Relation, index: Standing) -> None:
    """Drop a partitioned index with those of its partitions. The server cannot do that concurrently: it locks readers
    and writers out for a moment, and is given up and tried again where it would have to queue for longer.

    Raises:
        StepError: it did not get the lock within ``max_wait``.
    """
    briefly(work, f"DROP INDEX IF EXISTS {leftovers.quoted(index)}", f"{relation.label} and its partitions")


def briefly(work: Work, statement: str, what: str) -> None:
    """Run a statement that takes a moment but a strong lock: never queue for it longer than ``short_lock_ms``.

    Raises:
        StepError: it failed, or the lock was not to be had within ``max_wait``.
    """
    deadline = time.monotonic() + work.limits.max_wait
    told = False
    try:
        while True:
            try:
                work.builder.execute(f"SET lock_timeout = {int(work.limits.short_lock_ms)}")
                work.builder.execute(statement)
            except Error as error:
                if sqlstate(error) != "55P03":
                    raise StepError(failures.sentence(error), again=failures.passing(error)) from error
                if time.monotonic() > deadline:
                    raise StepError(
                        f"No lock on {what} was to be had within {work.limits.max_wait:g} s. Run again with --resume, "
                        "when less is going on there."
                    ) from error
                if not told:
                    work.tell(f"waiting for a lock on {what}, {work.limits.short_lock_ms} ms at a time")
                    told = True
                time.sleep(work.limits.poll)
            else:
                return
    finally:
        work.recover()
        work.builder.execute("SET lock_timeout = 0")


def _parents(work: Work, relation: Relation, like: Standing) -> list[Standing]:
    return list(identity.of_table(work.builder, relation, like))


def _attached(work: Work, parent: Standing, child: Relation) -> bool:
    rows = work.builder.ask(
        "SELECT FROM pg_inherits h JOIN pg_index i ON i.indexrelid = h.inhrelid"
        " WHERE h.inhparent = %s::oid AND i.indrelid = %s::oid AND i.indisvalid",
        [parent.oid, child.oid],
    )
    return bool(rows)


def _refuse_foreign(work: Work, relation: Relation) -> None:
    for child, kind in catalogue.children(work.builder, relation):
        if kind == "f":
            raise StepError(f"The partition {child.label} is a foreign table, which takes no index.")
        if kind == "p":
            _refuse_foreign(work, child)


def part_name(schema: str, table: str, index: str) -> str:
    """What a partition's part of an index is called, the same on every attempt. No model declares it, so that only the
    server's limit of its length counts."""
    digest = hashlib.sha256(f"{schema}.{table}.{index}".encode()).hexdigest()[:12]
    tail = f"_{digest}_idx"
    return table.encode()[: building.NAME_BYTES - len(tail)].decode(errors="ignore") + tail
