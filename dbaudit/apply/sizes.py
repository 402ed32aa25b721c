"""How big an index will be and how long its build takes, from what the planner believes of the table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from dbaudit.advisor.candidate import Candidate
from dbaudit.advisor.sizes import index_bytes
from dbaudit.facts import Index, Snapshot, Table

#: What a core reads and sorts in a second, on the careful side. For an order of magnitude in a plan.
HEAP_BYTES_PER_SECOND: Final = 200 * 1024 * 1024
ENTRIES_PER_SECOND: Final = 600_000
#: A concurrent build reads the table twice.
PASSES: Final = 2
#: Disk space that a build takes for a while, in sizes of the index: itself, its sort and its log.
DISK_SIZES: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """Bytes of the index, bytes that the build needs for a while, and seconds; None where nothing is known."""

    bytes: int | None = None
    disk_bytes: int | None = None
    seconds: float | None = None


def estimate(snapshot: Snapshot, table: Table, index: Index, known: int | None = None) -> Estimate:
    """What building the index takes; ``known`` is a size that somebody else has worked out."""
    size = known
    if size is None and snapshot.vendor == "postgresql" and table.sampled:
        size = index_bytes(_candidate(table, index), snapshot)
    seconds = None
    if table.rows is not None and (table.heap_bytes is not None or snapshot.vendor == "sqlite"):
        seconds = PASSES * (table.heap_bytes or 0) / HEAP_BYTES_PER_SECOND + table.rows / ENTRIES_PER_SECOND
    return Estimate(bytes=size, disk_bytes=None if size is None else size * DISK_SIZES, seconds=seconds)


def _candidate(table: Table, index: Index) -> Candidate:
    return Candidate(
        table=table.name,
        schema=table.schema,
        keys=index.keys,
        include=index.included,
        condition=index.predicate,
        method=index.method,
    )
