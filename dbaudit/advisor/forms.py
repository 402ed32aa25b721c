"""An index in Django's words: the entry of ``Meta.indexes``, and the migration that builds it.

The SQL that they come down to is the same as that of `dbaudit.sql.ddl`, which the tests hold by running both.
"""

from __future__ import annotations

from collections.abc import Iterable

from dbaudit.advisor.candidate import Candidate
from dbaudit.facts import Model, Snapshot, Table
from dbaudit.findings import CreateIndex, Remedy
from dbaudit.sql import ddl, names
from dbaudit.sql.entry import entry
from dbaudit.sql.orm import UntranslatableError, quoted


def action(candidate: Candidate, snapshot: Snapshot) -> CreateIndex:
    """The index as a remedy has it, under a name that nothing in the database has yet."""
    table = snapshot.table(candidate.table, candidate.schema)
    return CreateIndex(
        table=table.label if table else candidate.table,
        keys=candidate.keys,
        name=_free(snapshot, candidate),
        include=candidate.include,
        condition=candidate.condition,
        method="" if candidate.method == "btree" else candidate.method,
    )


def remedy(snapshot: Snapshot, table: Table, index: CreateIndex, verification: str = "") -> Remedy:
    """The index in its three forms: ``Meta.indexes`` and migration where the project has the model, SQL and its
    undo."""
    model = holder(snapshot, table)
    unmanaged = next((one for one in snapshot.models_of(table) if not one.managed and one.owner == "project"), None)
    if model is None:
        why = f"No model of the project has {table.label}"
        if unmanaged is not None:
            why = f"{unmanaged.label} is unmanaged (managed = False), so that migrations leave its table alone"
        orm = f"{why}: build it by SQL, best by RunSQL in a migration."
        text = ""
    else:
        text = migration(snapshot, [(table, index)])
        try:
            orm = f"# In the indexes of {model.label}'s Meta:\n{entry(snapshot, table, index)}"
        except UntranslatableError as error:
            orm = f"{error} No model can declare this index: run the SQL by RunSQL in a migration, as shown there."
    return Remedy(
        action=index,
        orm=orm,
        sql=ddl.create_index(snapshot.dialect, table, index),
        undo_sql=ddl.drop_index(snapshot.dialect, table, index.name),
        migration=text,
        verification=verification,
    )


def holder(snapshot: Snapshot, table: Table) -> Model | None:
    """The project's model in whose ``Meta`` an index of the table can stand: that which has the columns themselves,
    not one that inherits them. None for tables that Django makes for a many-to-many field, and others' models."""
    found = (one for one in snapshot.models_of(table) if one.managed and not one.auto_created)
    return next((one for one in found if one.owner == "project"), None)


def migration(snapshot: Snapshot, indexes: Iterable[tuple[Table, CreateIndex]]) -> str:
    """A migration that builds these indexes of one application's models; on PostgreSQL without blocking writers.

    ``""`` where one of the tables has no model of the project, or they are of several applications.
    """
    operations: list[str] = []
    imports = {"from django.db import migrations, models"}
    apps = set()
    concurrent = False
    for table, index in indexes:
        model = holder(snapshot, table)
        if model is None:
            return ""
        apps.add(model.app)
        try:
            written = entry(snapshot, table, index)
        except UntranslatableError:
            sql = ddl.create_index(snapshot.dialect, table, index)
            concurrent |= " CONCURRENTLY " in sql
            back = ddl.drop_index(snapshot.dialect, table, index.name)
            operations.append(
                f"        migrations.RunSQL(\n            {quoted(sql)},\n            {quoted(back)},\n        ),\n"
            )
            continue
        imports |= set(written.imports)
        operation = "migrations.AddIndex"
        if snapshot.vendor == "postgresql" and table.kind != "partitioned table":
            operation, concurrent = "AddIndexConcurrently", True
            imports.add("from django.contrib.postgres.operations import AddIndexConcurrently")
        operations.append(
            f"        {operation}(\n            model_name={quoted(model.name.lower())},\n"
            f"            index={written.code},\n        ),\n"
        )
    if len(apps) != 1:
        return ""
    [app] = apps
    latest = [one for one in (snapshot.migrations.latest if snapshot.migrations else ()) if one.app == app]
    dependencies = ", ".join(f"({quoted(one.app)}, {quoted(one.name)})" for one in latest)
    return (
        "\n".join(sorted(imports))
        + "\n\n\nclass Migration(migrations.Migration):\n"
        + ("    atomic = False\n\n" if concurrent else "")
        + f"    dependencies = [{dependencies}]\n\n    operations = [\n{''.join(operations)}    ]\n"
    )


def _free(snapshot: Snapshot, candidate: Candidate) -> str:
    """Its name, or another one where an index or model has that already."""
    taken = {index.name for table in (*snapshot.tables, *(snapshot.expected or ())) for index in table.indexes}
    name, number = candidate.name, 1
    while name in taken:
        number += 1
        name = names.index_name(
            candidate.table, (key.column for key in candidate.keys), candidate.describe(), str(number)
        )
    return name
