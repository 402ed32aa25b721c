"""The index advisor: statements in, the best set of indexes for them out, each with what the planner says of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from dbaudit.advisor import flips
from dbaudit.advisor.allowance import Allowance
from dbaudit.advisor.candidate import Asked, Candidate, Planned, Planner, TrialEndedError, UnplannableError
from dbaudit.advisor.candidates import propose
from dbaudit.advisor.disorder import Disorder
from dbaudit.advisor.hot import is_blocker, threat
from dbaudit.advisor.prune import looked_up
from dbaudit.advisor.roles import occurrences
from dbaudit.advisor.search.choose import Choice, Measures, choose
from dbaudit.advisor.search.costs import Costs, bits
from dbaudit.advisor.search.model import State
from dbaudit.advisor.served import mirror, repeats_key, replaced, serving, waiting
from dbaudit.advisor.values import Advice, Chosen, Effect, Rejected
from dbaudit.advisor.weights import weights
from dbaudit.advisor.writes import Written, changes, reads, written
from dbaudit.facts import Skipped, Snapshot, Table

WHAT = "Index advice"
LATE = "What may be planned was planned before it was tried."
TOO_LARGE = "It takes {:,} bytes, more than the {:,} that new indexes may take (INDEX_BUDGET)."
REPEATED_KEY = "It begins with the columns of a key, which finds the row by itself."
UNUSED = "The planner uses it for no statement."
ALSO_KEYS = "Statements also ask for keys that exist, for which another inverted index serves both."
#: The budget where none is given: this share of what the tables' rows take.
HEAP_SHARE = 0.5


def advise(
    planner: Planner,
    snapshot: Snapshot,
    asked: Iterable[Asked],
    *,
    budget_bytes: int | None = None,
    seconds: float = 60.0,
    quick: bool = False,
    refused: Mapping[Candidate, str] | None = None,
) -> Advice:
    """The indexes that make this workload cheapest within a budget of bytes (default: half of the heap).

    The planner decides: nothing is proposed that it would not use. After ``seconds`` the best that was found so far is
    given back; they are counted in plans (see `dbaudit.advisor.allowance`). ``quick`` makes one pass only. What cannot
    be planned is skipped, with the reason, and the rest is advised. The same statements, tables and statistics give the
    same advice, to the byte, on an idle and on a busy machine, unless the emergency brake is pulled, which is told.
    ``refused`` are candidates that are not to be thought of, with the reason.
    """
    allowance = Allowance(planner, seconds)
    if budget_bytes is None:
        budget_bytes = int(HEAP_SHARE * sum(table.heap_bytes or table.bytes or 0 for table in snapshot.stored_tables()))
    work = _Work(planner, snapshot, allowance, reasons=dict(refused or {}))
    try:
        work.gather(asked)
        if not work.kept:
            return Advice(skipped=tuple(work.skipped), rejected=work.rejections(), budget_bytes=budget_bytes)
        choice = work.choose(budget_bytes, quick=quick)
        return flips.flagged(work.advice(choice, budget_bytes), snapshot)
    except TrialEndedError as error:
        return Advice(skipped=(*work.skipped, Skipped(WHAT, str(error))), budget_bytes=budget_bytes, complete=False)


@dataclass
class _Work:
    """The advice while it is being made."""

    planner: Planner
    snapshot: Snapshot
    allowance: Allowance
    skipped: list[Skipped] = field(default_factory=list)
    reasons: dict[Candidate, str] = field(default_factory=dict)
    changes: dict[tuple[str, str], dict[str, float]] = field(init=False)
    kept: list[tuple[Asked, Planned, tuple[Candidate, ...]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.changes = changes(self.snapshot)

    def gather(self, asked: Iterable[Asked]) -> None:
        """Plan each statement as things are, and think of candidates for those that could gain."""
        for one in sorted(asked, key=lambda one: one.fingerprint):
            try:
                planned = self.planner.cost(one, frozenset())
                found = occurrences(one, self.snapshot)
            except UnplannableError as error:
                self.skipped.append(Skipped(WHAT, f"{_short(one.sql)}: {error}"))
                continue
            proposed = (
                candidate
                for place in found
                for candidate in propose(place, one, self.snapshot.vendor, self._chosen_from(place.table))
            )
            possible = (candidate for candidate in dict.fromkeys(proposed) if self._possible(candidate))
            own = tuple(candidate for candidate in possible if not self._mirrored(candidate, one))
            self.kept.append((one, planned, own))
        self._broaden()

    def _chosen_from(self, table: Table) -> frozenset[str]:
        limits = (limit for model in self.snapshot.models_of(table) for limit in model.limits)
        return frozenset(limit.column for limit in limits if limit.by == "choices")

    def _broaden(self) -> None:
        """One inverted index on a JSON column, not two, where keys that exist are asked for as well as contents."""
        everything = {candidate for _, _, own in self.kept for candidate in own}
        narrow = {one for one in everything if one.broader != one and one.broader in everything}
        self.reasons |= dict.fromkeys(narrow, ALSO_KEYS)
        self.kept = [
            (one, planned, tuple(dict.fromkeys(each.broader if each in narrow else each for each in own)))
            for one, planned, own in self.kept
        ]

    def _mirrored(self, candidate: Candidate, asked: Asked) -> bool:
        """Whether an index that exists does for this statement what the candidate would, in another order of keys."""
        table = self.snapshot.table(candidate.table, candidate.schema)
        if table is None or len(candidate.keys) < 2:
            return False
        constant = looked_up(asked, table, self.snapshot, ("equal",))
        return mirror(candidate, constant, table) is not None

    def _possible(self, candidate: Candidate) -> bool:
        if candidate in self.reasons:
            return not self.reasons[candidate]
        self.reasons[candidate] = self._obstacle(candidate)
        return not self.reasons[candidate]

    def _obstacle(self, candidate: Candidate) -> str:
        """Why a candidate is not even tried, ``""`` where it is."""
        table = self.snapshot.table(candidate.table, candidate.schema)
        known = self._known(candidate, table) if table is not None else ""
        if known:
            return known
        plain = candidate.method in ("btree", "brin") and not candidate.condition
        if not plain or any(key.expression or key.opclass for key in candidate.keys):
            if self.allowance.spent:
                return LATE
            try:
                self.planner.size(candidate)
            except UnplannableError as error:
                return str(error)
        return ""

    def _known(self, candidate: Candidate, table: Table) -> str:
        """What the catalog says against it, ``""`` where nothing does."""
        there = serving(candidate, table)
        if there is not None:
            return f"The index {there.name} does all that it would do."
        half = waiting(candidate, table)
        if half is not None:
            return f"The index {half.name} does all that it would do once every partition has its part."
        if repeats_key(candidate, table):
            return REPEATED_KEY
        threatened = threat(candidate, self.snapshot, self.changes)
        return threatened.told() if threatened is not None and is_blocker(threatened) else ""

    def choose(self, budget: int, *, quick: bool) -> Choice:
        """Number the candidates and search."""
        disorder = Disorder(self.snapshot)
        self.costs = Costs(
            self.planner,
            [one for one, _, _ in self.kept],
            lambda planned: flips.risk(planned, self.snapshot) + disorder.of(planned),
            self.allowance,
        )
        prices = [self.costs.learn(question, planned) for question, (_, planned, _) in enumerate(self.kept)]
        own = [sum(map(self.costs.number, candidates)) for _, _, candidates in self.kept]
        self.weights = weights(self.costs.asked, prices)
        measures = Measures(size=self.planner.size, upkeep=self._upkeep)
        return choose(self.costs, self.weights, own, measures, budget, quick=quick)

    def _upkeep(self, candidate: Candidate) -> float:
        """What the writes cost more with it: those of the indexes whose place it takes cost less."""
        table = self.snapshot.table(candidate.table, candidate.schema)
        gone = replaced(candidate, table) if table else ()
        instead = (replace(candidate, keys=index.keys, include=index.included) for index in gone)
        units = self._written(candidate).units - sum(self._written(one).units for one in instead)
        return max(0.0, units) * self._scale(candidate)

    def _written(self, candidate: Candidate) -> Written:
        return written(candidate, self.snapshot, self.changes)

    def _scale(self, candidate: Candidate) -> float:
        """The server's counters span more than the workload: writes are taken for as many reads as it has."""
        table = self.snapshot.table(candidate.table, candidate.schema)
        calls = sum(one.calls for one, _, own in self.kept if any(other.table == candidate.table for other in own))
        return min(1.0, calls / max(1.0, reads(table))) if table else 0.0

    def advice(self, choice: Choice, budget: int) -> Advice:
        """The choice in words and figures, with the plans as they would be."""
        problem, chosen = choice.problem, choice.chosen
        total = problem.nothing
        effects = []
        for question, (one, before, _) in enumerate(self.kept):
            after = self.costs.planned(question, chosen) if self.costs.relevant(question) & chosen else before
            effects.append(
                Effect(asked=one, share=problem.tables[question][-1].price / total, before=before, after=after)
            )
        found = [self._chosen(choice, 1 << place, effects, total) for place in bits(chosen)]
        for place in bits(choice.pool & ~chosen):
            self.reasons[self.costs.candidates[place]] = self._reason(choice, 1 << place)
        return Advice(
            chosen=tuple(sorted(found, key=lambda one: (-one.gain, one.candidate))),
            effects=tuple(effects),
            rejected=self.rejections({one.candidate for one in found}),
            skipped=(*self.skipped, *(Skipped(WHAT, told) for told in (self.allowance.told(),) if told)),
            before=total,
            after=problem.total(chosen),
            bytes=problem.size(chosen),
            budget_bytes=budget,
            calls=self.planner.calls,
            complete=not self.costs.late,
        )

    def _chosen(self, choice: Choice, number: int, effects: Sequence[Effect], total: float) -> Chosen:
        problem = choice.problem
        (candidate,) = self.costs.members(number)
        table = self.snapshot.table(candidate.table, candidate.schema)
        helped = [effect for effect in effects if effect.is_helped_by(candidate)]
        return Chosen(
            candidate=candidate,
            bytes=problem.size(number),
            gain=-State(problem, choice.chosen).gain(0, number) / total,
            alone=State(problem).gain(number) / total,
            written=self._written(candidate),
            helps=tuple(effect.asked.fingerprint for effect in helped),
            replaces=replaced(candidate, table) if table else (),
        )

    def _reason(self, choice: Choice, number: int) -> str:
        problem, chosen = choice.problem, choice.chosen
        if not problem.useful & number:
            return "Beside the others, no plan uses it."
        gain = State(problem, chosen).gain(number)
        if gain <= 0 < gain + problem.kept(number):
            return "Keeping it would cost the writes more than it saves the reads."
        if problem.size(number) > problem.budget:
            return TOO_LARGE.format(problem.size(number), int(problem.budget))
        if problem.size(chosen | number) > problem.budget:
            return "It does not fit into the budget beside those that save more for their size."
        if gain > 0:
            return "Beside those that are chosen it would save next to nothing."
        return "Those that are chosen do what it would do."

    def rejections(self, chosen: Iterable[Candidate] = ()) -> tuple[Rejected, ...]:
        """All that were thought of and not chosen, with the reason."""
        without = {*chosen}
        return tuple(
            Rejected(candidate=one, reason=reason or self.planner.refusal(one) or UNUSED)
            for one, reason in sorted(self.reasons.items())
            if one not in without
        )


def _short(sql: str) -> str:
    text = " ".join(sql.split())
    return text if len(text) <= 80 else f"{text[:77]}..."
