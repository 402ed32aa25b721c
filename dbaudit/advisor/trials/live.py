"""Indexes really built on the live tables, planned with, and rolled back: only when asked (``--what-if build``).

Every writer of a table waits while an index is built on it and until the transaction ends; readers do not. So only
small tables get one, and a table that is in use is not waited for longer than the lock timeout.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from django.db import DatabaseError, InterfaceError
from django.db.backends.base.base import BaseDatabaseWrapper

from dbaudit.advisor.candidate import Asked, Candidate, Planned, TrialEndedError, UnplannableError
from dbaudit.advisor.trials.definition import create_index
from dbaudit.advisor.trials.explain import plans, refusal
from dbaudit.advisor.values import Advice, Chosen, Effect, Rejected
from dbaudit.connection.errors import sqlstate
from dbaudit.connection.rollback import attempt, rolled_back
from dbaudit.connection.settings import set_locally
from dbaudit.facts import Skipped, Snapshot

#: A table with more bytes than these gets no trial index: building one takes seconds, for which its writers wait.
MIB = 2**20
MOST_BYTES = 64 * MIB
BUILT = "built in a transaction that was rolled back"
WHAT = "Indexes to be built for a trial"
UNUSED = "It was built for a trial, and no plan used it."
NOT_YET = "rows of its table were updated a moment ago, so that no plan of this transaction may use it"
_MADE = """
SELECT pg_catalog.pg_relation_size(indexrelid), indcheckxmin FROM pg_catalog.pg_index WHERE indexrelid = %s::regclass
"""
_REASONS = {
    "55P03": "the table stayed locked",
    "57014": "that took longer than the statement timeout",
    "42501": "the audit's role does not own the table",
    "25006": "the role's transactions are read-only, or this is a standby",
}


@dataclass(frozen=True)
class Tried:
    """What came of it: the bytes of each index that was built, why the others were not, and the plans of statements by
    fingerprint."""

    sizes: Mapping[Candidate, int] = field(default_factory=dict)
    reasons: Mapping[Candidate, str] = field(default_factory=dict)
    planned: Mapping[str, Planned] = field(default_factory=dict)


def tried(
    connection: BaseDatabaseWrapper,
    snapshot: Snapshot,
    candidates: Iterable[Candidate],
    asked: Iterable[Asked],
    *,
    statement_timeout_ms: int,
    lock_timeout_ms: int,
) -> Tried:
    """Build these indexes on the real tables, plan these statements, and take all back.

    Raises:
        TrialEndedError: the connection was lost.
    """
    sizes: dict[Candidate, int] = {}
    reasons: dict[Candidate, str] = {}
    with rolled_back(connection):
        set_locally(connection, statement_timeout=statement_timeout_ms, lock_timeout=lock_timeout_ms)
        for one in sorted(candidates):
            reasons[one] = _too_large(one, snapshot)
            if not reasons[one]:
                try:
                    sizes[one] = _built(connection, snapshot, one)
                except UnplannableError as error:
                    reasons[one] = str(error)
        planned = dict(_planned(connection, asked, sizes)) if sizes else {}
    return Tried(sizes, {one: reason for one, reason in reasons.items() if reason}, planned)


def verified(advice: Advice, found: Tried) -> Advice:
    """The advice with the figures of the indexes that were built: those that no plan used then are refused."""
    effects = tuple(_verified(effect, found) for effect in advice.effects)
    used = {one for effect in effects for one in effect.after.used}
    kept = tuple(_chosen(one, effects, found) for one in advice.chosen if one.candidate in used)
    refused = [Rejected(candidate=one.candidate, reason=UNUSED) for one in advice.chosen if one.candidate not in used]
    untried = tuple(
        Skipped(
            WHAT,
            f"{one.candidate.table} {one.candidate.describe()} was not built: {found.reasons[one.candidate]}. "
            "Its figures are those of the plan alone.",
        )
        for one in kept
        if one.candidate in found.reasons
    )
    saved = sum(effect.share * (1 - effect.ratio) for effect in effects)
    return replace(
        advice,
        chosen=kept,
        effects=effects,
        rejected=tuple(sorted((*advice.rejected, *refused), key=lambda one: one.candidate)),
        skipped=(*advice.skipped, *untried),
        after=advice.before * (1 - saved),
        bytes=sum(one.bytes for one in kept),
    )


def _verified(effect: Effect, found: Tried) -> Effect:
    """A statement of which all indexes were built, as it was planned then."""
    after = found.planned.get(effect.asked.fingerprint)
    return replace(effect, after=after) if after is not None and effect.after.used <= found.sizes.keys() else effect


def _chosen(one: Chosen, effects: tuple[Effect, ...], found: Tried) -> Chosen:
    helps = tuple(effect.asked.fingerprint for effect in effects if one.candidate in effect.after.used)
    if one.candidate not in found.sizes:
        return replace(one, helps=helps)
    return replace(one, helps=helps, bytes=found.sizes[one.candidate], source=BUILT)


def _too_large(candidate: Candidate, snapshot: Snapshot) -> str:
    table = snapshot.table(candidate.table, candidate.schema)
    size = table.bytes if table else None
    if table is None or size is None:
        return "the size of its table is not known"
    if table.kind != "table":
        return "its table is partitioned"
    if size > MOST_BYTES:
        return f"its table has {size // MIB:,} MiB, more than {MOST_BYTES // MIB}"
    return ""


def _built(connection: BaseDatabaseWrapper, snapshot: Snapshot, candidate: Candidate) -> int:
    table = snapshot.dialect.quote(candidate.schema, candidate.table)
    name = snapshot.dialect.quote(candidate.schema, candidate.name)
    try:
        with attempt(connection), connection.cursor() as cursor:
            cursor.execute(create_index(candidate, snapshot.dialect, name=candidate.name))
            if any(key.expression for key in candidate.keys):
                cursor.execute(f"ANALYZE {table}")  # the planner knows nothing of an expression before
            cursor.execute(_MADE, [name])
            size, waits = cursor.fetchone()
            if waits:
                raise UnplannableError(NOT_YET)
            return int(size)
    except (DatabaseError, InterfaceError) as error:
        found = refusal(connection, error)
        if isinstance(found, TrialEndedError):
            raise found from error
        state = sqlstate(error) or "unknown"
        raise UnplannableError(_REASONS.get(state, f"the server refuses it (SQLSTATE {state})")) from error


def _planned(
    connection: BaseDatabaseWrapper, asked: Iterable[Asked], sizes: Mapping[Candidate, int]
) -> Iterable[tuple[str, Planned]]:
    names = {one.name: one for one in sizes}
    for one in asked:
        try:
            found = plans(connection, one)
        except UnplannableError:
            continue
        used = frozenset(names[node.index] for plan in found for node in plan.nodes if node.index in names)
        cost = sum(plan.cost or 0.0 for plan in found)
        yield one.fingerprint, Planned(cost=cost, used=used, plans=found)
