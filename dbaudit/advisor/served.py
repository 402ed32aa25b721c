"""Candidates beside the indexes that exist: which of them one serves already, and which of those it would replace."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from dbaudit.advisor.candidate import Candidate
from dbaudit.facts import Index, IndexKey, Table
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


def waiting(candidate: Candidate, table: Table) -> Index | None:
    """The index of a partitioned table that would find all the candidate would, were all its parts attached."""
    wanted = as_index(replace(candidate, include=()), table)
    invalid = (index for index in table.indexes if index.partitioned and not index.valid)
    return next((index for index in invalid if covers(index, wanted)), None)


def replaced(candidate: Candidate, table: Table) -> tuple[Index, ...]:
    """The indexes that would have nothing left to do beside the candidate: those that enforce something stay."""
    wanted = as_index(candidate, table)
    return tuple(index for index in table.indexes if index.usable and not enforces(index) and covers(wanted, index))


def repeats_key(candidate: Candidate, table: Table) -> bool:
    """Whether its leading columns are those of a key of the table: whoever knows them has found the one row already, so
    that all it can do is to repeat the key, with a copy of columns that lie one page away."""
    if candidate.condition or candidate.method != "btree":
        return False
    keys = [{*table.primary_key}]
    keys += [{*index.columns} for index in table.indexes if index.unique and index.usable and index.plain]
    led = [{key.column for key in candidate.keys[:count]} for count in range(1, len(candidate.keys) + 1)]
    return any(key and "" not in key and key in led for key in keys)


def mirror(candidate: Candidate, constant: Collection[str], table: Table) -> Index | None:
    """The usable index that has the same columns in another order, where a statement compares each of those that stand
    elsewhere with one value (``constant``): it finds the same rows at the same places."""
    head = []
    for key in candidate.keys:
        if key.column not in constant or key != IndexKey(column=key.column):
            break
        head.append(key)
    for count in range(len(head), 1, -1):
        for index in table.indexes:
            lead = index.columns[:count]
            if index.usable and {*lead} == {key.column for key in head[:count]}:
                turned = (*(IndexKey(column=name) for name in lead), *candidate.keys[count:])
                if covers(index, as_index(replace(candidate, keys=turned), table)):
                    return index
    return None
