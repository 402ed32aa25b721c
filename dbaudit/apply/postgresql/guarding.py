"""A statement under the watchdog's eyes; what it left behind is seen to."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from django.db import Error

from dbaudit.apply.postgresql import catalogue, failures, leftovers, locks, progress
from dbaudit.apply.postgresql.catalogue import Relation, Standing
from dbaudit.apply.postgresql.sessions import Session
from dbaudit.apply.postgresql.watchdog import Watchdog
from dbaudit.apply.steps import Limits, StepError
from dbaudit.connection.errors import sqlstate

#: Seconds until a backend that lost its client has noticed (``client_connection_check_interval`` is one).
GONE_WITHIN: Final = 30.0

Tell = Callable[[str], None]
See = Callable[[str, progress.Seen], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What every part of a run needs: the session that builds, the one that watches, the limits, and whom to tell.

    ``see`` is told the progress of an index, by its name. ``disk`` is where the server's files lie, None where that
    cannot be seen.
    """

    builder: Session
    watch: Session
    limits: Limits
    tell: Tell
    see: See
    disk: Path | None = None

    def recover(self) -> None:
        """Make both sessions usable after an error, and be sure that what ran in the first has ended.

        Raises:
            StepError: the server does not answer, or the old backend does not end.
        """
        before = (self.builder.pid, self.builder.began)
        self.builder.recover()
        self.watch.recover()
        if (self.builder.pid, self.builder.began) == before:
            return
        deadline = time.monotonic() + GONE_WITHIN
        while self.watch.ask("SELECT FROM pg_stat_activity WHERE pid = %s AND backend_start::text = %s", before):
            if time.monotonic() > deadline:
                raise StepError(
                    f"The connection was lost and process {before[0]} of the server still runs; end it by "
                    f"pg_terminate_backend({before[0]}), then run again with --resume."
                )
            time.sleep(self.limits.poll)


@contextmanager
def watched(work: Work, relation: Relation, name: str) -> Iterator[None]:
    """A block whose statements of the builder, on this table, run under the watchdog.

    Raises:
        StepError: one failed or was cancelled; the sentence says why.
    """
    dog = Watchdog(work.watch, work.builder, relation, work.limits, lambda seen: work.see(name, seen), work.disk)
    try:
        with dog:
            yield
    except Error as error:
        if dog.stopped is not None and sqlstate(error) in ("57014", ""):
            raise StepError(dog.stopped.sentence, again=dog.stopped.again) from error
        raise StepError(failures.sentence(error), again=failures.passing(error), code=sqlstate(error)) from error


def drop(work: Work, relation: Relation, index: Standing) -> None:
    """Drop an index concurrently, beginning again as often as the limits allow.

    Raises:
        StepError: it could not be dropped; the sentence says so, with the statement that does it by hand.
    """
    statement = f"DROP INDEX CONCURRENTLY IF EXISTS {leftovers.quoted(index)}"
    pause = work.limits.pause
    for attempt in range(1, work.limits.attempts + 1):
        try:
            with watched(work, relation, index.name):
                work.builder.execute(statement)
        except KeyboardInterrupt:
            work.tell(f"{index.name} may be invalid now, which is still written to. By hand: {statement};")
            raise
        except StepError as error:
            work.recover()
            standing = {one.oid: one for one in catalogue.indexes(work.builder, relation.oid)}.get(index.oid)
            if standing is None:
                return
            if not error.again or attempt == work.limits.attempts:
                state = (
                    "stands as it was" if standing.usable else "is invalid: it serves nobody and is still written to"
                )
                raise StepError(
                    f"{index.name} could not be dropped and {state}. {error} Run again with --resume, or by hand: "
                    f"{statement};"
                ) from error
            work.tell(f"{index.name} is not dropped yet: {error}")
            time.sleep(pause)
            pause *= 2
            locks.acquire(work.watch, relation, work.limits, work.tell)
            locks.wait_outside(work.builder, relation, work.limits, work.tell)
        else:
            return
