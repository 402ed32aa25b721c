from __future__ import annotations

from collections.abc import Iterator

from dbaudit.analysis.column_types import mismatches
from dbaudit.analysis.integers import ceiling
from dbaudit.analysis.relations import Relation
from dbaudit.drift.causes import REBUILD
from dbaudit.facts import Snapshot
from dbaudit.findings import Confidence, EditModel, Evidence, Finding, Remedy, RunSql, Severity
from dbaudit.registry import check


@check(severity="warning", needs=["schema", "models"])
def foreign_key_type_mismatch(snapshot: Snapshot) -> Iterator[Finding]:
    """A column has another type than the column it refers to.

    Why: A narrower integer ends long before the key that it refers to: inserting children then fails while the parent
    still grows. It is what stays behind where a primary key was made a ``bigint`` and its references were not, often in
    a many-to-many table. Of types of different kinds, every join converts one side, and its index is lost.

    Fix: Change the referring column to the type of the key. PostgreSQL rewrites the table for it, so do it in a quiet
    hour, or by a new column.

    Silent when: The types differ in length or precision alone, or are all text (``varchar`` and ``text``, on PostgreSQL
    the same to an index); one of them is a domain, an enumeration or a type of an extension, whose insides are not
    seen; on SQLite the affinities are the same, as there every integer has eight bytes. A referring integer that is
    wider than the key is a remark. The column compared is the one really referred to, be it the primary key or not.
    """
    for one in mismatches(snapshot):
        yield _finding(snapshot, one.relation, one.column, one.types)


def _finding(snapshot: Snapshot, relation: Relation, column: str, types: tuple[str, str]) -> Finding:
    table, field = relation.table, relation.field
    here, there = (ceiling(snapshot.dialect, one) for one in types)
    wider = here is not None and there is not None and here > there
    if wider:
        detail = "It only takes more room than it needs."
    elif here and there:
        detail = f"It ends at {here:,}, the key at {there:,}."
    else:
        detail = "Comparing the two converts one of them."
    quoted = snapshot.dialect.quote(table.schema, table.name)
    change = f"ALTER TABLE {quoted} ALTER COLUMN {snapshot.dialect.quote(column)} TYPE"
    can = snapshot.vendor == "postgresql"
    return Finding.about(
        table,
        subject=f"{table.label}.{column} is {types[0]}, but {relation.target.label} has {types[1]}",
        detail=detail,
        identity=(column,),
        severity=Severity.INFO if wider else Severity.DEFAULT,
        confidence=Confidence.HIGH if here and there else Confidence.MEDIUM,
        written=field,
        evidence=[
            Evidence("type of the column", types[0], source="catalog"),
            Evidence(
                f"type of {relation.target.label}.{', '.join(relation.target_columns)}", types[1], source="catalog"
            ),
        ],
        remedy=Remedy(
            action=EditModel(model=table.ownership.model, field=field.name, change=f"column of type {types[1]}")
            if field
            else RunSql(purpose=f"Give {column} the type {types[1]}."),
            orm=REBUILD.format(model=table.ownership.model)
            if snapshot.vendor == "sqlite" and field
            else "Django believes that the types agree: no migration sees it. Put the SQL into a RunSQL operation.",
            # A cast from one kind to another may fail on a value, and only the team knows what then.
            sql=f"{change} {types[1]};" if can and here and there else "",
            undo_sql=f"{change} {types[0]};" if can and here and there else "",
        ),
    )
