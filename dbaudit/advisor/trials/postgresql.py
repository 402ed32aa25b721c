"""Which trial a PostgreSQL server lets us make: HypoPG with copies for what it does not know, copies alone, or none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from django.db.backends.base.base import BaseDatabaseWrapper

from dbaudit.advisor.candidate import Planner, UnplannableError
from dbaudit.advisor.trials import hypopg
from dbaudit.advisor.trials.copied import Copied
from dbaudit.advisor.trials.copies import SAMPLE_ROWS, Copies
from dbaudit.connection.rollback import rolled_back
from dbaudit.connection.settings import set_locally
from dbaudit.facts import Skipped, Snapshot

HYPOPG = "planned with HypoPG"
COPIED = "planned on a sampled copy"
#: What is said where HypoPG is not used.
INSTEAD = "Indexes were tried with real ones on temporary copies of the tables, of up to {rows:,} rows each."
UNTRIED = "Not verified: {reason} Nor could copies be made: {obstacle}"


@dataclass(frozen=True, slots=True)
class Trial:
    """A planner, where its figures come from, and what it could not do."""

    planner: Planner
    source: str
    skipped: tuple[Skipped, ...] = ()


@contextmanager
def opened(
    connection: BaseDatabaseWrapper,
    snapshot: Snapshot,
    grown: Mapping[tuple[str, str], int] | None = None,
    /,
    *,
    statement_timeout_ms: int,
    lock_timeout_ms: int,
) -> Iterator[Trial]:
    """The best trial that is possible, for the length of a block: one transaction that is rolled back.

    ``grown`` are the tables that temporary ones stand in for already.

    Raises:
        UnplannableError: none is possible, with the reason.
    """
    planner: Copied | None = None
    try:
        with rolled_back(connection):
            set_locally(connection, statement_timeout=statement_timeout_ms, lock_timeout=lock_timeout_ms)
            found = hypopg.availability(connection)
            copies = Copies(connection, snapshot, grown)
            if found.state == "usable":
                known: set[int] = set()
                real, copy = (hypopg.Hypopg(connection, snapshot, found.schema, known) for _ in range(2))
                planner = Copied(copies, (real, copy))
                trial = Trial(planner, HYPOPG)
            elif copies.obstacle:
                raise UnplannableError(UNTRIED.format(reason=found.reason, obstacle=copies.obstacle))
            else:
                planner = Copied(copies)
                told = Skipped("HypoPG", f"{found.reason} {INSTEAD.format(rows=SAMPLE_ROWS)}")
                trial = Trial(planner, COPIED, (told,))
            try:
                yield trial
            finally:
                planner.close()  # before the end of the transaction, when a pooler may give the session to anyone
    finally:
        if planner is not None:
            planner.close()  # what a failed transaction did not let go
