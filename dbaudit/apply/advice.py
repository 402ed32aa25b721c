"""What an audit recommends to build and drop."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from dbaudit.findings import CreateIndex, DropIndex, Evidence, Finding, Gain, Helped, Recommendation, Risk


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """One index that an audit says to build or drop.

    ``key`` is the finding's, the index's name where no finding stands behind it; ``check`` is the check that found it.
    ``after`` names the recommended index without which one to drop is not needless.
    ``queries`` are the fingerprints of the statements that it helps and ``helps`` says of each who asks it and what it
    is expected to cost; ``projected`` says that the gain is that of more rows than there are. ``risk`` and ``caution``
    are the report's.
    """

    key: str
    title: str
    action: CreateIndex | DropIndex
    check: str = ""
    orm: str = ""
    evidence: tuple[str, ...] = ()
    gain: Gain | None = None
    bytes: int | None = None
    after: str = ""
    queries: tuple[str, ...] = ()
    helps: tuple[str, ...] = ()
    projected: bool = False
    risk: Risk = "safe"
    caution: str = ""


def of(recommendations: Iterable[Recommendation], findings: Iterable[Finding]) -> tuple[Advice, ...]:
    """The indexes that the recommendations name, the best first.

    A group's recommendation shows the remedy of its first finding and stands for those of all.
    """
    by_key = {one.key: one for one in findings}
    found = []
    for one in sorted(recommendations, key=lambda each: each.rank):
        behind = [by_key[key] for key in one.findings if key in by_key]
        members = _members(behind)
        if len(members) > 1 and one.remedy == behind[0].remedy:
            found += [_advice(one, finding, finding) for finding in members]
        else:
            found.append(_advice(one, None, behind[0] if behind else None))
    return tuple(each for each in found if each is not None)


def _members(behind: list[Finding]) -> tuple[Finding, ...]:
    """The findings of a group: those that do to other indexes what the first one's remedy does to one."""
    if not behind:
        return ()
    kind = behind[0].remedy.kind
    alike = [one for one in behind if one.remedy.kind == kind and one.group == behind[0].group != ""]
    alike += [one for one in behind if one.remedy.kind == kind == "drop_index" and one not in alike]
    actions = {getattr(one.remedy.action, "name", ""): one for one in reversed(alike)}
    return tuple(one for one in alike if actions[getattr(one.remedy.action, "name", "")] is one)


def _advice(one: Recommendation, of_group: Finding | None, finding: Finding | None) -> Advice | None:
    remedy = of_group.remedy if of_group else one.remedy
    if not isinstance(remedy.action, CreateIndex | DropIndex):
        return None
    return Advice(
        key=finding.key if finding else remedy.action.name,
        check=finding.check if finding else "",
        title=of_group.subject if of_group else one.title,
        action=remedy.action,
        orm=remedy.orm,
        evidence=tuple(map(_words, finding.evidence)) if finding else (),
        gain=one.gain,
        bytes=one.cost.bytes if one.cost else None,
        after=one.after,
        queries=tuple(each.fingerprint for each in one.helps),
        helps=tuple(map(_expected, one.helps)),
        risk=one.risk,
        caution=one.caution,
        projected=one.projected or any(each.today_before is not None for each in one.helps),
    )


def _expected(one: Helped) -> str:
    """Who asks a statement, and its cost before and after; beside a projection those with the rows that there are."""
    told = f"{one.query}: {one.before:,.6g} → {one.after:,.6g} {one.unit}"
    if one.today_before is None or one.today_after is None:
        return told
    return f"{told} (today {one.today_before:,.6g} → {one.today_after:,.6g})"


def _words(evidence: Evidence) -> str:
    value = f"{evidence.value:,}" if isinstance(evidence.value, int) else str(evidence.value)
    return f"{evidence.what}: {' '.join(filter(None, (value, evidence.unit)))}"
