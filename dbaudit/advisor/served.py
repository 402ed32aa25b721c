"""Candidates beside the indexes that exist: which of them one serves already, and which of those it would replace."""

from __future__ import annotations

from dbaudit.advisor.candidate import Candidate
from dbaudit.facts import Index, Table
from dbaudit.findings import CreateIndex
from dbaudit.sql import equivalence
from dbaudit.sql.equivalence import covers, enforces


def as_index(candidate: Candidate, table: Table) -> Index:
    """The candidate as the catalog would tell it."""
    action = CreateIndex(
        table=table.label,
        keys=candidate.keys,
        name=candidate.name,
        include=candidate.include,
        condition=candidate.condition,
        method=candidate.method,
    )
    return equivalence.as_index(action, table)


def serving(candidate: Candidate, table: Table) -> Index | None:
    """The usable index that does all the candidate would, None where there is none."""
    wanted = [as_index(one, table) for one in dict.fromkeys((candidate, candidate.broader))]
    usable = (index for index in table.indexes if index.usable)
    return next((index for index in usable if any(covers(index, one) for one in wanted)), None)


def replaced(candidate: Candidate, table: Table) -> tuple[Index, ...]:
    """The indexes that would have nothing left to do beside the candidate: those that enforce something stay."""
    wanted = as_index(candidate, table)
    return tuple(index for index in table.indexes if index.usable and not enforces(index) and covers(wanted, index))
