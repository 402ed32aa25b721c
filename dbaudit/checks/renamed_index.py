from __future__ import annotations

from collections.abc import Iterator

from dbaudit import drift
from dbaudit.drift import Changed, sql
from dbaudit.facts import Index, Skipped, Snapshot, Table
from dbaudit.findings import Evidence, Finding, RunSql
from dbaudit.registry import check


@check(severity="info", needs=["schema", "models"])
def renamed_index(snapshot: Snapshot) -> Iterator[Finding | Skipped]:
    """An index has another name than the model gives it.

    Why: Reads use it all the same. But a migration that removes or renames an index of ``Meta.indexes`` looks for its
    name: on PostgreSQL ``DROP INDEX IF EXISTS`` then does nothing and leaves the index behind, and RenameIndex fails.

    Fix: Rename the index in the database, or give the model the name that the database has (makemigrations then
    writes a RenameIndex, which here belongs into the state_operations of a SeparateDatabaseAndState).

    Silent when: Django finds the index by its columns and not by its name: those of fields (``db_index``, foreign keys
    and their ``_like`` companions), whose names carry hashes that differ between versions of Django and from
    installation to installation.
    """
    yield from drift.unseen(snapshot, "renamed_index")
    for compared in drift.compared(snapshot):
        for renamed in compared.indexes.renamed:
            yield _finding(snapshot, compared.table, renamed)


def _finding(snapshot: Snapshot, table: Table, renamed: Changed[Index]) -> Finding:
    declared, found = renamed.declared, renamed.found
    cause = drift.cause(snapshot, table, (declared.name,))
    both = sql.rename(snapshot.dialect, table, found, declared.name)
    if not both[0]:
        both = sql.exchange(sql.drop(snapshot.dialect, table, found), sql.make_index(snapshot.dialect, table, declared))
    return Finding.about(
        table,
        subject=f"Index {found.name} on {table.label} is {declared.name} in the model",
        detail=f"Both are {table.label} {declared.describe()}.{cause.sentence}",
        identity=(declared.describe(),),
        written=declared.declared,
        group=cause.group,
        evidence=[Evidence("definition", found.definition or found.describe(), source="catalog"), *cause.evidence()],
        remedy=cause.remedy(snapshot, table, RunSql(purpose="Give the index the name that the model has."), *both),
    )
