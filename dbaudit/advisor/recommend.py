"""Findings and the advisor's indexes become one list of recommendations: one cause is one entry, the best first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from dbaudit.advisor import floors, present
from dbaudit.advisor.causes import Cause, causes, index_of, same_keys
from dbaudit.advisor.concluded import Advised
from dbaudit.advisor.provenance import Provenance, strongest
from dbaudit.advisor.worth import Tier, Worth, of_finding
from dbaudit.facts import Index, Snapshot
from dbaudit.findings import (
    Confidence,
    Cost,
    CreateIndex,
    DropIndex,
    Finding,
    Floor,
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
#: What a check says of an index that a new one makes needless: to drop it answers all of this.
_OF_NEEDLESS = ("undeclared_index", "unused_index", "rarely_used_index", "low_cardinality_index")

#: The end of a subject of `n_plus_one`, and how much of what a loop asks is named.
ONCE, NAMED = " is asked once for each row", 3

_Placed = tuple[Worth, Recommendation]


def recommend(
    findings: Iterable[Finding],
    snapshot: Snapshot | None = None,
    advised: Advised | None = None,
    floor: Floor = Floor(),  # noqa: B008 - a frozen value
) -> tuple[Recommendation, ...]:
    """One recommendation for each cause, by what it is worth (see `dbaudit.advisor.worth`).

    Findings of a group, and those of one object, share one recommendation. A finding that an index of the advisor
    answers is part of that index's; what that index makes needless is a line of it. What only Django or another package
    could change is no recommendation unless it is an error or a warning, nor is an index of a table below the floor.
    """
    told = sorted(findings, key=lambda one: one.order)
    placed: list[_Placed] = []
    if snapshot is not None and advised is not None:
        placed += _builds(snapshot, advised, told, floor)
        placed = [_declared(snapshot, each, told) for each in placed]
    answered = {key for _, one in placed for key in one.findings}
    for cause in causes((finding for finding in told if finding.key not in answered), snapshot):
        if _is_wanted(cause, snapshot, floor):
            placed.append(_of_cause(cause, snapshot))
    placed.sort(key=lambda each: (each[0], -each[1].value, each[1].title))
    ranked = _falling((worth, _capped(worth, one)) for worth, one in placed)
    return tuple(replace(one, rank=rank) for rank, one in enumerate(ranked, start=1))


def _falling(placed: Iterable[_Placed]) -> Iterator[Recommendation]:
    """Of what costs time nothing is of high priority behind what is not: the list itself says what comes first."""
    most: Priority = "high"
    for worth, one in placed:
        if worth.tier is Tier.COSTS:
            most = "high" if most == one.priority == "high" else "medium"
            yield replace(one, priority=max(one.priority, most, key=_ORDER.index))
        else:
            yield one


def _builds(snapshot: Snapshot, advised: Advised, told: list[Finding], floor: Floor) -> Iterator[_Placed]:
    """The advisor's indexes. What a finding drops anyway is no line of theirs, nor what another of them drops."""
    dropped = {index.name for finding in told if (index := _dropped(snapshot, finding))}
    for part in advised.parts:
        for chosen in part.advice.chosen:
            found = present.build(snapshot, part, chosen, told, dropped, floor)
            if found is not None:
                worth, build = found
                dropped |= {*build.replaces}
                needless = (finding.key for finding in told if _is_of(finding, build, snapshot))
                yield worth, replace(build, findings=tuple(dict.fromkeys((*build.findings, *needless))))


def _is_of(finding: Finding, build: Recommendation, snapshot: Snapshot) -> bool:
    """Whether a finding is about an index that goes when this one is built."""
    if finding.check not in _OF_NEEDLESS or not build.drops:
        return False
    index = index_of(finding, snapshot)
    return index is not None and index.name in build.replaces


def _declared(snapshot: Snapshot, placed: _Placed, told: list[Finding]) -> _Placed:
    """An index that a model declares and the database lacks is that one, under its own name."""
    worth, build = placed
    for finding in told:
        wanted, action = finding.remedy.action, build.remedy.action
        if finding.check not in floors.DECLARED or not isinstance(wanted, CreateIndex):
            continue
        if isinstance(action, CreateIndex) and same_keys(wanted, action):
            keys = tuple(dict.fromkeys((finding.key, *build.findings)))
            remedy = replace(finding.remedy, verification=finding.remedy.verification or build.remedy.verification)
            return of_finding(finding, snapshot, freed=0), replace(
                build, title=finding.subject, remedy=remedy, findings=keys, priority=PRIORITIES[finding.severity]
            )
    return worth, build


def _is_wanted(cause: Cause, snapshot: Snapshot | None, floor: Floor) -> bool:
    """Whether somebody would act on it: the project on its own, on others' what is more than a remark."""
    first = cause.findings[0]
    if not first.remedy.advised:
        return False
    if first.owner != "project" and first.severity.rank < Severity.WARNING.rank:
        return False
    if snapshot is None:
        return True
    if all(one.check == "slow_query" for one in cause.findings):
        return strongest(snapshot, first.identity) <= Provenance.CANNED  # of others this machine's clock alone says it
    return not all(floors.asks_too_early(one, snapshot, floor) for one in cause.findings)


def _capped(worth: Worth, one: Recommendation) -> Recommendation:
    """With a priority that fits its place."""
    if worth.tier is Tier.BREAKS:
        return replace(one, priority="high")
    return replace(one, priority=max(one.priority, worth.most, key=_ORDER.index))


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
    behind = [by_key[key] for one in told for key in one.findings if key in by_key]
    freed = [*_freed(snapshot, behind), *(size for one in told for size in present.freed(snapshot, one))]
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
    dropping = isinstance(finding.remedy.action, DropIndex) or finding.check in _DROPPING
    return index_of(finding, snapshot) if dropping else None


def _of_cause(cause: Cause, snapshot: Snapshot | None) -> _Placed:
    first = cause.findings[0]
    remedy = first.remedy
    freed = sum(_freed(snapshot, cause.findings)) if snapshot else 0
    return of_finding(first, snapshot, freed=freed), Recommendation(
        rank=0,
        priority=PRIORITIES[first.severity],
        phase=_phase(remedy),
        title=cause.group or _title(cause, snapshot),
        remedy=remedy,
        findings=cause.keys,
        gain=_measured(first, snapshot) if snapshot else None,
        cost=Cost(bytes=-freed) if freed else None,
        risk=_risk(remedy, snapshot),
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


def _title(cause: Cause, snapshot: Snapshot | None) -> str:
    """The first finding's subject; of a loop what it asks, and where."""
    first = cause.findings[0]
    if first.check == "unmade_migration" and len(cause.findings) > 1:
        return f"Models of {len(cause.findings)} apps were changed and no migration was made"
    if first.check != "n_plus_one" or snapshot is None:
        return first.subject
    run = next((one for one in snapshot.runs if one.id == first.identity[0]), None)
    if run is None:
        return first.subject
    place = f", {first.location.file}:{first.location.line}" if first.location else ""
    asked = dict.fromkeys(one.subject.removesuffix(ONCE) for one in cause.findings if one.check == "n_plus_one")
    named = ", ".join(one[:1].lower() + one[1:] if one.startswith("A ") else one for one in list(asked)[:NAMED])
    more = f" and {len(asked) - NAMED} more" if len(asked) > NAMED else ""
    return f"{run.label!r} asks once for each row: {named}{more}{place}"


def _freed(snapshot: Snapshot, findings: Iterable[Finding]) -> Iterator[int]:
    """The bytes of each index that these findings drop, once."""
    dropped = {(finding.table, index.name): index for finding in findings if (index := _dropped(snapshot, finding))}
    return (index.bytes or 0 for index in dropped.values())


def _value(finding: Finding, phase: int) -> float:
    tried = 1.0 if finding.remedy.tried else _UNTRIED
    return round(_GAINS[finding.severity] * _SURE[finding.confidence] * tried / _EFFORT[phase], 4)


def _phase(remedy: Remedy) -> int:
    if isinstance(remedy.action, CreateIndex):
        return 1
    return 3 if remedy.kind in ("add_constraint", "run_sql") else 2


def _risk(remedy: Remedy, snapshot: Snapshot | None) -> Risk:
    """Building an index changes no result and can be undone; a drop can be undone too, but may slow a query unseen. On
    a partitioned table the statement keeps writers out of all partitions until it ends."""
    if not isinstance(remedy.action, CreateIndex):
        return "review"
    table = snapshot.labelled(remedy.action.table) if snapshot else None
    return "review" if table is not None and table.kind == present.PARTITIONED else "safe"
