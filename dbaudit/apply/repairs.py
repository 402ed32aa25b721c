"""Invalid indexes of the database: what of them a plan completes, and how the others are put right. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from dbaudit.apply.steps import Invalid, Step
from dbaudit.checks.invalid_index import invalid_index
from dbaudit.facts import Index, Snapshot, Table
from dbaudit.findings import Finding


def half_attached(index: Index) -> bool:
    """Whether it is the index of a partitioned table of which some partitions have no part."""
    return index.partitioned and not index.valid and not index.building


def key(table: Table, index: Index) -> str:
    """The key of the finding on a half-attached index."""
    return f"{invalid_index.__name__}:{table.label}:{index.describe()}:half attached"


def others(snapshot: Snapshot, steps: tuple[Step, ...]) -> Iterator[Invalid]:
    """The invalid indexes that no step sees to. Of a unique one the query for equal rows comes before the rebuild."""
    if snapshot.vendor != "postgresql":
        return
    seen_to = {(step.label, step.definition.name) for step in steps}
    for table in snapshot.tables:
        own = tuple(index for index in table.indexes if (table.label, index.name) not in seen_to)
        for finding in invalid_index(replace(snapshot, tables=(replace(table, indexes=own),))):
            if isinstance(finding, Finding):
                yield Invalid(title=finding.subject, detail=finding.detail, sql=finding.remedy.sql)
