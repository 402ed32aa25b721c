"""What a recommendation is worth to whoever maintains the project, as a place in the list.

First what breaks for users, then what costs their time, then what will when the data has grown, then what can be tidied
up, and remarks last. Nothing here looks at a clock of this run: equal data gives an equal order.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from dbaudit.advisor.provenance import WEIGHT, Provenance, strongest
from dbaudit.facts import Owner, Snapshot
from dbaudit.findings import OWNERS, Confidence, Evidence, Finding, Priority, Severity

#: Warnings that are errors in waiting, the one that hurts users first in front.
HARM = (
    "invalid_lookup_name",
    "missing_table",
    "missing_column",
    "conflicting_migrations",
    "unapplied_migration",
    "unmade_migration",
    "query_failed",
    "sequence_behind",
    "invalid_index",
    "unenforced_uniqueness",
    "orphan_rows",
    "missing_constraint",
    "missing_foreign_key_constraint",
    "changed_constraint",
    "unvalidated_foreign_key",
    "sequence_narrower_than_column",
    "integer_runway",
    "missing_index",
    "changed_index",
)
#: Warnings about time that users wait for.
WAITING = (
    "n_plus_one",
    "defeated_prefetch",
    "slow_query",
    "unbounded_result",
    "grown_query",
    "bad_plan",
    "deep_offset",
    "duplicate_statement",
    "wasted_statement",
    "unserved_ordering",
    "lookup_index_mismatch",
    "lookup_without_possible_index",
    "unindexed_foreign_key",
    "unindexed_generic_foreign_key",
    "cascade_cost",
    "sequential_scan_heavy_table",
)
#: The admin's page that names all that a deletion takes along: Django's own loop, which asks each row for its name.
DELETING = "/<path:object_id>/delete/"
#: What one more query takes on its way to a server and back, and how many rows are read meanwhile.
QUERY_MS = 0.5
ROWS_PER_MS = 5_000
#: Bytes from which freeing them is worth more than a remark.
WORTH_FREEING = 1_000_000


class Tier(IntEnum):
    """The parts of the list."""

    BREAKS = 0
    COSTS = 1
    GROWS = 2
    TIDIES = 3
    REMARKS = 4


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Worth:
    """Where a recommendation stands: whose it is to change, which part of the list, and where in it."""

    owner: int
    tier: Tier
    operations: bool = False
    order: tuple[float, ...] = ()

    @property
    def most(self) -> Priority:
        """The highest priority in this part."""
        return "high" if self.tier <= Tier.COSTS else "medium" if self.tier < Tier.REMARKS else "low"


def of_build(owner: Owner, *, projected: bool, saved_ms: float, evidence: Provenance) -> Worth:
    """An index, by the milliseconds that it saves the statement that gains most."""
    tier = Tier.GROWS if projected else Tier.COSTS
    return Worth(owner=OWNERS.index(owner), tier=tier, order=(-saved_ms * WEIGHT[evidence],))


def of_finding(finding: Finding, snapshot: Snapshot | None, *, freed: int) -> Worth:
    """A finding that no index answers; ``freed`` are the bytes that its remedy frees."""
    tier = _tier(finding, freed)
    order: tuple[float, ...] = (-freed, -finding.severity.rank, -finding.confidence.rank)
    if tier is Tier.BREAKS:
        place = HARM.index(finding.check) if finding.check in HARM else len(HARM)
        order = (-finding.severity.rank, place, -finding.confidence.rank)
    elif tier is Tier.COSTS:
        order = (-_waited_ms(finding, snapshot), -finding.confidence.rank)
    return Worth(owner=OWNERS.index(finding.owner), tier=tier, operations=finding.category == "operations", order=order)


def _tier(finding: Finding, freed: int) -> Tier:
    if finding.severity is Severity.ERROR:
        return Tier.BREAKS
    if finding.check == "n_plus_one" and finding.identity[0].endswith(DELETING):
        return Tier.REMARKS
    if finding.severity is Severity.INFO or finding.confidence is Confidence.LOW:
        return Tier.TIDIES if freed >= WORTH_FREEING else Tier.REMARKS
    if finding.check in HARM:
        return Tier.BREAKS
    return Tier.COSTS if finding.check in WAITING else Tier.TIDIES


def _waited_ms(finding: Finding, snapshot: Snapshot | None) -> float:
    """The milliseconds that users wait for it, about: by the queries that it asks or the rows that it reads."""
    if snapshot is None:
        return 0.0
    runs = [run for run in snapshot.runs if run.id in finding.identity]
    weight = WEIGHT[strongest(snapshot, [run.id for run in runs])] if runs else WEIGHT[Provenance.ADMIN]
    queries = sum(_number(one) for one in finding.evidence[:1] if one.unit == "queries")
    table = snapshot.labelled(finding.table)
    rows = (table.rows or 0) if table else 0
    return (queries * QUERY_MS + rows / ROWS_PER_MS) * weight


def _number(evidence: Evidence) -> float:
    return float(evidence.value) if isinstance(evidence.value, int | float) else 0.0
