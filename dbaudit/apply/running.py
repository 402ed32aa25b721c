"""A plan is carried out on its database: looked around, journalled, built, proved."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from django.db.backends.base.base import BaseDatabaseWrapper

from dbaudit.apply import proof, sqlite, taken
from dbaudit.apply.postgresql import engine, partition_words
from dbaudit.apply.postgresql.progress import Seen
from dbaudit.apply.recording import Recorder
from dbaudit.apply.steps import Done, Limits, Plan, Step
from dbaudit.connection.opening import connect
from dbaudit.errors import AuditError
from dbaudit.facts import QueryRun

ENGINES: Final[dict[str, Any]] = {"postgresql": engine, "sqlite": sqlite}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ears:
    """Whom a run tells: ``tell`` sentences, ``see`` the progress of an index by its name, ``ended`` each outcome."""

    tell: Callable[[str], None] = lambda _: None
    see: Callable[[str, Seen], None] = lambda _name, _seen: None
    ended: Callable[[Done], None] = lambda _: None


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What came of the steps, and what the queries of the built indexes, ``asked``, took before and after. ``left``
    are the steps that did not begin, because the window was over."""

    done: tuple[Done, ...]
    left: tuple[Step, ...] = ()
    gained: tuple[proof.Gained, ...] = ()
    asked: tuple[taken.Asked, ...] = ()

    @property
    def built(self) -> tuple[Done, ...]:
        """What models and migrations do not know of yet: the indexes that this run built or dropped."""
        return tuple(one for one in self.done if one.changed)

    @property
    def as_foreseen(self) -> bool:
        """Whether every index stands under its own name or is gone: what was worked out beforehand holds."""
        return not self.left and all(one.ok and one.index in ("", one.step.definition.name) for one in self.done)

    @property
    def failed(self) -> bool:
        """Whether any step did not succeed."""
        return not all(one.ok for one in self.done)


def supported(connection: BaseDatabaseWrapper) -> None:
    """Raise `AuditError` where indexes cannot be applied: an unknown vendor, or inside a transaction."""
    if connection.vendor not in ENGINES:
        raise AuditError(
            f"apply-indexes does not work on {connection.vendor}; --dry-run --format sql prints what to run by hand."
        )
    if connection.in_atomic_block:
        raise AuditError(
            f"Database {connection.alias!r} stands in a transaction of this process, and a build would wait for its "
            "end; run this outside of it."
        )


def place(connection: BaseDatabaseWrapper) -> str:
    """The database's own name: a journal of a copy or of another server is not mistaken for this one's.

    Raises:
        AuditError: the database does not answer.
    """
    connect(connection)
    if connection.vendor != "postgresql":
        return str(connection.settings_dict["NAME"])
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_database() || ' ' || oid FROM pg_database WHERE datname = current_database()")
        return str(cursor.fetchone()[0])


def spelled(connection: BaseDatabaseWrapper, made: Plan) -> Plan:
    """The plan with the statements that a run will send, partition by partition, where the server knows partitions."""
    return partition_words.spelled(connection, made) if connection.vendor == "postgresql" else made


def preflight(connection: BaseDatabaseWrapper, steps: Iterable[Step], limits: Limits, ears: Ears) -> tuple[str, ...]:
    """What stands in the way of these steps right now. Raises `AuditError` where nothing may be begun."""
    supported(connection)
    vendor = ENGINES[connection.vendor]
    with vendor.opened(connection, limits, ears.tell, ears.see) as work:
        found: tuple[str, ...] = vendor.look(work, steps)
    return found


def carry_out(
    connection: BaseDatabaseWrapper,
    steps: Iterable[Step],
    record: Recorder,
    limits: Limits,
    ears: Ears,
    runs: Iterable[QueryRun] = (),
) -> Result:
    """Carry the steps out, each told to ``record`` before and after.

    Raises:
        AuditError: nothing was begun.
        KeyboardInterrupt: the user, or a signal that ends processes, stopped it; nothing invalid of ours stands.
    """
    steps = tuple(steps)
    supported(connection)
    asked = proof.asked(runs, steps, connection.alias)
    vendor, done = ENGINES[connection.vendor], []
    with _stoppable(), vendor.opened(connection, limits, ears.tell, ears.see) as work:
        before = taken.taken(connection, asked)
        _let_go(connection)
        for one in vendor.carry_out(work, steps, record):
            done.append(one)
            ears.ended(one)
    after = taken.taken(connection, asked) if any(one.changed for one in done) else {}
    unit = taken.UNITS.get(connection.vendor, "")
    gained = proof.gained(done, asked, before, after, unit)
    return Result(done=tuple(done), left=steps[len(done) :], gained=gained, asked=asked)


def _let_go(connection: BaseDatabaseWrapper) -> None:
    """Close the connection that the audit read by: nothing of this process shall be waited for."""
    if connection.vendor == "postgresql":
        connection.close()


@contextmanager
def _stoppable() -> Iterator[None]:
    """A block in which SIGTERM and SIGHUP do what Ctrl-C does: the statement is cancelled, nothing is left behind."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    earlier = {number: signal.signal(number, signal.default_int_handler) for number in numbers}
    try:
        yield
    finally:
        for number, handler in earlier.items():
            signal.signal(number, handler)
