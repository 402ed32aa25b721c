"""Findings by cause: what one change answers is one, and a symptom stands under what explains it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass, replace

from dbaudit.analysis.repetition import Repetition, repetitions
from dbaudit.facts import Index, QueryRun, Snapshot
from dbaudit.findings import CreateIndex, DropIndex, Finding

_LIST = re.compile(r"^(?:admin:|crawl:.*/)(?P<app>\w+)[./](?P<model>\w+)/?$")
#: What a join fetches.
JOINED = ("forward", "reverse one to one")
#: Findings that tell what something else causes, as far as that was found.
SYMPTOMS = ("slow_query", "duplicate_statement")
#: What explains a slow query, the likeliest first.
EXPLAINING = ("n_plus_one", "defeated_prefetch", "unbounded_result", "deep_offset", "lookup_without_possible_index")
#: Repetitions explain a slow query where they are so large a part of its statements.
MOST = 0.5
#: Checks that are about an index that exists, which is told by its definition where the remedy does not name it.
OF_AN_INDEX = (
    "bloated_index",
    "hot_update_blocker",
    "low_cardinality_index",
    "mostly_null_index",
    "needless_index_predicate",
    "rarely_used_index",
    "redundant_index",
    "redundant_uniqueness",
    "undeclared_index",
    "unused_index",
    "unused_pattern_index",
    "wrong_index_method",
)


@dataclass(frozen=True, slots=True)
class Cause:
    """Findings that one change answers, the one whose remedy it is first; ``symptoms`` are what it explains."""

    findings: tuple[Finding, ...]
    symptoms: tuple[Finding, ...] = ()

    @property
    def keys(self) -> tuple[str, ...]:
        """Of all of its findings and symptoms."""
        return tuple(finding.key for finding in (*self.findings, *self.symptoms))

    @property
    def group(self) -> str:
        """The sentence that several findings share, ``""`` where there is none: that of the first one, whose remedy it
        is, before any other."""
        shared = Counter(finding.group for finding in self.findings if finding.group)
        first = self.findings[0].group
        if shared[first] > 1:
            return first
        return next((sentence for sentence, times in shared.most_common(1) if times > 1), "")


def causes(findings: Iterable[Finding], snapshot: Snapshot | None) -> tuple[Cause, ...]:
    """The findings by cause, in the order in which they are told."""
    told = tuple(findings)
    clusters = tuple(_clusters([one for one in told if one.check not in SYMPTOMS], snapshot))
    explained: dict[int, list[Finding]] = {}
    alone = []
    for symptom in (one for one in told if one.check in SYMPTOMS):
        place = _explanation(symptom, clusters, snapshot)
        if place is None:
            alone.append(symptom)
        else:
            explained.setdefault(place, []).append(symptom)
    return (
        *(Cause(cluster, tuple(explained.get(place, ()))) for place, cluster in enumerate(clusters)),
        *(Cause(cluster) for cluster in _clusters(alone, snapshot)),
    )


def index_of(finding: Finding, snapshot: Snapshot) -> Index | None:
    """The index that exists and that a finding is about."""
    action = finding.remedy.action
    table = snapshot.labelled(finding.table)
    if table is None or not (isinstance(action, DropIndex) or finding.check in OF_AN_INDEX):
        return None
    if isinstance(action, DropIndex):
        return next((index for index in table.indexes if index.name == action.name), None)
    alike = [index for index in table.indexes if index.describe() in finding.identity]
    return alike[0] if len(alike) == 1 else None


def _clusters(findings: list[Finding], snapshot: Snapshot | None) -> Iterator[tuple[Finding, ...]]:
    """The findings that share an object, directly or through others."""
    listed = {
        finding.identity[-1]
        for finding in findings
        if finding.check == "n_plus_one" and finding.identity[0].startswith("admin:")
    }
    clusters: dict[int, list[Finding]] = {}
    known: dict[Hashable, int] = {}
    for number, finding in enumerate(findings):
        objects = tuple(_objects(finding, snapshot, listed))
        met = {known[each] for each in objects if each in known}
        home = min(met, default=number)
        members = clusters.setdefault(home, [])
        for other in sorted(met - {home}):
            members += clusters.pop(other)
            known = {each: home if place == other else place for each, place in known.items()}
        members.append(finding)
        known |= dict.fromkeys(objects, home)
    for _, members in sorted(clusters.items()):
        yield tuple(sorted(members, key=_leading))


def _leading(finding: Finding) -> tuple[bool, bool, int, bool, bool, int]:
    """Sorts the finding first whose remedy is that of all: one that does not fail, own code, the worst, a drop before a
    declaration, what was tried."""
    remedy = finding.remedy
    drops = isinstance(remedy.action, DropIndex)
    own = finding.owner == "project"
    return remedy.failed, not own, -finding.severity.rank, not drops, not remedy.tried, -finding.confidence.rank


def _objects(finding: Finding, snapshot: Snapshot | None, listed: set[str]) -> Iterator[Hashable]:
    """What a finding is about, as far as another may be about the same."""
    if finding.group:
        yield "group", finding.check, finding.owner, finding.group
    action = finding.remedy.action
    index = index_of(finding, snapshot) if snapshot else None
    if index is not None:
        yield "index", finding.table, index.name
    elif isinstance(action, CreateIndex) and action.keys:
        yield "build", *_definition(action)
    if finding.check == "unmade_migration":
        yield "makemigrations", finding.owner  # one command makes them all
    if finding.check == "n_plus_one":
        if finding.identity[-1] in listed:
            yield "asked", finding.owner, finding.identity[-1]
        if snapshot and _is_of_list(finding, snapshot):
            yield "admin lists", finding.owner
        elif snapshot and not finding.group:
            # What one loop asks of its rows is fetched with these rows, by one change of one query.
            if finding.location:
                yield "place", finding.owner, finding.identity[0], finding.location
            for one in _repeated(finding, snapshot):
                if one.parent is not None:
                    yield "rows", finding.owner, finding.identity[0], one.parent.fingerprint


def _is_of_list(finding: Finding, snapshot: Snapshot) -> bool:
    """Whether a list of the admin asks for what a foreign key of its rows refers to, which list_select_related joins:
    the same for every list, by whatever way it was asked for."""
    name, asked = finding.identity[0], finding.identity[-1].rpartition(".")
    found = _LIST.search(name)
    if not found or not any(one.statement.asker in JOINED for one in _repeated(finding, snapshot)):
        return False
    label = f"{found['app']}.{found['model']}".lower()
    listed = {model.label.lower() for model in snapshot.models if model.admin is not None}
    return label in listed and asked[0].lower() == label


def _definition(action: CreateIndex) -> tuple[Hashable, ...]:
    keys = action.keys
    if len(keys) == 1:  # one key reads the same in both directions
        keys = (replace(keys[0], descending=False),)
    return action.table, keys, action.condition, action.method or "btree", action.unique


def same_keys(one: CreateIndex, other: CreateIndex) -> bool:
    """Whether two indexes to build are on the same keys and rows, whatever else they include."""
    return _definition(one) == _definition(other)


# -- symptoms --------------------------------------------------------------------------------------------------------


def _explanation(symptom: Finding, clusters: tuple[tuple[Finding, ...], ...], snapshot: Snapshot | None) -> int | None:
    """The number of the cluster that explains a symptom, None where none does."""
    run = next((one for one in snapshot.runs if one.id == symptom.identity[0]), None) if snapshot else None
    if run is None:
        return None
    found = [
        (EXPLAINING.index(finding.check), place)
        for place, cluster in enumerate(clusters)
        for finding in cluster
        if finding.check in EXPLAINING and _explains(finding, symptom, run)
    ]
    return min(found)[1] if found else None


def _explains(finding: Finding, symptom: Finding, run: QueryRun) -> bool:
    if finding.check != "n_plus_one":
        return symptom.check == "slow_query" and run.id in finding.identity
    repeated = tuple(repetitions(run))
    mine = next((one for one in repeated if _what(one) == finding.identity[-1]), None)
    if mine is None:
        return False
    if symptom.check == "slow_query":
        return sum(one.times for one in repeated) >= MOST * (run.queries or 0)
    duplicate = next((each for each in run.statements if each.fingerprint == symptom.identity[-1]), None)
    return duplicate is not None and duplicate.tables == mine.statement.tables


def _repeated(finding: Finding, snapshot: Snapshot) -> Iterator[Repetition]:
    """The repetition that a finding tells, in the run that it names."""
    for run in snapshot.runs:
        if run.id == finding.identity[0]:
            yield from (one for one in repetitions(run) if _what(one) == finding.identity[-1])


def _what(one: Repetition) -> str:
    return one.statement.asked or one.statement.fingerprint
