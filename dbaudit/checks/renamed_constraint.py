from __future__ import annotations

from collections.abc import Iterator

from dbaudit import drift
from dbaudit.drift import Changed, sql
from dbaudit.facts import Constraint, Index, Skipped, Snapshot, Table
from dbaudit.findings import Evidence, Finding, RunSql
from dbaudit.registry import check


@check(severity="info", needs=["schema", "models"])
def renamed_constraint(snapshot: Snapshot) -> Iterator[Finding | Skipped]:
    """A constraint has another name than the model gives it.

    Why: It is enforced all the same. But a migration that removes or alters a constraint of ``Meta.constraints`` looks
    for its name and fails, or on PostgreSQL leaves a unique index behind.

    Fix: Rename it in the database, or give the model the name that the database has (as state_operations of a
    SeparateDatabaseAndState, because here nothing is to be done).

    Silent when: Django finds it by its columns and not by its name: those of fields (``unique``, the checks of
    positive numbers) and of ``unique_together``; SQLite keeps it inside the table, where migrations rebuild it without
    looking for a name.
    """
    yield from drift.unseen(snapshot, "renamed_constraint")
    for compared in drift.compared(snapshot):
        for renamed in compared.renamed_constraints:
            if snapshot.vendor != "sqlite" or _is_an_index(renamed.found):
                yield _finding(snapshot, compared.table, renamed)


def _is_an_index(found: Index | Constraint) -> bool:
    return isinstance(found, Index) and not found.constraint


def _finding(snapshot: Snapshot, table: Table, renamed: Changed[Index] | Changed[Constraint]) -> Finding:
    declared, found = renamed.declared, renamed.found
    name, words = drift.name_of(declared), drift.words_of(declared)
    cause = drift.cause(snapshot, table, (name,))
    both = sql.rename(snapshot.dialect, table, found, name)
    if not both[0]:
        both = sql.exchange(sql.drop(snapshot.dialect, table, found), sql.make(snapshot.dialect, table, declared))
    return Finding.about(
        table,
        subject=f"Constraint {drift.name_of(found)} on {table.label} is {name} in the model",
        detail=f"Both are {words}.{cause.sentence}",
        identity=(words,),
        written=declared.declared,
        group=cause.group,
        evidence=[Evidence("definition", drift.words_of(found), source="catalog"), *cause.evidence()],
        remedy=cause.remedy(snapshot, table, RunSql(purpose="Give the constraint the name that the model has."), *both),
    )
