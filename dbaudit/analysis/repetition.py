"""Statements that a run repeats for each row of another: what the N+1 check reports and what its fixes do away with.

Judged inside one request, one job or one block of code (see `dbaudit.analysis.blocks`), never across.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from dbaudit.analysis.blocks import blocks, called_by_test
from dbaudit.analysis.lineage import Lineage, Source
from dbaudit.facts import QueryRun, Statement

#: Attributes of one instance: asked for each instance that has not been given what they hold.
PER_INSTANCE = ("forward", "reverse", "reverse one to one", "many to many", "generic", "deferred")
#: An attribute may be empty in some rows, which then ask nothing: half of them still make a repetition.
PARTLY = 0.5
#: Fewer different rows than this prove nothing where it is not known what loaded them.
FEW = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Repetition:
    """Statements of one line and attribute that ran ``times`` times for ``rows`` different rows of ``parent``.

    ``slope`` is the number of executions that one more row adds, measured; None where the code could not be run again
    and the evidence is who asked and what ran. ``certain`` says that the rows themselves tell which statement loaded
    them; ``parent`` is None where that ran before the recording, or is not known. ``path`` leads from the rows of
    ``root``, the first statement of the chain, to those that asked; ``joins`` says that each step of it leads to one
    row. ``prefetched`` says that the relation had been prefetched for these rows. ``statements`` are the executions.
    """

    statement: Statement
    parent: Statement | None
    times: int
    rows: int
    slope: float | None
    certain: bool = False
    root: Statement | None = None
    path: str = ""
    joins: bool = True
    prefetched: bool = False
    statements: tuple[Statement, ...] = ()

    @property
    def lookup(self) -> str:
        """The lookup from the rows of the first statement to what is asked for."""
        return "__".join(filter(None, (self.path, self.statement.asked.rpartition(".")[2])))


def repetitions(run: QueryRun) -> Iterator[Repetition]:
    """What a run asks once a row, in the order in which it first ran; of several requests the worst tells."""
    found: dict[tuple[object, ...], Repetition] = {}
    lineage = Lineage(run)
    for block in blocks(run):
        groups: dict[tuple[object, ...], list[Statement]] = {}
        for statement in block:
            # What `delete()` looks for is part of the writing.
            if statement.kind == "select" and not statement.error and statement.method != "delete":
                groups.setdefault(_what(statement), []).append(statement)
        for what, group in groups.items():
            repetition = _repetition(run, block, group, lineage) if len(group) > 1 else None
            if repetition is not None and (what not in found or repetition.rows > found[what].rows):
                found[what] = repetition
    order = {statement.number: position for position, statement in enumerate(run.statements)}
    yield from sorted(found.values(), key=lambda one: order[one.statement.number])


def _what(statement: Statement) -> tuple[object, ...]:
    """What is the same of the executions that belong together: who asked on which line and database.

    An attribute that asks several statements, as a deferred key and its row, or a number and the rows, is one.
    """
    if statement.asker in PER_INSTANCE:
        return statement.asked, statement.alias, statement.location
    if statement.row is not None and statement.row.alone:
        return "prefetch", statement.asked, statement.alias, statement.location
    return statement.fingerprint, statement.alias, statement.location


def _repetition(run: QueryRun, block: list[Statement], group: list[Statement], lineage: Lineage) -> Repetition | None:
    first = group[0]
    attribute = first.asker in PER_INSTANCE
    source = lineage.source(group) if attribute or (first.row is not None and first.row.alone) else None
    # Where a deferred key and its row are asked for, the row is what is wanted.
    shown = next((one for one in group if one.asker != "deferred"), first)
    prefetched = _prefetched(run, group)
    measured = _measured(run, group)
    if measured is not None and measured[0] >= (PARTLY if attribute else 1):
        slope, cut = measured
        known = source or Source(rows=_rows(group), statement=None)
        return Repetition(
            statement=shown,
            parent=cut,
            times=len(group),
            rows=known.rows,
            slope=slope,
            certain=source is not None,
            root=known.root or cut,
            path=known.path,
            joins=known.joins,
            prefetched=prefetched,
            statements=tuple(group),
        )
    scaled = {one.parent for one in run.scaling}
    if source is not None:
        parent = source.statement
        if scaled & {one.identity for one in (parent, source.root) if one is not None}:
            return None  # more rows were tried, and asked for no more
        return Repetition(
            statement=shown,
            parent=parent,
            times=len(group),
            rows=source.rows,
            slope=None,
            certain=True,
            root=source.root,
            path=source.path,
            joins=source.joins,
            prefetched=prefetched,
            statements=tuple(group),
        )
    tests = not attribute and called_by_test(run, first)
    found = None if scaled or tests else _likely(block, group, attribute=attribute)
    return replace(found, statement=shown, prefetched=prefetched) if found is not None else None


def _measured(run: QueryRun, group: list[Statement]) -> tuple[float, Statement] | None:
    """Proved by running again with n and with 2n rows of each possible parent; the steepest is the parent."""
    identities = {one.identity for one in group}
    slope, parent = 0.0, ""
    for small in run.scaling:
        for large in run.scaling:
            if large.parent == small.parent and large.rows == small.rows * 2:
                added = sum(large.count(one) - small.count(one) for one in identities) / (large.rows - small.rows)
                slope, parent = max((slope, parent), (added, small.parent))
    first = next((one for one in run.statements if one.identity == parent), None)
    return (slope, first) if first is not None else None


def _rows(group: list[Statement]) -> int:
    """How many different rows asked, or, where it is not known which, how many different values were asked for."""
    return len({one.row.number if one.row else -one.arguments for one in group})


def _likely(block: list[Statement], group: list[Statement], *, attribute: bool) -> Repetition | None:
    """Not run again, and not known what loaded the rows.

    An attribute must have been asked by three rows of an unknown statement. Without one, a line must have asked
    exactly once, each time with another value, for each row of an earlier statement.
    """
    first, times = group[0], len(group)
    if first.location is None or (first.asker and not attribute):
        return None
    unknown = [one for one in group if one.row is None or one.row.loaded_by is None]
    rows = _rows(unknown)
    if rows < FEW or (not attribute and rows < times):
        return None
    before = [
        one
        for one in block[: block.index(first)]
        if one.kind == "select" and one.identity != first.identity and one.asker not in PER_INSTANCE
    ]
    if attribute:
        owner = first.asked.rpartition(".")[0]
        parents = [one for one in before if one.model == owner and (one.rows or 0) >= rows]
        return Repetition(
            statement=first,
            parent=parents[-1] if parents else None,
            times=times,
            rows=rows,
            slope=None,
            root=parents[-1] if parents else None,
            statements=tuple(group),
        )
    parents = [one for one in before if one.rows == times]
    if not parents:
        return None
    return Repetition(
        statement=first,
        parent=parents[-1],
        times=times,
        rows=rows,
        slope=None,
        root=parents[-1],
        statements=tuple(group),
    )


def _prefetched(run: QueryRun, group: list[Statement]) -> bool:
    """Whether the relation had been prefetched for the rows that asked."""
    asked, number = group[0].asked, group[0].number
    if not asked or group[0].asker not in PER_INSTANCE:
        return False
    loaded_by = {one.row.loaded_by for one in group if one.row is not None}
    return any(
        one.asker == "prefetch"
        and one.asked.rpartition(".")[2] == asked.rpartition(".")[2]
        and one.lookup == asked.rpartition(".")[2]
        and one.row is not None
        and one.row.loaded_by in loaded_by
        for one in run.statements
        if one.number < number
    )
