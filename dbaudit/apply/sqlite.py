"""The steps of a plan on an SQLite file: one transaction, so that they stand together or not at all."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Final

from django.db import DatabaseError, OperationalError
from django.db.backends.base.base import BaseDatabaseWrapper

from dbaudit.apply import wording
from dbaudit.apply.recording import Recorder
from dbaudit.apply.steps import Definition, Done, Limits, Step, StepError
from dbaudit.catalog.database import sqlite as catalog
from dbaudit.connection.errors import sqlstate
from dbaudit.connection.exceptions import message
from dbaudit.connection.opening import connect
from dbaudit.errors import AuditError
from dbaudit.facts import Index
from dbaudit.facts.dialect import Dialect
from dbaudit.sql.equivalence import covers, enforces, knowable, signature

Tell = Callable[[str], None]

BUSY: Final = ("SQLITE_BUSY", "SQLITE_LOCKED")
DIALECT: Final = Dialect("sqlite")
#: The name of an index that is built only to be compared.
TRIAL: Final = "dbaudit_trial"


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """The connection and what bounds the work on it."""

    connection: BaseDatabaseWrapper
    limits: Limits
    tell: Tell


@contextmanager
def opened(connection: BaseDatabaseWrapper, limits: Limits, tell: Tell, _see: Any = None) -> Iterator[Work]:
    """The alias's connection with a short busy timeout: SQLite's own waiting cannot be interrupted, ours can.

    Raises:
        AuditError: it stands in a transaction, or the file cannot be opened.
    """
    connect(connection)
    if not connection.get_autocommit():
        raise AuditError(f"Database {connection.alias!r} stands in a transaction; run this outside of it.")
    raw = connection.connection
    (before,) = raw.execute("PRAGMA busy_timeout").fetchone()
    raw.execute(f"PRAGMA busy_timeout = {int(limits.poll * 1000)}")
    try:
        yield Work(connection=connection, limits=limits, tell=tell)
    finally:
        if connection.connection is raw:
            raw.execute(f"PRAGMA busy_timeout = {int(before)}")


def look(_work: Work, _steps: Iterable[Step]) -> tuple[str, ...]:
    """What stands in the way: that shows when the file is locked."""
    return ()


def carry_out(work: Work, steps: Iterable[Step], record: Recorder) -> Iterator[Done]:
    """All steps in one transaction; where one fails, the file is as it was and none of them was done."""
    steps = tuple(steps)
    done: list[Done] = []
    begun: set[int] = set()
    patience = _Patience(work, time.monotonic() + work.limits.max_wait)
    while True:
        done.clear()
        try:
            with _transaction(work, patience):
                for step in steps:
                    if step.number not in begun:
                        record.begin(step, before=_sql(work, step.definition.name) is not None)
                        begun.add(step.number)
                    started = time.monotonic()
                    done.append(replace(_one(work, step), seconds=time.monotonic() - started))
        except (DatabaseError, StepError) as error:
            if patience.lasts(error):
                continue
            busy = sqlstate(error) in BUSY
            done = [_failed(step, error, number == len(done), busy=busy) for number, step in enumerate(steps)]
        break
    for one in done:
        record.end(one)
        yield one


@dataclass
class _Patience:
    """Until when other connections are waited for, by the monotonic clock; the first wait is told."""

    work: Work
    deadline: float
    told: bool = False

    def lasts(self, error: Exception) -> bool:
        """Whether the error is that the file is locked, and there is time to try again."""
        if sqlstate(error) not in BUSY or time.monotonic() > self.deadline:
            return False
        if not self.told:
            self.work.tell("waiting: another connection keeps the file locked")
            self.told = True
        return True


@contextmanager
def _transaction(work: Work, patience: _Patience) -> Iterator[None]:
    """Begun as a writer: one that began as a reader could not become one while another writes."""
    _execute(work, "BEGIN IMMEDIATE")
    try:
        yield
        _commit(work, patience)
    except BaseException:
        if work.connection.connection is not None and work.connection.connection.in_transaction:
            _execute(work, "ROLLBACK")
        raise


def _commit(work: Work, patience: _Patience) -> None:
    """Readers keep a transaction from its end only; nothing has to be done again for them."""
    while True:
        try:
            _execute(work, "COMMIT")
        except OperationalError as error:
            if not patience.lasts(error):
                raise
        else:
            return


def _one(work: Work, step: Step) -> Done:
    return _create(work, step) if step.action == "create" else _drop(work, step)


def _create(work: Work, step: Step) -> Done:
    """Build the index in the transaction, and take it back where another is the same."""
    name, table = step.definition.name, DIALECT.quote(step.table)
    taken = _sql(work, name) is not None
    built = replace(step.definition, name=TRIAL) if taken else step.definition
    _execute(work, "SAVEPOINT dbaudit_step")
    _execute(work, wording.create(DIALECT, _spelled(built), table))
    indexes = {one.name: one for one in _indexes(work, step.table)}
    new = indexes.pop(built.name)
    same = sorted(
        (one for one in indexes.values() if knowable(one) and signature(one) == signature(new)), key=_named(name)
    )
    if step.definition.exact:
        same = [one for one in same if one.name == name]
    if same or taken:
        _execute(work, "ROLLBACK TO dbaudit_step")
    _execute(work, "RELEASE dbaudit_step")
    if same:
        outcome: Any = "present" if same[0].name == name else "adopted"
        return Done(step=step, outcome=outcome, index=same[0].name, definition=_sql(work, same[0].name) or "")
    if taken:
        raise StepError(f"The name {name} is taken by another definition; rename or drop that, then run again.")
    return Done(step=step, outcome="built", index=name, definition=_sql(work, name) or "")


def _drop(work: Work, step: Step) -> Done:
    name = step.definition.name
    standing = _sql(work, name)
    if standing is None:
        return Done(step=step, outcome="absent", index=name)
    indexes = {one.name: one for one in _indexes(work, step.table)}
    if name not in indexes or (step.expected and standing != step.expected) or not _is(standing, step.definition):
        raise StepError(f"{name} has changed since: it is now {standing}. It was left alone.")
    wide = indexes.get(step.because)
    if step.because and (wide is None or enforces(indexes[name]) or not covers(wide, indexes[name])):
        raise StepError(f"{step.because} does not do the work of {name} (any more), so {name} was left alone.")
    _execute(work, f"DROP INDEX {DIALECT.quote(name)}")
    return Done(step=step, outcome="dropped", index=name, definition=standing)


def _is(standing: str, wanted: Definition) -> bool:
    found = wording.parsed(standing)
    return found is not None and (found.body, found.unique) == (_spelled(wanted).body, wanted.unique)


def _spelled(definition: Definition) -> Definition:
    """SQLite knows one kind of index and no word for it."""
    return replace(definition, body=definition.body.removeprefix("USING btree ").strip())


def _named(name: str) -> Callable[[Index], tuple[bool, str]]:
    return lambda one: (one.name != name, one.name)


def _indexes(work: Work, table: str) -> tuple[Index, ...]:
    return next(one.indexes for one in catalog.read(work.connection).tables if one.name == table)


def _sql(work: Work, name: str) -> str | None:
    """The statement that made what bears the name, ``""`` for what SQLite made itself, None for nothing."""
    with work.connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(sql, '') FROM sqlite_master WHERE name = %s", [name])
        row = cursor.fetchone()
    return None if row is None else str(row[0])


def _execute(work: Work, sql: str) -> None:
    with work.connection.cursor() as cursor:
        cursor.execute(sql)


def _failed(step: Step, error: Exception, this: bool, *, busy: bool) -> Done:
    if busy:
        sentence = "Another connection kept the file locked; let it end, or wait longer by --max-wait."
    elif this:
        sentence = str(error) if isinstance(error, StepError) else _words(error)
    else:
        sentence = "Another step failed, and all of them stand or fall together."
    return Done(step=step, outcome="failed", reason=f"{sentence} The file is as it was.")


def _words(error: Exception) -> str:
    if sqlstate(error).startswith("SQLITE_CONSTRAINT"):
        return "Rows with equal keys exist, so it cannot be unique."
    return message(error)
