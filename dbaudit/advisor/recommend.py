"""Findings and the advisor's indexes become one list of recommendations: one problem is one entry, the best first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from dbaudit.advisor import present
from dbaudit.advisor.concluded import Advised
from dbaudit.facts import Index, Snapshot
from dbaudit.findings import (
    OWNERS,
    Confidence,
    Cost,
    CreateIndex,
    DropIndex,
    Finding,
    Gain,
    IndexPlan,
    Phase,
    Priority,
    Recommendation,
    Refused,
    Remedy,
    Risk,
    Severity,
)

PHASES = {
    1: "Safe and automatic: indexes to build",
    2: "To review: changes to models, queries, settings and indexes to drop",
    3: "Structural: tables, keys and constraints",
}
PRIORITIES: dict[Severity, Priority] = {
    Severity.ERROR: "high",
    Severity.WARNING: "medium",
    Severity.INFO: "low",
}
_ORDER: tuple[Priority, ...] = ("high", "medium", "low")
#: Gain times confidence divided by cost, of findings that no trial put figures to.
_GAINS = {Severity.ERROR: 1.0, Severity.WARNING: 0.5, Severity.INFO: 0.1}
_SURE = {Confidence.HIGH: 1.0, Confidence.MEDIUM: 0.7, Confidence.LOW: 0.4}
_EFFORT = {1: 1.0, 2: 1.5, 3: 3.0}
_UNTRIED = 0.8
#: Checks whose remedy takes an index away, also where that is an edit of a field.
_DROPPING = ("redundant_index", "unused_index", "unused_pattern_index", "duplicate_index", "rarely_used_index")


def recommend(
    findings: Iterable[Finding], snapshot: Snapshot | None = None, advised: Advised | None = None
) -> tuple[Recommendation, ...]:
    """One recommendation for each remedy: by owner, priority, and within that by value.

    Findings of a group share one recommendation. A finding that an index of the advisor answers is part of that
    index's. What only Django or another package could change is no recommendation unless it is an error or a warning.
    """
    told = sorted(findings, key=lambda one: one.order)
    found: list[tuple[tuple[int, bool], Recommendation]] = []
    if snapshot is not None and advised is not None:
        dropped = {index.name for finding in told if (index := _dropped(snapshot, finding))}
        for part in advised.parts:
            found += [(_place(snapshot, one), one) for one in present.builds(snapshot, part, told)]
            drops = [*present.drops(snapshot, part, dropped)]
            dropped |= {one.remedy.action.name for one in drops if isinstance(one.remedy.action, DropIndex)}
            found += [((0, False), one) for one in drops]
    answered = {key for _, one in found for key in one.findings}
    causes: dict[tuple[str, str], list[Finding]] = {}
    for finding in told:
        wanted = finding.owner == "project" or finding.severity.rank >= Severity.WARNING.rank
        if wanted and finding.key not in answered and finding.remedy.advised:
            causes.setdefault((finding.check, finding.group or finding.key), []).append(finding)
    for group in causes.values():
        place = (OWNERS.index(group[0].owner), group[0].category == "operations")
        found.append((place, _recommendation(group, snapshot)))
    found.sort(key=lambda each: (each[0][0], _ORDER.index(each[1].priority), each[0][1], -each[1].value, each[1].title))
    return tuple(replace(one, rank=rank) for rank, (_, one) in enumerate(found, start=1))


def _place(snapshot: Snapshot, build: Recommendation) -> tuple[int, bool]:
    """An index on a table of somebody else's stands with what only they could change, last."""
    table = snapshot.labelled(build.remedy.action.table) if isinstance(build.remedy.action, CreateIndex) else None
    return (OWNERS.index(table.ownership.owner) if table else 0, False)


def plan(recommendations: Iterable[Recommendation]) -> tuple[Phase, ...]:
    """The recommendations by phase, in the order in which they are safe to carry out."""
    by_phase: dict[int, list[int]] = {}
    for one in recommendations:
        by_phase.setdefault(one.phase, []).append(one.rank)
    return tuple(
        Phase(number=number, title=PHASES[number], recommendations=tuple(ranks))
        for number, ranks in sorted(by_phase.items())
    )


def index_plan(
    recommendations: Iterable[Recommendation],
    findings: Iterable[Finding],
    snapshot: Snapshot,
    advised: Advised,
    *,
    explain_rejected: bool = False,
) -> IndexPlan:
    """All indexes that the recommendations build and drop, in figures."""
    told = tuple(recommendations)
    built = [one for one in told if isinstance(one.remedy.action, CreateIndex)]
    by_key = {finding.key: finding for finding in findings}
    freed = [-(one.cost.bytes or 0) for one in told if one.after and one.cost]
    behind = [by_key[key] for one in told for key in one.findings if key in by_key]
    freed += [index.bytes or 0 for index in filter(None, (_dropped(snapshot, finding) for finding in behind))]
    advice, growth = advised.advice, (advised.beside or advised).growth
    apart = advised.beside.advice.chosen if advised.beside else ()
    return IndexPlan(
        built=len(built),
        dropped=len(freed),
        built_bytes=sum(one.cost.bytes or 0 for one in built if one.cost) - sum(one.bytes for one in apart),
        freed_bytes=sum(freed),
        entries=len(built) - len(freed),
        statements=len(advice.effects),
        before=round(advice.before, 2),
        after=round(advice.after, 2),
        unit=advised.unit,
        source=advised.source,
        projection=growth.told() if growth else "",
        projected=len(apart),
        budget_bytes=advice.budget_bytes,
        plans=sum(part.advice.calls for part in advised.parts),
        complete=advice.complete,
        refused=tuple(
            Refused(table=one.candidate.table, index=one.candidate.describe(), reason=one.reason)
            for one in advice.rejected
        )
        if explain_rejected
        else (),
    )


def _dropped(snapshot: Snapshot, finding: Finding) -> Index | None:
    """The index that a finding's remedy takes away."""
    action = finding.remedy.action
    if not isinstance(action, DropIndex) and finding.check not in _DROPPING:
        return None
    table = snapshot.labelled(finding.table)
    for index in table.indexes if table else ():
        if index.name == action.name if isinstance(action, DropIndex) else index.describe() == finding.identity[-1]:
            return index
    return None


def _recommendation(findings: list[Finding], snapshot: Snapshot | None) -> Recommendation:
    first = min(findings, key=lambda one: (-one.severity.rank, not one.remedy.tried, -one.confidence.rank))
    remedy = first.remedy
    freed = list(_freed(snapshot, findings)) if snapshot else []
    return Recommendation(
        rank=0,
        priority=PRIORITIES[first.severity],
        phase=_phase(remedy),
        title=first.group or first.subject,
        remedy=remedy,
        findings=tuple(finding.key for finding in findings),
        gain=_measured(first, snapshot) if snapshot else None,
        cost=Cost(bytes=-sum(freed)) if freed else None,
        risk=_risk(remedy),
        value=_value(first, _phase(remedy)),
    )


def _measured(finding: Finding, snapshot: Snapshot) -> Gain | None:
    """What the change of a query gave when it was run: fewer queries, else fewer bytes, else less time."""
    for run in snapshot.runs:
        if run.id in finding.identity:
            for one in run.trials:
                if one.worked and one.change == finding.remedy.orm:
                    pairs = (
                        (one.queries_before, one.queries_after, "queries"),
                        (one.bytes_before, one.bytes_after, "bytes"),
                        (one.ms_before, one.ms_after, "ms"),
                    )
                    told = [(was, now, unit) for was, now, unit in pairs if was is not None and now is not None]
                    for was, now, unit in told:
                        if now < was:
                            return Gain(before=round(was, 2), after=round(now, 2), unit=unit, source="run on this data")
    return None


def _freed(snapshot: Snapshot, findings: Iterable[Finding]) -> Iterator[int]:
    for finding in findings:
        index = _dropped(snapshot, finding)
        if index is not None and index.bytes is not None:
            yield index.bytes


def _value(finding: Finding, phase: int) -> float:
    tried = 1.0 if finding.remedy.tried else _UNTRIED
    return round(_GAINS[finding.severity] * _SURE[finding.confidence] * tried / _EFFORT[phase], 4)


def _phase(remedy: Remedy) -> int:
    if isinstance(remedy.action, CreateIndex):
        return 1
    return 3 if remedy.kind in ("add_constraint", "run_sql") else 2


def _risk(remedy: Remedy) -> Risk:
    """Building an index changes no result and can be undone; a drop can be undone too, but may slow a query unseen."""
    return "safe" if isinstance(remedy.action, CreateIndex) else "review"
