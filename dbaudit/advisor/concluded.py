"""The advice on one database, with what it rests on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from dbaudit.advisor.growth import Growth
from dbaudit.advisor.served import as_index
from dbaudit.advisor.values import Advice, Chosen
from dbaudit.facts import Snapshot
from dbaudit.sql.equivalence import covers


@dataclass(frozen=True, slots=True, kw_only=True)
class Advised:
    """The advice with what it rests on.

    ``unit`` and ``source`` say what its costs are. Where the data is so small that nothing can be told from it, it was
    grown: then the advice is a projection, ``growth`` says to what, and ``today`` has the costs before and after with
    the rows that there are, by fingerprint. Where only some tables are so small, ``beside`` is the projection for the
    statements on these that nothing in the advice helps.
    """

    advice: Advice
    unit: str
    source: str
    growth: Growth | None = None
    today: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    beside: Advised | None = None

    @property
    def parts(self) -> tuple[Advised, ...]:
        """The advice, and the projection beside it where there is one."""
        return (self, self.beside) if self.beside else (self,)

    def without(self, known: Advice, snapshot: Snapshot) -> Advised:
        """As a part of a larger advice: the gains are shares of that workload, and an index that does the same as one
        of its own is left out."""
        mine = {effect.asked.fingerprint for effect in self.advice.effects}
        share = sum(effect.share for effect in known.effects if effect.asked.fingerprint in mine)
        chosen = (
            replace(one, gain=one.gain * share, alone=one.alone * share)
            for one in self.advice.chosen
            if not any(_alike(one, other, snapshot) for other in known.chosen)
        )
        return replace(self, advice=replace(self.advice, chosen=tuple(chosen)))


def _alike(one: Chosen, other: Chosen, snapshot: Snapshot) -> bool:
    table = snapshot.table(one.candidate.table, one.candidate.schema)
    if table is None or (one.candidate.table, one.candidate.schema) != (other.candidate.table, other.candidate.schema):
        return False
    first, second = (as_index(each.candidate, table) for each in (one, other))
    return covers(first, second) or covers(second, first)
