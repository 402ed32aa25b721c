"""What the advisor weighs: statements that were asked, indexes that might be built, and what a planner says of both."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Protocol

from dbaudit.advisor.provenance import Provenance
from dbaudit.facts import IndexKey, Parameters, Plan
from dbaudit.sql.names import index_name

#: The operator class by which an inverted index finds what JSON contains: smaller and faster than the default one,
#: which also finds keys that exist.
PATHS = "jsonb_path_ops"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Candidate:
    """An index that might be built. ``condition`` is the predicate of a partial one, in the database's SQL."""

    table: str
    schema: str = ""
    keys: tuple[IndexKey, ...]
    include: tuple[str, ...] = ()
    condition: str = ""
    method: str = "btree"

    @property
    def name(self) -> str:
        """The name under which it is proposed, and under which plans of a trial show it: the same on every machine."""
        # A key that is no plain ascending column takes part by its hash alone.
        columns = [f"{'-' if key.descending else ''}{key.column}" for key in self.keys if key.column]
        plain = all(key.plain for key in self.keys)
        more = () if plain else tuple(map(str, self.keys))
        return index_name(self.table, columns, *more, ",".join(self.include), self.condition, self.method)

    @property
    def broader(self) -> Candidate:
        """The one that also finds JSON keys that exist, where this finds only what is contained; otherwise itself."""
        if not any(key.opclass == PATHS for key in self.keys):
            return self
        return replace(self, keys=tuple(replace(key, opclass="") if key.opclass == PATHS else key for key in self.keys))

    def describe(self) -> str:
        """The definition in words that fit a sentence: ``(a, b DESC) INCLUDE (c) WHERE x``."""
        text = f"({', '.join(map(str, self.keys))})"
        if self.method != "btree":
            text = f"{self.method} {text}"
        if self.include:
            text += f" INCLUDE ({', '.join(self.include)})"
        return f"{text} WHERE {self.condition}" if self.condition else text


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A statement of the workload, the same template from whichever runs asked it.

    ``samples`` are the parameters that it was seen with, the most frequent first; ``calls`` how often it ran in the
    observed time; ``mean_ms`` its mean time, None where it was not timed; ``observed_ms`` the mean time in the time
    observed, None where only this audit ran it: its own clock says how busy the machine is, too. ``runs`` are the ids
    of the `QueryRun`s; ``provenance`` is the best evidence among them that it is asked at all.
    ``sources`` are the texts of the project's functions that asked it, where they are known: a value that stands there
    as a constant is no accident of one sample. ``repeated`` statements are asked once for each row of another in every
    run that asks them, which the report tells to do away with; their ``calls`` count a run once. ``reworded`` ones were
    seen with other values in their very text, so that none of these belongs to the statement.
    """

    fingerprint: str
    sql: str
    samples: tuple[Parameters, ...] = field(default=(), repr=False)
    calls: float = 1.0
    mean_ms: float | None = None
    observed_ms: float | None = None
    runs: tuple[str, ...] = ()
    sources: tuple[str, ...] = field(default=(), repr=False)
    repeated: bool = False
    reworded: bool = False
    provenance: Provenance = Provenance.CANNED


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """What a statement would take with some indexes present: ``cost`` in the planner's units (or machine steps), summed
    over its samples, and which of them its plans used. ``plans`` are one for each sample; they show a candidate's index
    by ``Candidate.name``."""

    cost: float
    used: frozenset[Candidate]
    plans: tuple[Plan, ...] = ()


@dataclass(frozen=True, slots=True)
class Execution:
    """A statement that was executed: the pages and rows that it took (``work``), and which candidates it used."""

    work: float
    used: frozenset[Candidate]


class Planner(Protocol):
    """A trial of one vendor: says what statements would cost, without changing the user's database.

    Both methods raise `TrialEndedError` where nothing more can be tried.
    """

    @property
    def calls(self) -> int:
        """The plans that were made."""

    @property
    def work(self) -> float:
        """What was done so far, in plans, without a look at a clock: larger pieces of work count as several."""

    def cost(self, asked: Asked, present: frozenset[Candidate]) -> Planned:
        """Plan one statement with these candidates (and the indexes that exist) present.

        Raises:
            UnplannableError: this statement cannot be planned.
        """

    def executed(self, asked: Asked, present: frozenset[Candidate]) -> Execution | None:
        """Execute one statement on a copy with these candidates built, None where it cannot be, or where ``cost`` does
        so already."""

    def size(self, candidate: Candidate) -> int:
        """Bytes that the index would take.

        Raises:
            UnplannableError: the database refuses an index like that.
        """

    def refusal(self, candidate: Candidate) -> str:
        """Why an index like that could not be tried, in one sentence, as far as it was; ``""`` where it could."""


class UnplannableError(Exception):
    """A statement that cannot be planned, or an index that cannot be; its text is the reason in one sentence."""


class TrialEndedError(Exception):
    """The trial cannot go on (the connection was lost); its text is the reason in one sentence."""
