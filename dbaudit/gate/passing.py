"""The walk through the gate: findings, advice and recommendations leave it with what came of trying their remedies."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace

from django.apps.registry import Apps
from django.db import Error
from django.db.backends.base.base import BaseDatabaseWrapper

from dbaudit.advisor import forms
from dbaudit.advisor.concluded import Advised
from dbaudit.advisor.values import Advice, Chosen, Effect, Rejected
from dbaudit.connection.reasons import reason
from dbaudit.connection.rollback import rolled_back
from dbaudit.connection.settings import query_only, set_locally, statement_clock
from dbaudit.facts import Snapshot
from dbaudit.findings import (
    Attempt,
    ChangeQuery,
    ChangeSetting,
    CreateIndex,
    DropIndex,
    Finding,
    LeaveAsIs,
    Recommendation,
    Remedy,
)
from dbaudit.gate import fields, indexes, queries, settings, statements
from dbaudit.gate.bench import Bench, RefusedError, UntriedError
from dbaudit.gate.postgresql import TIMEOUT_MS, PostgresqlBench
from dbaudit.gate.sqlite import SqliteBench, empty
from dbaudit.gate.statements import Passed

VENDORS = {"mysql": "MySQL or MariaDB", "oracle": "Oracle"}


class Gate:
    """Tries remedies of one database's audit. What is the same remedy is tried once."""

    def __init__(
        self, connection: BaseDatabaseWrapper, snapshot: Snapshot, apps: Apps, *, lock_timeout_ms: int
    ) -> None:
        self._connection, self._snapshot, self._apps = connection, snapshot, apps
        self._lock_timeout_ms = lock_timeout_ms
        self._known: dict[Remedy, Attempt] = {}
        self._conflicts: dict[Remedy, str] = {}

    def findings(self, findings: Iterable[Finding]) -> tuple[Finding, ...]:
        """The findings, each remedy with its attempt."""
        told = tuple(findings)
        self._try(one.remedy for one in told)
        return tuple(replace(one, remedy=self._passed(one.remedy)) for one in told)

    def advised(self, advised: Advised | None) -> Advised | None:
        """The advice without the indexes that cannot be built as they would be printed; they are refused with the
        reason."""
        if advised is None:
            return None
        remedies = {one: self._build(one) for part in advised.parts for one in part.advice.chosen}
        self._try(filter(None, remedies.values()))
        failed = {
            one: found.reason
            for one, remedy in remedies.items()
            if remedy and (found := self._known[_bare(remedy)]).state == "failed"
        }
        if not failed:
            return advised
        beside = replace(advised.beside, advice=_without(advised.beside.advice, failed)) if advised.beside else None
        return replace(advised, advice=_without(advised.advice, failed), beside=beside)

    def recommendations(self, recommendations: Iterable[Recommendation]) -> tuple[Recommendation, ...]:
        """The recommendations whose remedies did not fail, each with its attempt, ranked anew."""
        told = tuple(recommendations)
        self._try(remedy for one in told for remedy in (one.remedy, *one.drops))
        passed = [
            replace(one, remedy=self._passed(one.remedy), drops=tuple(map(self._passed, one.drops))) for one in told
        ]
        kept = (one for one in passed if not one.remedy.failed)
        return tuple(replace(one, rank=rank) for rank, one in enumerate(kept, start=1))

    def _build(self, one: Chosen) -> Remedy | None:
        table = self._snapshot.table(one.candidate.table, one.candidate.schema)
        return forms.remedy(self._snapshot, table, forms.action(one.candidate, self._snapshot)) if table else None

    def _passed(self, remedy: Remedy) -> Remedy:
        bare = _bare(remedy)
        known = self._known.get(bare)
        if known is None:
            return remedy
        return replace(remedy, attempt=known, conflicts=self._conflicts.get(bare, remedy.conflicts))

    def _try(self, remedies: Iterable[Remedy]) -> None:
        """Try those that are not known yet. Whatever happens to the server, every remedy has its attempt then."""
        doing = (one for one in map(_whole, remedies) if not isinstance(one.action, LeaveAsIs))
        new = list(dict.fromkeys(one for one in doing if _bare(one) not in self._known))
        if not new:
            return
        new.sort(key=lambda one: statements.of(one.action))  # those of one table need one copy
        lost = ""
        try:
            with self._bench() as bench:
                for one in new:
                    self._known[_bare(one)] = self._attempt(bench, one)
        except UntriedError as error:
            lost = str(error)
        except Error as error:
            lost = f"The trials ended early: {reason(error)}"
        for one in new:
            self._known.setdefault(_bare(one), Attempt(state="not_tried", reason=lost))

    @contextmanager
    def _bench(self) -> Iterator[Bench]:
        match self._snapshot.vendor:
            case "sqlite":
                connection = self._connection
                with query_only(connection), statement_clock(connection, TIMEOUT_MS), empty(connection) as copy:
                    yield SqliteBench(self._connection, self._snapshot, copy)
            case "postgresql":
                with rolled_back(self._connection):
                    set_locally(self._connection, statement_timeout=TIMEOUT_MS, lock_timeout=self._lock_timeout_ms)
                    with closing(PostgresqlBench(self._connection, self._snapshot)) as bench:
                        yield bench
            case other:
                raise UntriedError(f"Not tried on {VENDORS.get(other, other)}.")

    def _attempt(self, bench: Bench, remedy: Remedy) -> Attempt:
        try:
            passed = self._way(remedy)(bench)
            self._conflicts[_bare(remedy)] = passed.conflicts
            return Attempt(state="verified", how=passed.how)
        except RefusedError as error:
            return Attempt(state="failed", how=f"{bench.how}.", reason=str(error))
        except UntriedError as error:
            return Attempt(state="not_tried", reason=str(error))
        except Exception as error:  # noqa: BLE001 - a trial that goes wrong costs the remedy its "verified" alone
            return Attempt(state="not_tried", reason=f"The trial itself failed ({type(error).__name__}).")

    def _way(self, remedy: Remedy) -> Callable[[Bench], Passed]:
        """How a remedy of its kind is tried."""
        action = remedy.action
        match action:
            case ChangeQuery():
                return lambda _: queries.tried(remedy, action, self._apps)
            case ChangeSetting():
                return lambda bench: settings.tried(bench, remedy)
            case DropIndex() if fields.EDIT.match(remedy.orm):
                return lambda bench: fields.tried(bench, remedy, action, self._apps)
            case CreateIndex() if remedy.sql:
                return lambda bench: indexes.tried(bench, remedy, action, self._apps)
        return lambda bench: statements.tried(bench, remedy)


def _whole(remedy: Remedy) -> Remedy:
    return replace(remedy, attempt=None, conflicts="")


def _bare(remedy: Remedy) -> Remedy:
    """The remedy by which its attempt is known: what was measured of it is said apart."""
    ran = remedy.kind == "change_query" and bool(remedy.verification)
    return replace(remedy, attempt=None, conflicts="", verification=queries.RAN if ran else "")


def _without(advice: Advice, failed: dict[Chosen, str]) -> Advice:
    """The advice without these indexes: what they would have helped costs what it costs today."""
    gone = frozenset(one.candidate for one in advice.chosen if one in failed)
    effects = tuple(_effect(one, gone) for one in advice.effects)
    lost = sum(
        advice.before * was.share * (now.ratio - was.ratio) for was, now in zip(advice.effects, effects, strict=True)
    )
    rejected = (Rejected(candidate=one.candidate, reason=failed[one]) for one in advice.chosen if one in failed)
    kept = tuple(one for one in advice.chosen if one not in failed)
    return replace(
        advice,
        chosen=kept,
        effects=effects,
        rejected=(*advice.rejected, *rejected),
        after=advice.after + lost,
        bytes=sum(one.bytes for one in kept),
    )


def _effect(effect: Effect, gone: frozenset[object]) -> Effect:
    return replace(effect, after=effect.before) if effect.after.used & gone else effect
