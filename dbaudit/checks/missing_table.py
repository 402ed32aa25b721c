from __future__ import annotations

from collections.abc import Iterator

from dbaudit.facts import Elsewhere, Model, Skipped, Snapshot
from dbaudit.findings import Confidence, EditModel, Evidence, Finding, Remedy
from dbaudit.findings.commands import manage
from dbaudit.registry import check


@check(severity="error", needs=["schema", "models"])
def missing_table(snapshot: Snapshot) -> Iterator[Finding | Skipped]:
    """A model has no table.

    Why: The first query of the model fails. A migration was not run here, or its table was dropped or renamed by hand.

    Fix: Run ``manage.py migrate``. If every migration is applied, recreate the table, or make the model unmanaged.

    Silent when: The model is unmanaged, a proxy, abstract or swapped out, or the database router keeps it on another
    database; a view stands in the table's place; any schema of the search path has the table, or the one that
    ``db_table`` names. Where several schemas off the search path have it, as those of tenants, that is named as not
    examined.
    """
    elsewhere = []
    for model in snapshot.models:
        if model.stored and snapshot.table(model.table, model.schema) is None:
            found = snapshot.schemas.having(model.table) if snapshot.schemas and not model.schema else None
            if found and found.schemas > 1:
                elsewhere.append(model.label)
            else:
                yield _finding(snapshot, model, found)
    if elsewhere:
        reason = "Several schemas that are not on the search path have their tables, which were not examined."
        yield Skipped.some("missing_table", elsewhere, reason)


def _finding(snapshot: Snapshot, model: Model, found: Elsewhere | None) -> Finding:
    name = f"{model.schema}.{model.table}" if model.schema else model.table
    other = f" Schema {found.schema!r} has one of that name and is not on the search path." if found else ""
    return Finding(
        subject=f"Model {model.label} has no table",
        detail=f"Table {name!r} does not exist in database {snapshot.alias!r}.{other}",
        identity=(model.label,),
        confidence=Confidence.HIGH,
        owner=model.owner,
        app=model.app,
        model=model.label,
        table=name,
        location=model.location,
        group=f"Models of {model.app} have no table" if not _present(snapshot, model.app) else "",
        evidence=(Evidence("tables of the application here", _present(snapshot, model.app), "tables", "catalog"),),
        remedy=Remedy(
            action=EditModel(model=model.label, change="run the migrations, or set managed = False"),
            orm=manage("migrate", model.app, "--database", snapshot.alias),
        ),
    )


def _present(snapshot: Snapshot, app: str) -> int:
    return sum(table.ownership.app == app for table in snapshot.tables)
