"""What a statement takes when it is executed on copies: pages and rows, which no clock changes.

The planner's costs are a guess where it knows little: how many rows an inverted index has to look at again, in which
order the rows of an expression lie, how early a walk ends. The copies are there, so the statement is executed on them.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from typing import Any

from django.db import DatabaseError, InterfaceError
from django.db.backends.base.base import BaseDatabaseWrapper

from dbaudit.advisor.candidate import Asked, TrialEndedError
from dbaudit.advisor.trials.explain import refusal
from dbaudit.connection.rollback import attempt
from dbaudit.facts import Parameters

#: A row that a step has in its hands costs so much of a page, as for the planner (``cpu_tuple_cost``).
A_ROW = 0.01
#: A comparison of a sort that keeps all of its rows, likewise.
A_COMPARISON = 0.001
#: Entries of an index that lie on one page, about.
ENTRIES_A_PAGE = 200
#: A place for a value.
_OPEN = re.compile(r"%s|\$\d")
_BLOCKS = ("Shared Hit Blocks", "Shared Read Blocks", "Local Hit Blocks", "Local Read Blocks", "Temp Read Blocks")
_WHOLE_SORTS = ("quicksort", "external sort", "external merge")
_REMOVED = ("Rows Removed by Filter", "Rows Removed by Index Recheck", "Rows Removed by Join Filter")


def executed(connection: BaseDatabaseWrapper, asked: Asked) -> tuple[float, frozenset[str]] | None:
    """The pages and rows that the statement takes, summed over its samples, and the names of the indexes that it used.
    None where it was seen without values, or fails.

    Raises:
        TrialEndedError: the connection was lost.
    """
    if not asked.samples and _OPEN.search(asked.sql):
        return None
    total, names = 0.0, set[str]()
    for sample in asked.samples or (Parameters(None),):
        try:
            with attempt(connection), connection.cursor() as cursor:
                cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) {asked.sql}", sample.values)
                answer = cursor.fetchone()[0]
        except (DatabaseError, InterfaceError) as error:
            found = refusal(connection, error)
            if isinstance(found, TrialEndedError):
                raise found from error
            return None
        except (TypeError, ValueError, IndexError, KeyError):
            return None
        root = (json.loads(answer) if isinstance(answer, str) else answer)[0]["Plan"]
        total += sum(root.get(name, 0) for name in _BLOCKS)
        for node in _nodes(root):
            total += _rows(node) - _not_visible(node)
            names.add(node.get("Index Name", ""))
    return total, frozenset(names - {""})


def _rows(node: dict[str, Any]) -> float:
    """What the rows of a step take, in pages; those that are sorted are compared with many others."""
    loops = node.get("Actual Loops", 1)
    handled = node.get("Actual Rows", 0) + sum(node.get(name, 0) for name in _REMOVED)
    compared = node.get("Actual Rows", 0) if node.get("Sort Method") in _WHOLE_SORTS else 0
    return float((A_ROW * handled + A_COMPARISON * compared * math.log2(max(2, compared))) * loops)


def _not_visible(node: dict[str, Any]) -> float:
    """The pages of the table that a scan of the index alone read because the copy was never vacuumed: the real table
    is, so that it needs none of them."""
    if node.get("Node Type") != "Index Only Scan":
        return 0.0
    pages = sum(node.get(name, 0) for name in _BLOCKS)
    entries = node.get("Actual Rows", 0) * node.get("Actual Loops", 1)
    needed = node.get("Actual Loops", 1) + entries / ENTRIES_A_PAGE
    return float(max(0.0, min(node.get("Heap Fetches", 0), pages - needed)))


def _nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for child in node.get("Plans", ()):
        yield from _nodes(child)
