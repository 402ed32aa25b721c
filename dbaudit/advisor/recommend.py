"""Findings with one remedy become one recommendation; the best come first."""

from __future__ import annotations

from collections.abc import Iterable

from dbaudit.findings import CreateIndex, Finding, Phase, Priority, Recommendation, Remedy, Risk, Severity

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


def recommend(findings: Iterable[Finding]) -> tuple[Recommendation, ...]:
    """One recommendation for each remedy, a verified one before one that was not tried, otherwise as findings rank.

    Findings of a group share one recommendation. What only Django or another package could change is no recommendation
    unless it is an error or a warning.
    """
    causes: dict[tuple[str, str], list[Finding]] = {}
    for finding in sorted(findings, key=_rank):
        if finding.owner == "project" or finding.severity.rank >= Severity.WARNING.rank:
            causes.setdefault((finding.check, finding.group or finding.key), []).append(finding)
    return tuple(_recommendation(rank, group) for rank, group in enumerate(causes.values(), start=1))


def plan(recommendations: Iterable[Recommendation]) -> tuple[Phase, ...]:
    """The recommendations by phase, in the order in which they are safe to carry out."""
    by_phase: dict[int, list[int]] = {}
    for one in recommendations:
        by_phase.setdefault(one.phase, []).append(one.rank)
    return tuple(
        Phase(number=number, title=PHASES[number], recommendations=tuple(ranks))
        for number, ranks in sorted(by_phase.items())
    )


def _rank(finding: Finding) -> tuple[int, int, bool, bool, int, str]:
    owner, operations, severity, confidence, key = finding.order
    return (owner, severity, operations, not finding.remedy.verification, confidence, key)


def _recommendation(rank: int, findings: list[Finding]) -> Recommendation:
    first = findings[0]
    remedy = first.remedy
    return Recommendation(
        rank=rank,
        priority=PRIORITIES[first.severity],
        phase=_phase(remedy),
        title=first.group or first.subject,
        remedy=remedy,
        findings=tuple(finding.key for finding in findings),
        risk=_risk(remedy),
    )


def _phase(remedy: Remedy) -> int:
    if isinstance(remedy.action, CreateIndex):
        return 1
    return 3 if remedy.kind in ("add_constraint", "run_sql") else 2


def _risk(remedy: Remedy) -> Risk:
    """Building an index changes no result and can be undone; a drop can be undone too, but may slow a query unseen."""
    return "safe" if isinstance(remedy.action, CreateIndex) else "review"
