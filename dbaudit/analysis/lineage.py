"""Where the rows that ask came from: the statement that loaded them, and those before it whose rows they belong to."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from dbaudit.facts import AskingRow, QueryRun, Statement

#: Steps from a row to the rows that it came with.
DEPTH = 6
#: Attributes that lead to one row, and so can be joined.
TO_ONE = ("forward", "reverse one to one")
_PAGE = re.compile(r" (?:LIMIT|OFFSET) \?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """The rows that asked: how many different ones, and the statement that loaded them.

    ``statement`` is None where it ran before the recording. ``root`` is the first statement of the chain that led to
    them, and ``path`` leads from its rows to those that asked, "" where they are the same. ``joins`` says that every
    step of the path leads to one row.
    """

    rows: int
    statement: Statement | None
    root: Statement | None = None
    path: str = ""
    joins: bool = True


@dataclass(frozen=True, slots=True)
class _Way:
    """A row, and the way from it to one that asked."""

    row: AskingRow
    path: str
    joins: bool = True


class Lineage:
    """The statements of a run by their numbers."""

    def __init__(self, run: QueryRun) -> None:
        self._by_number = {one.number: one for one in run.statements if one.number}

    def source(self, asking: Iterable[Statement]) -> Source | None:
        """The statement several of whose rows asked; None where each came by itself, or where that is not known."""
        rows = {(one.row.number, one.row.loaded_by): one.row for one in asking if one.row is not None}
        level = [_Way(row, row.path) for row in rows.values() if row.loaded_by]
        for _ in range(DEPTH):
            found = self._together(level)
            if found is not None:
                return found
            level = [above for way in level if (above := self._above(way)) is not None]
        return None

    def _together(self, level: list[_Way]) -> Source | None:
        """The statement that loaded most of the rows, if it loaded two of them at once; its pages count together."""
        loaded: defaultdict[tuple[str, str], set[int]] = defaultdict(set)
        at_once: defaultdict[int | None, set[int]] = defaultdict(set)
        several: dict[tuple[str, str], _Way] = {}
        for way in level:
            statement = self._by_number.get(way.row.loaded_by or 0)
            key = _query(statement) if statement else str(way.row.loaded_by), way.path
            loaded[key].add(way.row.number)
            at_once[way.row.loaded_by].add(way.row.number)
            if len(at_once[way.row.loaded_by]) > 1:
                several.setdefault(key, way)
        if not several:
            return None
        most = max(several, key=lambda key: len(loaded[key]))
        way = several[most]
        first = self._first(way)
        return Source(
            rows=len(loaded[most]),
            statement=self._by_number.get(way.row.loaded_by or 0),
            root=self._by_number.get(first.row.loaded_by or 0),
            path=first.path,
            joins=first.joins,
        )

    def _above(self, way: _Way) -> _Way | None:
        """The row for which a row's statement was asked, and the way from it."""
        statement = self._by_number.get(way.row.loaded_by or 0)
        if statement is None or statement.row is None or not statement.row.loaded_by:
            return None
        name = statement.lookup or statement.asked.rpartition(".")[2]
        path = "__".join(filter(None, (statement.row.path, name, way.path)))
        return _Way(statement.row, path, way.joins and statement.asker in TO_ONE)

    def _first(self, way: _Way) -> _Way:
        """The first of the chain whose statement is known."""
        for _ in range(DEPTH):
            above = self._above(way)
            if above is None or above.row.loaded_by not in self._by_number:
                break
            way = above
        return way


def _query(statement: Statement) -> str:
    """What is the same of the pages of one query: the first has no offset."""
    return f"{statement.alias}:{_PAGE.sub('', statement.template)}"
