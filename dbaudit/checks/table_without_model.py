from __future__ import annotations

from collections.abc import Iterator

from dbaudit.facts import Snapshot, Table
from dbaudit.findings import Confidence, Evidence, Finding, Remedy, RunSql
from dbaudit.findings.commands import manage
from dbaudit.registry import check


@check(severity="info", needs=["schema", "models"])
def table_without_model(snapshot: Snapshot) -> Iterator[Finding]:
    """A table belongs to no model.

    Why: A removed app or a migration that changed only Django's state leaves its tables behind: they are backed up,
    vacuumed and trusted by nobody. Or another program uses the database, and then somebody should know.

    Fix: Find out who writes it. If it is a leftover, save it and drop it; if it is used, describe it by an unmanaged
    model.

    Silent when: Any installed model has the table (managed or not, proxies and automatic many-to-many tables
    included), it is Django's own ``django_migrations`` or a database cache, it belongs to a PostgreSQL extension, or
    it is a view.
    """
    for table in snapshot.stored_tables():
        if not table.ownership.model and table.ownership.owner == "project":
            yield _finding(snapshot, table)


def _finding(snapshot: Snapshot, table: Table) -> Finding:
    evidence = [Evidence("models with this table", 0, "models", "apps.get_models()")]
    if table.rows is not None:
        evidence.append(Evidence("rows", table.rows, "rows", table.rows_are))
    return Finding.about(
        table,
        subject=f"Table {table.label} belongs to no model",
        detail="No installed model describes it; another program may still read or write it.",
        identity=(),
        confidence=Confidence.MEDIUM,
        evidence=evidence,
        remedy=Remedy(
            action=RunSql(
                purpose="Find the owner; then save and drop the table, or describe it by an unmanaged model."
            ),
            orm=manage("inspectdb", "--database", snapshot.alias, table.name),
        ),
    )
