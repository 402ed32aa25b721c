"""What is too little to tell: small tables, quick statements, small parts of the time, small gains.

`asked` leaves out what could not be told anyway before anything is tried, `above` what turned out to be too little.
Neither looks at this machine's clock: where nobody else timed a statement, its cost stands for its time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from dbaudit.advisor.candidate import Asked, Candidate
from dbaudit.advisor.concluded import Advised
from dbaudit.advisor.provenance import Provenance
from dbaudit.advisor.statements import is_named
from dbaudit.advisor.values import Advice, Chosen, Effect, Rejected
from dbaudit.facts import Snapshot, Table
from dbaudit.findings import CreateIndex, Finding, Floor

#: Units of cost that take a millisecond, about: pages of a table in memory, instructions of SQLite.
COST_PER_MS = {"postgresql": 100.0, "sqlite": 50_000.0}
#: Checks that ask for an index because a model declares it: how many rows there are is no matter.
DECLARED = ("missing_index", "changed_index")


def asked(found: Iterable[Asked], snapshot: Snapshot, floor: Floor) -> tuple[Asked, ...]:
    """The statements that may ask for an index: those that read a table of some size, and all of canned queries."""
    return tuple(
        one for one in found if _is_own_word(one) or not all(is_small(table, floor) for table in _read(one, snapshot))
    )


def is_small(table: Table | None, floor: Floor) -> bool:
    """Whether a table is known to have so few rows that an index shows nothing."""
    return table is not None and table.rows is not None and table.rows < floor.table_rows


def asks_too_early(finding: Finding, snapshot: Snapshot, floor: Floor) -> bool:
    """Whether a check asks for an index of a table that is still small."""
    action = finding.remedy.action
    if not isinstance(action, CreateIndex) or finding.check in DECLARED:
        return False
    return is_small(snapshot.labelled(finding.table or action.table), floor)


def above(advised: Advised, snapshot: Snapshot, floor: Floor) -> Advised:
    """The advice without the indexes that are not worth telling; these are refused, each with its reason."""
    beside = above(advised.beside, snapshot, floor) if advised.beside else None
    reasons = {one.candidate: _reason(advised, one, snapshot, floor) for one in advised.advice.chosen}
    left = {candidate: reason for candidate, reason in reasons.items() if reason}
    if not left:
        return replace(advised, beside=beside)
    return replace(advised, advice=_without(advised.advice, left), beside=beside)


def milliseconds(effect: Effect, vendor: str) -> float:
    """What one execution takes: its time as others saw it, otherwise what its cost stands for."""
    if effect.asked.observed_ms is not None:
        return effect.asked.observed_ms
    return _single(effect) / COST_PER_MS[vendor]


def _single(effect: Effect) -> float:
    return effect.before.cost / max(1, len(effect.asked.samples))


def _without(advice: Advice, left: dict[Candidate, str]) -> Advice:
    """The advice as it is when these are not built: what they helped stays as it was."""
    effects, more = [], 0.0
    for effect in advice.effects:
        lost = bool(effect.after.used & left.keys())
        more += advice.before * effect.share * max(0.0, 1 - effect.ratio) if lost else 0.0
        effects.append(replace(effect, after=effect.before) if lost else effect)
    refused = (
        Rejected(candidate=one.candidate, reason=left[one.candidate]) for one in advice.chosen if one.candidate in left
    )
    chosen = tuple(one for one in advice.chosen if one.candidate not in left)
    return replace(
        advice,
        chosen=chosen,
        effects=tuple(effects),
        rejected=(*advice.rejected, *refused),
        after=min(advice.before, advice.after + more),
        bytes=sum(one.bytes for one in chosen),
    )


def _reason(advised: Advised, one: Chosen, snapshot: Snapshot, floor: Floor) -> str:
    """Why an index is not worth telling, ``""`` where it is."""
    effects = [effect for effect in advised.advice.effects if effect.asked.fingerprint in one.helps]
    best = min((effect.ratio for effect in effects), default=1.0)
    # Grown by a small factor, a table shows only part of what it will.
    least = floor.gain_percent / (4 if advised.growth else 1)
    if best > 1 - least / 100:
        return f"No statement gets cheaper by {least:g} % or more."
    if any(_is_own_word(effect.asked) for effect in effects):
        return ""
    table = snapshot.table(one.candidate.table, one.candidate.schema)
    if table and is_small(table, floor):
        return f"Its table has fewer than {floor.table_rows:,} rows, and no canned query asks for it."
    if all(milliseconds(effect, snapshot.vendor) < floor.statement_ms for effect in effects):
        return f"The statements that it helps take less than {floor.statement_ms} ms."
    if 100 * sum(effect.share for effect in effects) < floor.time_percent:
        return f"The statements that it helps take less than {floor.time_percent} % of the time."
    return ""


def _is_own_word(one: Asked) -> bool:
    """Whether the project itself says that the statement matters."""
    return one.provenance is Provenance.CANNED


def _read(one: Asked, snapshot: Snapshot) -> Iterator[Table]:
    """The tables that a statement names, as far as they store rows."""
    return (table for table in snapshot.stored_tables() if is_named(one.sql, table))
