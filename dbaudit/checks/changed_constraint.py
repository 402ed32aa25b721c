from __future__ import annotations

from collections.abc import Iterator

from dbaudit import drift
from dbaudit.drift import Changed, sql
from dbaudit.facts import Constraint, Index, Skipped, Snapshot, Table
from dbaudit.findings import Confidence, Evidence, Finding, RunSql, Severity
from dbaudit.registry import check


@check(severity="warning", needs=["schema", "models"])
def changed_constraint(snapshot: Snapshot) -> Iterator[Finding | Skipped]:
    """A constraint or a primary key is another one than the model declares.

    Why: The database refuses what the model allows, or lets in what the code takes for impossible; and everybody who
    looks for the constraint by its name or its columns finds one and is content.

    Fix: Apply or make the migration where one is waiting or missing. Where all are applied, exchange the constraint by
    the SQL, after a look for rows that violate the declared one; or declare in the model what the database enforces,
    where that is right.

    Silent when: Both mean the same however they are spelled; the primary key of a partitioned table has the declared
    columns and those that it is partitioned by. Where the texts differ and may still mean the same, the constraint is
    listed as not compared.
    """
    yield from drift.unseen(snapshot, "changed_constraint")
    for compared in drift.compared(snapshot):
        yield from compared.uniques.skipped(compared.table)
        yield from compared.constraints.skipped(compared.table)
        for changed in compared.changed_constraints:
            yield _finding(snapshot, compared.table, changed)
        if compared.another_key:
            yield _key(snapshot, compared.expected, compared.table)


def _finding(snapshot: Snapshot, table: Table, changed: Changed[Index] | Changed[Constraint]) -> Finding:
    declared, found = changed.declared, changed.found
    name, words = drift.name_of(declared), drift.words_of(declared)
    cause = drift.cause(snapshot, table, drift.names_of(declared.declared, name))
    both = sql.exchange(sql.drop(snapshot.dialect, table, found), sql.make(snapshot.dialect, table, declared))
    read = any(difference.what in ("condition", "keys") for difference in changed.differences)
    return Finding.about(
        table,
        subject=f"Constraint {drift.name_of(found) or words} on {table.label} is not what "
        f"{table.ownership.model} declares",
        detail=f"{'; '.join(map(str, changed.differences))}.{cause.sentence}",
        identity=(words,),
        severity=Severity.DEFAULT if table.ownership.owner == "project" else Severity.INFO,
        confidence=Confidence.MEDIUM if read else Confidence.HIGH,
        written=declared.declared,
        group=cause.group,
        evidence=[
            Evidence("in the database", drift.words_of(found), source="catalog"),
            Evidence("declared as", words, source="models"),
            *cause.evidence(),
        ],
        remedy=cause.remedy(snapshot, table, RunSql(purpose="Enforce what the model declares."), *both),
    )


def _key(snapshot: Snapshot, expected: Table, table: Table) -> Finding:
    found, declared = (", ".join(one.primary_key) for one in (table, expected))
    fields = [snapshot.columns_field(table, column) for column in expected.primary_key]
    cause = drift.cause(snapshot, table, [field.name for field in fields if field])
    return Finding.about(
        table,
        subject=f"The primary key of {table.label} is not what {table.ownership.model} declares",
        detail=f"primary key: {found}, not {declared}.{cause.sentence}",
        identity=("primary key",),
        severity=Severity.DEFAULT if table.ownership.owner == "project" else Severity.INFO,
        location=fields[0].location if fields and fields[0] else None,
        group=cause.group,
        evidence=[
            Evidence("in the database", found, source="catalog"),
            Evidence("declared as", declared, source="models"),
            *cause.evidence(),
        ],
        remedy=cause.remedy(snapshot, table, RunSql(purpose="Give the table the key that the model has."), "", ""),
    )
