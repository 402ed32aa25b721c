"""What an index gained: the measured queries of its table, planned and timed before and after."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from django.db import DatabaseError
from django.db.backends.base.base import BaseDatabaseWrapper

from dbaudit.apply.steps import Done, Step
from dbaudit.connection.read_only import read_only
from dbaudit.facts import QueryRun, Statement
from dbaudit.workload import plans
from dbaudit.workload.limits import Limits

#: Queries of a table that are timed besides those of the evidence, the slowest first, and how often each; the best time
#: counts.
MOST: Final = 10
TIMES: Final = 3
#: A query that takes longer than this is timed once, in milliseconds.
SLOW_MS: Final = 500.0
#: A query has become slower if it takes so many times as long, and a millisecond more.
SLOWER: Final = 1.5
#: Milliseconds after which a query is given up, and seconds after which no other one is begun.
TIMEOUT_MS: Final = 10_000
BUDGET: Final = 30.0
WORDS: Final = 100

LIMITS: Final = Limits(plans=1, analyze_ms=-1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A statement that is planned and timed. ``label`` names the query that asks it."""

    label: str
    statement: Statement


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What a query took: milliseconds in the driver, and the indexes of its plan."""

    ms: float
    indexes: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gained:
    """One query before and after. Times in milliseconds; ``used`` says whether its plan uses the new index,
    ``evidence`` whether the index was advised for it."""

    step: int
    label: str
    query: str
    before_ms: float | None
    after_ms: float
    used: bool
    evidence: bool = False

    @property
    def slower(self) -> bool:
        """Whether the plan with the new index takes clearly longer than the one before."""
        return self.used and self.before_ms is not None and self.after_ms > SLOWER * self.before_ms + 1


def asked(runs: Iterable[QueryRun], steps: Iterable[Step], alias: str) -> tuple[Asked, ...]:
    """The measured SELECTs that the indexes of these steps are for, then the slowest of the other ones that read their
    tables; each once, with the values of its slowest execution.

    Values are never written to a report, so a plan made from a file has none.
    """
    steps = tuple(steps)
    slowest: dict[str, Asked] = {}
    for run in runs:
        for one in run.statements:
            if one.kind != "select" or one.alias != alias or one.error or one.many:
                continue
            known = slowest.get(one.fingerprint)
            if known is None or one.duration_ms > known.statement.duration_ms:
                slowest[one.fingerprint] = Asked(label=run.label, statement=one)
    evidence = {fingerprint for step in steps for fingerprint in step.queries}
    ranked = sorted(
        slowest.values(),
        key=lambda one: (
            one.statement.fingerprint not in evidence,
            -one.statement.duration_ms,
            one.statement.fingerprint,
        ),
    )
    chosen: dict[str, Asked] = {}
    for table in dict.fromkeys(step.table for step in steps):
        reading = [one for one in ranked if table in one.statement.tables]
        needed = sum(one.statement.fingerprint in evidence for one in reading)
        chosen |= {one.statement.fingerprint: one for one in reading[: needed + MOST]}
    return tuple(one for one in ranked if one.statement.fingerprint in chosen)


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
                    found[one.fingerprint] = Taken(ms=min(_times(connection, one)), indexes=used)
        except DatabaseError:
            continue
    return found


def gained(
    done: Iterable[Done], asked: Iterable[Asked], before: Mapping[str, Taken], after: Mapping[str, Taken]
) -> tuple[Gained, ...]:
    """The queries of each built index, the biggest gain first."""
    asked = tuple(asked)
    found = [
        Gained(
            step=each.step.number,
            label=one.label,
            query=_short(one.statement.template),
            before_ms=before[key].ms if key in before else None,
            after_ms=after[key].ms,
            used=each.index in after[key].indexes,
            evidence=key in each.step.queries,
        )
        for each in done
        if each.outcome == "built"
        for one in asked
        if (key := one.statement.fingerprint) in after and each.step.table in one.statement.tables
    ]
    return tuple(sorted(found, key=lambda one: (one.step, -((one.before_ms or 0) - one.after_ms))))


def told(
    done: Iterable[Done], proofs: Iterable[Gained], asked: Iterable[Asked], undo: str, *, measured: bool
) -> Iterator[str]:
    """The gain of each built index in lines: measured beside promised, and what to do where no query uses it. ``undo``
    is the command that takes the run back."""
    proofs = tuple(proofs)
    read = {table for one in asked for table in one.statement.tables}
    for each in (one for one in done if one.outcome == "built"):
        own = [one for one in proofs if one.step == each.step.number]
        promised = each.step.gain
        if promised:
            yield f"{each.index}: promised {promised.before:g} → {promised.after:g} {promised.unit} ({promised.source})"
        for one in (proof for proof in own if proof.used):
            was = f"{one.before_ms:.2f} ms → " if one.before_ms is not None else ""
            yield f"{each.index}: {'SLOWER: ' * one.slower}{was}{one.after_ms:.2f} ms  {one.label!r}: {one.query}"
        if own:
            yield from _judged(each, own, undo)
        else:
            why = f"no measured query reads {each.step.label}"
            if each.step.table in read:
                why = f"the queries of {each.step.label} took too long to be timed again"
            elif not measured:
                why = "no queries were measured in this run"
            yield f"{each.index}: its use was not proven, {why}."


def _judged(each: Done, own: list[Gained], undo: str) -> Iterator[str]:
    """What to do where an index made a query slower, or no query uses it."""
    back = f"take it back by: {undo} --only {each.index}"
    if any(one.slower for one in own):
        yield f"{each.index}: it made a query slower; {back}"
    meant = [one for one in own if one.evidence]
    if any(one.used for one in meant or own):
        return
    which = "that it was advised for" if meant else f"of {each.step.label}"
    count = len(meant or own)
    unused = f"none of the {count} measured queries {which} uses it"
    if count == 1:
        unused = f"the one measured query {which} does not use it"
    if each.step.projected:
        yield f"{each.index}: {unused} with the rows that there are today; it was advised for more of them."
    elif not each.step.queries:
        yield f"{each.index}: {unused}; it was advised because of the schema. If nothing else needs it, {back}"
    else:
        yield f"{each.index}: {unused}; if nothing else needs it, {back}"


def _times(connection: BaseDatabaseWrapper, one: Statement) -> Iterator[float]:
    values = one.parameters.values if one.parameters is not None else None
    for _ in range(TIMES):
        began = time.perf_counter()
        with connection.cursor() as cursor:
            cursor.execute(one.sql, values)
            cursor.fetchall()
        took = (time.perf_counter() - began) * 1000
        yield took
        if took > SLOW_MS:
            return


def _short(template: str) -> str:
    words = " ".join(template.split())
    return words if len(words) <= WORDS else f"{words[: WORDS - 1]}…"
