from __future__ import annotations

from collections.abc import Iterator

from dbaudit import drift
from dbaudit.drift import Changed, sql
from dbaudit.facts import Index, Skipped, Snapshot, Table
from dbaudit.findings import Confidence, Evidence, Finding, RunSql, Severity
from dbaudit.registry import check


@check(severity="warning", needs=["schema", "models"])
def changed_index(snapshot: Snapshot) -> Iterator[Finding | Skipped]:
    """An index is another one than the model declares.

    Why: It has the name or the columns of the declared index, so everybody takes it for that one, but another
    condition, expression, order, operator class, method or included column: the planner cannot use it for what it was
    declared for.

    Fix: Apply or make the migration where one is waiting or missing. Where all are applied, drop the index and build
    the declared one; or declare in the model what the database has, where that is right.

    Silent when: Both mean the same however they are spelled (every direction flipped, the server's casts, ``IN`` as
    ``= ANY``, a default operator class that is named). Where the texts differ and may still mean the same, the index is
    listed as not compared.
    """
    yield from drift.unseen(snapshot, "changed_index")
    for compared in drift.compared(snapshot):
        yield from compared.indexes.skipped(compared.table)
        for changed in compared.indexes.changed:
            yield _finding(snapshot, compared.table, changed)


def _finding(snapshot: Snapshot, table: Table, changed: Changed[Index]) -> Finding:
    declared, found = changed.declared, changed.found
    cause = drift.cause(snapshot, table, drift.names_of(declared.declared, declared.name))
    both = sql.exchange(sql.drop(snapshot.dialect, table, found), sql.make_index(snapshot.dialect, table, declared))
    read = any(difference.what in ("condition", "keys") for difference in changed.differences)
    return Finding.about(
        table,
        subject=f"Index {found.name} on {table.label} is not what {table.ownership.model} declares",
        detail=f"{'; '.join(map(str, changed.differences))}.{cause.sentence}",
        identity=(declared.describe(),),
        severity=Severity.DEFAULT if table.ownership.owner == "project" else Severity.INFO,
        confidence=Confidence.MEDIUM if read else Confidence.HIGH,
        written=declared.declared,
        group=cause.group,
        evidence=[
            Evidence("in the database", found.definition or found.describe(), source="catalog"),
            Evidence("declared as", declared.definition, source="models"),
            *cause.evidence(),
        ],
        remedy=cause.remedy(snapshot, table, RunSql(purpose="Build the index that the model declares."), *both),
    )
