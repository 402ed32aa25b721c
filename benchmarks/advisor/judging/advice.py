"""dbaudit's advisor, asked for a workload; and its candidates as any database would be told them."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager

from django.apps.registry import Apps
from django.db.backends.base.base import BaseDatabaseWrapper

from dbaudit import catalog
from dbaudit.advisor.candidate import Asked, Candidate, Planner
from dbaudit.advisor.propose import advise
from dbaudit.advisor.trials import hypopg
from dbaudit.advisor.trials.copied import Copied
from dbaudit.advisor.trials.copies import Copies
from dbaudit.advisor.values import Advice
from dbaudit.connection.rollback import rolled_back
from dbaudit.facts import IndexKey, Parameters, Snapshot
from judging.extend import Choice
from judging.judge import Statement

#: More bytes than any disk has.
UNLIMITED = 10**18
STATEMENT_TIMEOUT_MS, LOCK_TIMEOUT_MS = 30_000, 2_000


class Advisor:
    """dbaudit on one database and workload: what a budget in bytes gives.

    ``times`` are milliseconds by statement, where the advisor is to know them. ``copies`` lets it do without HypoPG.
    """

    def __init__(
        self,
        connection: BaseDatabaseWrapper,
        statements: Sequence[Statement],
        times: Mapping[str, float] | None = None,
        *,
        copies: bool = False,
    ) -> None:
        self.connection = connection
        self.opened = copied if copies else opened
        begin = time.perf_counter()
        self.snapshot = read(connection)
        self.reading = time.perf_counter() - begin
        self.asked = tuple(_asked(one, times) for one in statements)

    def choose(self, budget: int | None) -> Choice:
        """The indexes for a budget in bytes. Seconds are those of the advice; the catalog has been read before."""
        begin = time.perf_counter()
        advice = self.advise(budget)
        sizes = {spelled(one.candidate): one.bytes for one in advice.chosen}
        candidates = len(advice.chosen) + len(advice.rejected)
        return Choice(sizes, advice.calls, time.perf_counter() - begin, candidates)

    def advise(self, budget: int | None) -> Advice:
        """All that is said for a budget in bytes."""
        with self.opened(self.connection, self.snapshot) as planner:
            advice = advise(planner, self.snapshot, self.asked, budget_bytes=UNLIMITED if budget is None else budget)
        for one in advice.skipped:
            print(f"skipped: {one.reason}", file=sys.stderr)
        return advice


def read(connection: BaseDatabaseWrapper) -> Snapshot:
    """The catalog, without any models."""
    return catalog.read(
        connection,
        apps=Apps([]),
        statement_timeout_ms=STATEMENT_TIMEOUT_MS,
        lock_timeout_ms=LOCK_TIMEOUT_MS,
        count_limit_bytes=0,
    )


@contextmanager
def copied(connection: BaseDatabaseWrapper, snapshot: Snapshot) -> Iterator[Planner]:
    """The advisor's own planner on a server without HypoPG."""
    with rolled_back(connection):
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('statement_timeout', %s, true)", [str(STATEMENT_TIMEOUT_MS)])
        yield Copied(Copies(connection, snapshot))


def opened(connection: BaseDatabaseWrapper, snapshot: Snapshot) -> AbstractContextManager[Planner]:
    """The advisor's own planner."""
    return hypopg.opened(
        connection, snapshot, statement_timeout_ms=STATEMENT_TIMEOUT_MS, lock_timeout_ms=LOCK_TIMEOUT_MS
    )


def spelled(candidate: Candidate) -> str:
    """``CREATE INDEX`` without a name."""
    keys = ", ".join(map(_key, candidate.keys))
    text = f"CREATE INDEX ON {_quoted(candidate.table)} USING {candidate.method} ({keys})"
    if candidate.include:
        text += f" INCLUDE ({', '.join(map(_quoted, candidate.include))})"
    return f"{text} WHERE {candidate.condition}" if candidate.condition else text


def _asked(statement: Statement, times: Mapping[str, float] | None) -> Asked:
    return Asked(
        fingerprint=statement.name,
        sql=statement.sql,
        samples=tuple(Parameters(values) for values in statement.samples),
        calls=statement.calls,
        observed_ms=times[statement.name] if times else None,
    )


def _key(key: IndexKey) -> str:
    words: Iterable[str] = (
        _quoted(key.column) if key.column else f"({key.expression})",
        key.opclass,
        "DESC" if key.descending else "",
        f"NULLS {key.nulls.upper()}" if key.nulls else "",
    )
    return " ".join(filter(None, words))


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
