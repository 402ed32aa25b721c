"""What a query takes: the work that it does, and its time beside that of a statement that no index touches."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.db import DatabaseError
from django.db.backends.base.base import BaseDatabaseWrapper

from dbaudit.connection.read_only import read_only
from dbaudit.facts import Statement
from dbaudit.workload import plans
from dbaudit.workload.limits import Limits

#: How often a query is timed.
TIMES: Final = 5
#: A query that takes longer than this is timed once, in milliseconds.
SLOW_MS: Final = 500.0
#: A statement that no index touches: its time tells how busy the machine is.
PACE: Final[Mapping[str, str]] = {
    "postgresql": "SELECT count(*) FROM generate_series(1, 5000)",
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000) SELECT count(*) FROM n",
}
#: What the work of a query is counted in.
UNITS: Final[Mapping[str, str]] = {"postgresql": "pages", "sqlite": "steps"}
#: Instructions of SQLite that are counted as one call.
STRIDE: Final = 10
#: Milliseconds after which a query is given up, and seconds after which no other one is begun.
TIMEOUT_MS: Final = 10_000
BUDGET: Final = 30.0

LIMITS: Final = Limits(plans=1, analyze_ms=-1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A statement that is planned and timed. ``label`` names the query that asks it."""

    label: str
    statement: Statement


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What a query took: the indexes of its plan, its ``work`` in pages or steps (None where nobody counts that), and
    the milliseconds in the driver of each run, with those of the statement that no index touches beside it."""

    indexes: frozenset[str]
    work: int | None = None
    pairs: tuple[tuple[float, float], ...] = ()

    @property
    def ms(self) -> float:
        """The median of its runs."""
        return statistics.median(ms for ms, _ in self.pairs)

    @property
    def paces(self) -> tuple[float, ...]:
        """Its runs in times of the other statement's."""
        return tuple(ms / max(pace, 0.001) for ms, pace in self.pairs)


def taken(connection: BaseDatabaseWrapper, asked: Iterable[Asked]) -> dict[str, Taken]:
    """What each query takes now, by its fingerprint. Read-only; one that fails or takes too long is left out."""
    found = {}
    deadline = time.monotonic() + BUDGET
    for one in (each.statement for each in asked):
        if time.monotonic() > deadline:
            break
        try:
            with read_only(connection, statement_timeout_ms=TIMEOUT_MS, lock_timeout_ms=2_000):
                planned = plans.explain(connection, [one], LIMITS)
                if planned:
                    used = frozenset(node.index for node in planned[0].nodes if node.index)
                    pairs = tuple(_pairs(connection, one))
                    found[one.fingerprint] = Taken(indexes=used, work=_work(connection, one), pairs=pairs)
        except DatabaseError:
            continue
    return found


def _pairs(connection: BaseDatabaseWrapper, one: Statement) -> Iterator[tuple[float, float]]:
    """The milliseconds of each run, and of the other statement just before it."""
    for _ in range(TIMES):
        pace = PACE.get(connection.vendor)
        beside = _timed(connection, pace, None) if pace else 1.0
        took = _timed(connection, one.sql, one.parameters.values if one.parameters is not None else None)
        yield took, beside
        if took > SLOW_MS:
            return


def _timed(connection: BaseDatabaseWrapper, sql: str, values: Any) -> float:
    began = time.perf_counter()
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        cursor.fetchall()
    return (time.perf_counter() - began) * 1000


def _work(connection: BaseDatabaseWrapper, one: Statement) -> int | None:
    """The pages that a query touches, or the instructions that it runs; None where the vendor tells neither."""
    values = one.parameters.values if one.parameters is not None else None
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) {one.sql}", values)
            (told,) = cursor.fetchone()
            plan = (json.loads(told) if isinstance(told, str) else told)[0]["Plan"]
            return sum(int(plan.get(f"{kind} Blocks", 0)) for kind in ("Shared Hit", "Shared Read", "Temp Read"))
        if connection.vendor == "sqlite":
            return _steps(connection, one.sql, values)
    return None


def _steps(connection: BaseDatabaseWrapper, sql: str, values: Any) -> int:
    calls = 0

    def count() -> int:
        nonlocal calls
        calls += 1
        return 0

    raw = connection.connection
    raw.set_progress_handler(count, STRIDE)
    try:
        _timed(connection, sql, values)
    finally:
        raw.set_progress_handler(None, 0)
    return calls * STRIDE
