"""Candidates beside the indexes that exist: which of them one serves already, and which of those it would replace."""

from __future__ import annotations

from dataclasses import replace

from dbaudit.advisor.candidate import Candidate
from dbaudit.facts import Index, Table
from dbaudit.sql import normal_form
from dbaudit.sql.equivalence import covers, enforces


def as_index(candidate: Candidate, table: Table) -> Index:
    """The candidate as the catalog would tell it. An expression or condition that the table's indexes have in other
    words is taken in theirs."""
    known = {
        normal_form.condition(text): text
        for index in table.indexes
        for text in (*index.expressions, index.predicate)
        if text
    }

    def spelled(text: str) -> str:
        return known.get(normal_form.condition(text), text) if text else ""

    return Index(
        name=candidate.name,
        table=candidate.table,
        keys=tuple(replace(key, expression=spelled(key.expression)) for key in candidate.keys),
        included=candidate.include,
        predicate=spelled(candidate.condition),
        method=candidate.method,
    )


def serving(candidate: Candidate, table: Table) -> Index | None:
    """The usable index that does all the candidate would, None where there is none."""
    wanted = [as_index(one, table) for one in dict.fromkeys((candidate, candidate.broader))]
    usable = (index for index in table.indexes if index.usable)
    return next((index for index in usable if any(covers(index, one) for one in wanted)), None)


def replaced(candidate: Candidate, table: Table) -> tuple[Index, ...]:
    """The indexes that would have nothing left to do beside the candidate: those that enforce something stay."""
    wanted = as_index(candidate, table)
    return tuple(index for index in table.indexes if index.usable and not enforces(index) and covers(wanted, index))
