"""What the advisor chose, as recommendations: each index with its proof and price, and those that it makes needless."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace

from dbaudit.advisor import floors, forms, served
from dbaudit.advisor.concluded import Advised
from dbaudit.advisor.provenance import Provenance
from dbaudit.advisor.values import Chosen, Effect
from dbaudit.advisor.worth import Worth, of_build
from dbaudit.analysis.removal import removal
from dbaudit.facts import Index, IndexKey, QueryRun, Snapshot, Statement, Table
from dbaudit.findings import (
    Cost,
    CreateIndex,
    DropIndex,
    Finding,
    Floor,
    Gain,
    Helped,
    Priority,
    Recommendation,
    Remedy,
)
from dbaudit.sql import equivalence
from dbaudit.sql.equivalence import covers
from dbaudit.sql.normal_form import mentioned

#: Rows that are put into an index in a second, about: measured on one core, keys of eight bytes.
ROWS_PER_SECOND = {"postgresql": 500_000, "sqlite": 1_000_000}
#: How sure a measured cost is, by vendor, and a projection.
CONFIDENCE = {"sqlite": 1.0, "postgresql": 0.8}
PROJECTED = 0.5
#: A workload that gets so much cheaper by one index is worth hurrying for; so is a slow query that takes half as long.
MUCH, HALF = 0.1, 0.5
#: An index of a check that this one may stand in for; `missing_index` asks for what a model declares already.
NOT_ANSWERED = ("missing_index",)
NAMED = 3
_LIST = re.compile(r"^SELECT (?!DISTINCT).{60,}? FROM ", re.DOTALL)
STATEMENT = 300
PARTITIONED = "partitioned table"
_LOCKS = {
    "postgresql": "built CONCURRENTLY: reads and writes go on",
    "sqlite": "the whole file is locked for writers while it is built",
    PARTITIONED: "writers of every partition wait until all of it is built; apply-indexes builds one after the other",
}


def build(
    snapshot: Snapshot,
    advised: Advised,
    one: Chosen,
    findings: Iterable[Finding],
    dropped: Collection[str],
    floor: Floor,
) -> tuple[Worth, Recommendation] | None:
    """The recommendation of a chosen index, without a rank, and where it stands; None for a table that is not seen.

    ``dropped`` are the indexes that go anyway.
    """
    table = snapshot.table(one.candidate.table, one.candidate.schema)
    if table is None:
        return None
    effects = [effect for effect in advised.advice.effects if effect.asked.fingerprint in one.helps]
    later = advised.growth is not None or floors.is_small(table, floor)
    # How many rows there will be nobody knows: then the part that is saved counts, and not the time.
    took = [1.0 if later else floors.milliseconds(effect, snapshot.vendor) for effect in effects]
    saved = max((ms * (1 - effect.ratio) for ms, effect in zip(took, effects, strict=True)), default=0.0)
    worth = of_build(
        table.ownership.owner,
        projected=later,
        saved_ms=saved,
        evidence=min((effect.asked.provenance for effect in effects), default=Provenance.INVENTED),
    )
    found = _build(snapshot, advised, one, table, tuple(findings), floor)
    needless = [index for index in one.replaces if index.name not in dropped]
    if table.ownership.owner != "project" or table.ownership.auto_created:
        needless = []
    action = found.remedy.action
    drops = tuple(_drop(snapshot, table, index, action) for index in needless if isinstance(action, CreateIndex))
    return worth, replace(found, drops=drops)


def freed(snapshot: Snapshot, recommendation: Recommendation) -> Iterator[int]:
    """The bytes of each index that goes when this one is built."""
    action = recommendation.remedy.action
    table = snapshot.labelled(action.table) if isinstance(action, CreateIndex) else None
    names = {one.action.name for one in recommendation.drops if isinstance(one.action, DropIndex)}
    return (index.bytes or 0 for index in (table.indexes if table else ()) if index.name in names)


def _build(
    snapshot: Snapshot, advised: Advised, one: Chosen, table: Table, findings: tuple[Finding, ...], floor: Floor
) -> Recommendation:
    effects = [effect for effect in advised.advice.effects if effect.asked.fingerprint in one.helps]
    answered = tuple(finding.key for finding in findings if _answers(snapshot, one, table, effects, finding))
    gain = Gain(
        before=round(sum(effect.before.cost for effect in effects), 2),
        after=round(sum(effect.after.cost for effect in effects), 2),
        unit=advised.unit,
        source=_source(advised, one),
    )
    index = forms.action(one.candidate, snapshot)
    seconds = (table.rows or 0) / ROWS_PER_SECOND[snapshot.vendor]
    net = one.bytes - sum(other.bytes or 0 for other in one.replaces) if advised.growth is None else None
    price = one.bytes if net is None else max(0, net)
    heap = sum(each.heap_bytes or each.bytes or 0 for each in snapshot.stored_tables()) or 1
    confidence = CONFIDENCE[snapshot.vendor] * (PROJECTED if advised.growth else 1.0)
    ratio = gain.ratio if gain.ratio is not None else 1.0
    cost = 1 + price / (heap * (advised.growth.times if advised.growth else 1))
    return Recommendation(
        rank=0,
        priority=_priority(advised, one, table, effects, answered=bool(answered), small=floors.is_small(table, floor)),
        phase=1,
        title=f"{table.label}: an index on {one.candidate.describe()} for {_queries(snapshot, effects)}"
        + (", when it has grown (a projection)" if advised.growth else ""),
        remedy=forms.remedy(snapshot, table, index, _verification(advised, gain)),
        findings=answered,
        gain=gain,
        cost=Cost(
            bytes=one.bytes,
            net_bytes=net,
            writes_slowed=_writes(table, one),
            build_seconds=round(seconds, 3),
            lock=_LOCKS[PARTITIONED if table.kind == PARTITIONED else snapshot.vendor],
        ),
        risk="review" if one.flips or one.written.threat or table.kind == PARTITIONED else "safe",
        value=round(max(one.gain, 1 - ratio) * confidence / cost, 4),
        helps=tuple(_helped(snapshot, advised, effect) for effect in effects),
        share=round(one.gain, 5),
        share_alone=round(one.alone, 5),
        replaces=tuple(other.name for other in one.replaces),
        caution=_caution(snapshot, one, table, effects),
        projected=advised.growth is not None,
    )


def _priority(
    advised: Advised, one: Chosen, table: Table, effects: list[Effect], *, answered: bool, small: bool
) -> Priority:
    """High is only what was tried on data that there is, and enough of it, for more than what is asked once a row."""
    best = min((effect.ratio for effect in effects), default=1.0)
    if table.ownership.owner != "project" or best > 1 - MUCH or one.flips:
        return "low"
    lasting = min((effect.ratio for effect in effects if not effect.asked.repeated), default=1.0)
    enough = advised.growth is None and not small and not one.written.threat
    if enough and lasting <= 1 - MUCH and (one.gain >= MUCH or (answered and lasting <= HALF)):
        return "high"
    return "medium" if best <= HALF or (one.gain >= MUCH and advised.growth is None) else "low"


def _drop(snapshot: Snapshot, table: Table, index: Index, action: CreateIndex) -> Remedy:
    """How an index that the new one makes needless is dropped, once the new one is there and valid."""
    told = f"By definition: {index.describe()} leads {action.name}, on the same rows."
    return replace(removal(snapshot, table, index), verification=f"{told} Drop it when that is there and valid.")


# -- which findings it answers --------------------------------------------------------------------------------------


def _answers(snapshot: Snapshot, one: Chosen, table: Table, effects: list[Effect], finding: Finding) -> bool:
    """Whether the finding asks for this index or one that it contains, or is about what it makes cheaper."""
    helped = [effect for effect in effects if effect.ratio <= HALF]
    match finding.check:
        case "slow_query":
            return any(run in finding.identity for effect in helped for run in _slowest_of(snapshot, effect))
        case "bad_plan":
            return finding.table == table.label and any(
                _plan_has(run, effect.asked.fingerprint, finding.identity)
                for effect in helped
                for run in snapshot.runs
                if run.id in effect.asked.runs
            )
        case "lookup_without_possible_index":
            covered = mentioned(*(key.expression for key in one.candidate.keys if key.expression))
            if one.candidate.method != "btree":  # as one, a plain column finds by its beginning alone
                covered |= {key.column.lower() for key in one.candidate.keys}
            return finding.table == table.label and bool(helped) and finding.identity[-1].lower() in covered
    action = finding.remedy.action
    if not isinstance(action, CreateIndex) or finding.check in NOT_ANSWERED or action.table != table.label:
        return False
    if action.unique or action.condition or action.include or not all(map(_is_column, action.keys)):
        return False
    return covers(served.as_index(one.candidate, table), equivalence.as_index(action, table))


def _is_column(key: IndexKey) -> bool:
    return key == IndexKey(column=key.column, descending=key.descending)


def _slowest_of(snapshot: Snapshot, effect: Effect) -> Iterator[str]:
    """The runs in which the statement is the slowest."""
    for run in snapshot.runs:
        if run.id in effect.asked.runs and run.statements:
            slowest = max(run.statements, key=lambda one: one.duration_ms)
            if slowest.fingerprint == effect.asked.fingerprint:
                yield run.id


def _plan_has(run: QueryRun, fingerprint: str, identity: tuple[str, ...]) -> bool:
    """Whether a plan of the run's statement has the node that a finding is about."""
    plan = run.plan(fingerprint)
    texts = {fingerprint}
    for node in plan.nodes if plan else ():
        texts |= {node.filter, node.condition, ", ".join(node.sort_keys)}
    return identity[-1] in texts - {""}


# -- in words -------------------------------------------------------------------------------------------------------


def _helped(snapshot: Snapshot, advised: Advised, effect: Effect) -> Helped:
    statement = _statement(snapshot, effect)
    before, after = advised.today.get(effect.asked.fingerprint, (None, None))
    text = _LIST.sub("SELECT ... FROM ", statement.template if statement else " ".join(effect.asked.sql.split()))
    return Helped(
        query=_queries(snapshot, [effect]),
        statement=text if len(text) <= STATEMENT else f"{text[: STATEMENT - 3]}...",
        before=round(effect.before.cost, 2),
        after=round(effect.after.cost, 2),
        unit=advised.unit,
        fingerprint=effect.asked.fingerprint,
        today_before=before,
        today_after=after,
        ms=round(effect.asked.mean_ms, 3) if effect.asked.mean_ms is not None else None,
        rows=statement.rows if statement else None,
    )


def _statement(snapshot: Snapshot, effect: Effect) -> Statement | None:
    wanted = effect.asked.fingerprint
    return next(
        (one for run in snapshot.runs if run.id in effect.asked.runs for one in run.statements
         if one.fingerprint == wanted),
        None,
    )  # fmt: skip


def _queries(snapshot: Snapshot, effects: Iterable[Effect]) -> str:
    """The labels of the queries that ask the statements, the first few."""
    wanted = {run for effect in effects for run in effect.asked.runs}
    labels = list(dict.fromkeys(repr(run.label) for run in snapshot.runs if run.id in wanted))
    more = f" and {len(labels) - NAMED} more" if len(labels) > NAMED else ""
    return ", ".join(labels[:NAMED]) + more


def _source(advised: Advised, one: Chosen) -> str:
    source = one.source or advised.source
    return f"{source}, projected to {advised.growth.times:,} times the rows" if advised.growth else source


def _verification(advised: Advised, gain: Gain) -> str:
    figures = f"{gain.before:,.0f} {gain.unit} before, {gain.after:,.0f} after"
    if advised.growth is None:
        return f"It was tried with the other indexes of this plan: {figures} ({gain.source})."
    return f"A projection {advised.growth.told()}: {figures} ({advised.source})."


def _writes(table: Table, one: Chosen) -> str:
    if one.replaces:
        names = ", ".join(other.name for other in one.replaces)
        return f"no write of {table.label} once {names} {'is' if len(one.replaces) == 1 else 'are'} dropped"
    text = f"inserts into {table.label} and updates of these columns, by one index entry"
    return f"{text}; {one.written.wal_bytes:,.0f} bytes of log in the observed time" if one.written.wal_bytes else text


def _caution(snapshot: Snapshot, one: Chosen, table: Table, effects: Iterable[Effect]) -> str:
    said = []
    if table.kind == PARTITIONED:
        said.append(
            f"PostgreSQL builds the index of a partitioned table only at once: writers of all {table.partitions} "
            "partitions wait until the statement ends. apply-indexes makes it ON ONLY the parent, builds each "
            "partition's part CONCURRENTLY, and attaches them."
        )
    repeated = [effect for effect in effects if effect.asked.repeated]
    if repeated:
        said.append(
            f"{_queries(snapshot, repeated)} asks for it once for each row of another query: fetch the rows at once "
            "first, and see what is left to gain."
        )
    if one.flips:
        said.append(
            "A plan walks this index until its limit is reached, which is slow where the wanted rows lie late: time "
            "the query when the index is there, and drop it if it became slower."
        )
    if one.written.threat:
        said.append(one.written.threat.told())
    if snapshot.vendor == "sqlite":
        said.append("SQLite must know the data to prefer it: run ANALYZE once.")
    return " ".join(said)
