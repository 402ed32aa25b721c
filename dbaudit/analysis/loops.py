"""Statements that one line asks or writes again and again by different values, without a query whose rows it goes over.

The whole chain of calls must be the same: a function that is called from several lines is no loop.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from dbaudit.analysis.blocks import asked_by_test, blocks, called_by_test
from dbaudit.analysis.measured import runs
from dbaudit.analysis.repetition import FEW, repetitions
from dbaudit.facts import QueryRun, Snapshot, Statement

_POINT = re.compile(r" (?:=|IS NOT DISTINCT FROM) \?")
# Pages by key or by number, chunks of a list, ranges of time: each is one step of a walk, and asks for many rows.
_WALK = re.compile(r" [<>]=? ?\?| BETWEEN \?| IN \(\?| OFFSET |\bFOR (?:NO KEY )?UPDATE\b", re.IGNORECASE)
_OR_CREATE = ("get_or_create", "update_or_create")
_WRITES = ("insert", "update", "delete")


@dataclass(frozen=True, slots=True, kw_only=True)
class Loop:
    """Executions of one line by ``values`` different values, in the order in which they ran. ``locked`` says that rows
    of the table were locked meanwhile."""

    statements: tuple[Statement, ...]
    values: int
    locked: bool = False

    @property
    def statement(self) -> Statement:
        """The first of them."""
        return self.statements[0]


def first_of_each(snapshot: Snapshot, find: Callable[[QueryRun], Iterator[Loop]]) -> Iterator[tuple[QueryRun, Loop]]:
    """What ``find`` finds in the measured runs; a loop that several runs go through is given once, with the first."""
    seen = set()
    for run in runs(snapshot):
        for loop in find(run):
            cause = loop.statement.identity, loop.statement.location
            if cause not in seen:
                seen.add(cause)
                yield run, loop


def lookups(run: QueryRun) -> Iterator[Loop]:
    """Rows, numbers and presences that one line asks for one by one."""
    told = _once_a_row(run)
    for block in blocks(run):
        groups: dict[tuple[object, ...], list[Statement]] = {}
        for statement in block:
            if statement.number not in told and _is_lookup(run, statement):
                groups.setdefault((statement.identity, statement.call), []).append(statement)
        for group in groups.values():
            values = len({one.arguments for one in group})
            # One row each, from one place of the code: two are a loop already.
            few = 2 if group[0].method == "get" else FEW
            if values >= few and not _written_meanwhile(block, group) and not _searches(group):
                yield Loop(statements=tuple(group), values=values)


def writes(run: QueryRun) -> Iterator[Loop]:
    """Rows that one line saves, creates, changes or deletes one by one."""
    told = _once_a_row(run)
    for block in blocks(run):
        groups: dict[tuple[object, ...], list[Statement]] = {}
        for statement in block:
            if statement.number not in told and _is_write(run, statement):
                both = statement.method in _OR_CREATE
                what = (statement.method, statement.tables[:1]) if both else (statement.identity, statement.method)
                groups.setdefault((what, statement.alias, statement.call), []).append(statement)
        # One call may write to several tables, the model's own last: cascades before it, parents of inheritance.
        last = {(group[0].method, group[0].call): group for group in groups.values()}
        for group in groups.values():
            values = len({one.arguments for one in group if one.kind == group[0].kind})
            told_by_another = group[0].method and last[group[0].method, group[0].call] is not group
            if values >= FEW and not told_by_another:
                locked = any(_locks(one, group[0]) for one in block if one.method not in _OR_CREATE)
                yield Loop(statements=tuple(group), values=values, locked=locked)


def _once_a_row(run: QueryRun) -> set[int]:
    """What is told already: statements that are asked once for each row of a query that is known."""
    return {statement.number for found in repetitions(run) for statement in found.statements}


def _is_lookup(run: QueryRun, statement: Statement) -> bool:
    if (
        statement.kind != "select"
        or statement.asker
        or statement.method not in ("", "get")
        or not _by_project(run, statement)
    ):
        return False
    where = statement.template.partition(" WHERE ")[2]
    return bool(_POINT.search(where)) and not _WALK.search(where)


def _is_write(run: QueryRun, statement: Statement) -> bool:
    if not _by_project(run, statement) or statement.many:
        return False
    if statement.method in _OR_CREATE:
        return statement.kind in ("select", "insert", "update")
    if statement.kind not in _WRITES or statement.method in ("bulk_create", "bulk_update"):
        return False
    # A queryset deletes its rows in batches; an instance that is deleted takes others along.
    where = statement.template.partition(" WHERE ")[2]
    batch = statement.kind == "delete" and bool(_WALK.search(where))
    return not batch or (statement.method == "delete" and (statement.rows or 0) <= 1)


def _by_project(run: QueryRun, statement: Statement) -> bool:
    """Whether a line of the project itself called the ORM, and no package between them."""
    return (
        statement.location is not None
        and statement.direct
        and not statement.error
        and not asked_by_test(run, statement)
        and not called_by_test(run, statement)
    )


def _written_meanwhile(block: list[Statement], group: list[Statement]) -> bool:
    """Whether the tables were written to between the first and the last: what is read then may be new."""
    first, last = group[0].number, group[-1].number
    tables = {table for one in group for table in one.tables}
    return any(one.kind in _WRITES and first < one.number < last and not tables.isdisjoint(one.tables) for one in block)


def _searches(group: list[Statement]) -> bool:
    """Whether the loop ended with the first answer that was another: a free name, the first that exists."""
    *before, last = (one.rows for one in group)
    return len(set(before)) == 1 and last != before[0]


def _locks(statement: Statement, written: Statement) -> bool:
    return " FOR UPDATE" in statement.template and statement.tables[:1] == written.tables[:1]
