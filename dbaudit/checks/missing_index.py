from __future__ import annotations

from collections.abc import Iterator

from dbaudit import drift
from dbaudit.drift import sql
from dbaudit.facts import Index, Skipped, Snapshot, Table
from dbaudit.findings import CreateIndex, Evidence, Finding, Severity
from dbaudit.registry import check
from dbaudit.sql.equivalence import covers


@check(severity="warning", needs=["schema", "models"])
def missing_index(snapshot: Snapshot) -> Iterator[Finding | Skipped]:
    """A model declares an index that the database does not have.

    Why: The queries that it was made for read the whole table. Dropping a column, a restore, a migration that was only
    marked as applied or a hand that helped in an emergency take an index away, and nothing in Django ever notices.

    Fix: Apply or make the migration where one is waiting or missing. Where all are applied, build the index by the
    SQL that Django would run.

    Silent when: An index of the same meaning has any other name, or is there and invalid (that is `invalid_index`);
    an index of this name is another one (`changed_index`); one of its columns is missing (`missing_column`), or the
    table is (`missing_table`). It is a remark where a wider index serves the same reads, on tables of Django and of
    other packages, and where a package puts it on the model while that is imported, which no migration sees.
    """
    yield from drift.unseen(snapshot, "missing_index")
    for compared in drift.compared(snapshot):
        for index in compared.indexes.missing:
            yield _finding(snapshot, compared.table, index)


def _finding(snapshot: Snapshot, table: Table, index: Index) -> Finding:
    declared = index.declared
    about = [index.name] if declared and declared.by_name else []
    cause = drift.cause(snapshot, table, drift.names_of(declared, index.name), *about)
    own = table.ownership.owner == "project" and not cause.at_import
    wider = next((one for one in table.indexes if one.usable and covers(one, index)), None)
    called = f"{index.name} " if declared and declared.by_name else ""
    served = f" Reads by it can use {wider.name} {wider.describe()}." if wider else ""
    make, undo = sql.make_index(snapshot.dialect, table, index)
    action = CreateIndex(
        table=table.label,
        name=index.name,
        keys=index.keys,
        include=index.included,
        condition=index.predicate,
        method="" if index.method == "btree" else index.method,
    )
    return Finding.about(
        table,
        subject=f"Index {called}of {table.ownership.model} is not in the database",
        detail=f"The model declares {table.label} {index.describe()}.{cause.sentence}{served}",
        identity=(index.describe(),),
        severity=Severity.INFO if wider or not own else Severity.DEFAULT,
        owner="third-party" if cause.at_import else None,
        written=declared,
        group=cause.group,
        evidence=[Evidence("declared as", index.definition, source="models"), *cause.evidence()],
        remedy=cause.remedy(snapshot, table, action, make, undo),
    )
