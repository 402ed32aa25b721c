"""Plans that an index leads to most pages of a large table, in disorder.

The planner prices a page out of turn at ``random_page_cost``, which is 1.1 on most servers today: hardly more than one
in turn. Measured on TPC-H at scale factor 1, with ``lineitem`` seven times as large as the server's buffers and all of
it in the operating system's cache, such scans were priced at 0.8 to 0.9 of reading the whole table in turn and took 1.5
to 4.3 times as long. So they are taken to cost twice as much as that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from dbaudit.advisor.candidate import Candidate, Planned
from dbaudit.advisor.executions import executions
from dbaudit.facts import Plan, PlanNode, Snapshot, Table

PAGE = 8192
#: ``shared_buffers`` as it comes, in pages.
BUFFERS = 16_384
#: Of the table's pages: from here on a scan is one of most of them. At half of them an index was still worth it.
MOST = 0.6
#: Rows that lie in the order of the column, by the planner's statistics: an index on it reads the pages in turn.
IN_ORDER = 0.9
#: The planner's prices of a page in turn and of a row (``seq_page_cost``, ``cpu_tuple_cost``), as they come.
PAGE_COST, ROW_COST = 1.0, 0.01
DEAR = 2.0


@dataclass(frozen=True)
class Disorder:
    """What plans cost beyond what the planner says because candidates lead them through large tables in disorder."""

    snapshot: Snapshot

    def of(self, planned: Planned) -> float:
        """In the planner's units, over all samples."""
        candidates = {one.name: one for one in planned.used}
        return sum(self._of(plan, candidates) for plan in planned.plans) if candidates else 0.0

    def _of(self, plan: Plan, candidates: Mapping[str, Candidate]) -> float:
        more, heap = 0.0, None
        for node, times in executions(plan, self._rows):
            if node.type == "Bitmap Heap Scan":
                heap = (node, times)
            elif node.index in candidates and node.type == "Index Scan":
                more += self._beyond(node, times, candidates[node.index])
            elif node.index in candidates and node.type == "Bitmap Index Scan" and heap is not None:
                more += self._beyond(*heap, candidates[node.index])
                heap = None  # of several bitmaps one is enough
        return more

    def _beyond(self, scan: PlanNode, times: float, candidate: Candidate) -> float:
        table = self.snapshot.table(candidate.table, candidate.schema)
        pages = (table.heap_bytes or 0) / PAGE if table else 0.0
        cost = (scan.cost_total or 0.0) * times
        if table is None or pages <= self._number("shared_buffers", BUFFERS) or _in_order(table, candidate):
            return 0.0
        if cost < MOST * pages * self._number("random_page_cost", PAGE_COST):
            return 0.0
        return max(0.0, DEAR * (pages * PAGE_COST + (table.rows or 0) * ROW_COST) - cost)

    def _number(self, setting: str, otherwise: float) -> float:
        try:
            return float(self._settings[setting])
        except (KeyError, ValueError):
            return otherwise

    @cached_property
    def _settings(self) -> dict[str, str]:
        return dict(self.snapshot.settings)

    def _rows(self, node: PlanNode) -> float | None:
        table = self.snapshot.table(node.table, node.schema)
        return table.rows if table else None


def _in_order(table: Table, candidate: Candidate) -> bool:
    column = table.column(candidate.keys[0].column)
    seen = column.statistics if column else None
    return seen is not None and abs(seen.correlation or 0.0) >= IN_ORDER
