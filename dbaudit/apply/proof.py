"""What an index gained: the measured queries of its table, planned, counted and timed before and after.

What a query reads (pages on PostgreSQL, instructions on SQLite) is the same on an idle and on a busy machine; times are
not. So the work is compared first, and times only as distributions of pairs: each run of a query is timed beside a run
of a statement that no index touches, whose time tells how busy the machine is. "Slower" needs both.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from dbaudit.apply.steps import Done, Step
from dbaudit.apply.taken import Asked, Taken
from dbaudit.facts import QueryRun

#: Queries of a table that are timed besides those of the evidence, the slowest first.
MOST: Final = 10
#: A query has become slower if it reads so many times as much, and its median takes so many times as long and a
#: millisecond more, each of its runs longer than each of those before.
MORE: Final = 1.2
SLOWER: Final = 1.5
WORDS: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Gained:
    """One query before and after; ``before`` is None where it took too long. ``used`` says whether its plan uses the
    new index, ``evidence`` whether the index was advised for it. ``unit`` is that of the work."""

    step: int
    label: str
    query: str
    before: Taken | None
    after: Taken
    used: bool
    unit: str = ""
    evidence: bool = False

    @property
    def saved(self) -> tuple[float, float]:
        """For comparing: the work that is saved, then the time."""
        before = self.before or self.after
        work = (before.work or 0) - (self.after.work or 0)
        return work, before.ms - self.after.ms

    @property
    def slower(self) -> bool:
        """Whether the plan with the new index clearly reads more and takes longer than the one before."""
        was, now = self.before, self.after
        if not self.used or was is None or was.work is None or now.work is None or now.work <= MORE * was.work:
            return False
        apart = min(now.paces) > max(was.paces)
        longer = statistics.median(now.paces) > SLOWER * statistics.median(was.paces)
        return apart and longer and now.ms > was.ms + 1

    @property
    def told(self) -> str:
        """From before to after, the work first."""
        was, now = self.before, self.after
        parts = []
        if now.work is not None:
            before = f"{was.work:,} → " if was and was.work is not None else ""
            parts.append(f"{before}{now.work:,} {self.unit}")
        parts.append(f"{f'{was.ms:.2f} ms → ' if was else ''}{now.ms:.2f} ms")
        return ", ".join(parts)


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


def gained(
    done: Iterable[Done],
    asked: Iterable[Asked],
    before: Mapping[str, Taken],
    after: Mapping[str, Taken],
    unit: str = "",
) -> tuple[Gained, ...]:
    """The queries of each built index, the biggest gain first. ``unit`` is that of the work."""
    asked = tuple(asked)
    found = [
        Gained(
            step=each.step.number,
            label=one.label,
            query=_short(one.statement.template),
            before=before.get(key),
            after=after[key],
            used=each.index in after[key].indexes,
            unit=unit,
            evidence=key in each.step.queries,
        )
        for each in done
        if each.outcome == "built"
        for one in asked
        if (key := one.statement.fingerprint) in after and each.step.table in one.statement.tables
    ]
    return tuple(sorted(found, key=lambda one: (one.step, *(-saved for saved in one.saved))))


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
            yield f"{each.index}: {'SLOWER: ' * one.slower}{one.told}  {one.label!r}: {one.query}"
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
        yield f"{each.index}: with it a query reads more and takes longer in every run; {back}"
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


def _short(template: str) -> str:
    words = " ".join(template.split())
    return words if len(words) <= WORDS else f"{words[: WORDS - 1]}…"
