"""An index that goes with the option of a field: what Django's autodetector makes of the edit, and what that drops."""

from __future__ import annotations

import re
from typing import Any, Final

from django.apps.registry import Apps
from django.db.migrations.autodetector import MigrationAutodetector
from django.db.migrations.operations import AlterField
from django.db.migrations.state import ModelState, ProjectState
from django.db.models import Model

from dbaudit.facts import Table
from dbaudit.findings import DropIndex, Remedy
from dbaudit.gate import statements
from dbaudit.gate.bench import Bench, RefusedError
from dbaudit.gate.statements import Passed

#: The edit as `dbaudit.analysis.removal` writes it.
EDIT: Final = re.compile(r"(?P<field>\w+) = [\w.]+\(\.\.\., db_index=False\)")
_DROPPED: Final = re.compile(r'DROP INDEX (?:CONCURRENTLY )?(?:"(?:[^"]|"")+"\.)?"(?P<name>(?:[^"]|"")+)"')


def tried(bench: Bench, remedy: Remedy, action: DropIndex, apps: Apps) -> Passed:
    """What was done with an index that the field's ``db_index=False`` takes away.

    Raises:
        RefusedError: the edit is another operation, or Django would drop something else than the SQL.
        UntriedError: the SQL could not be carried out.
    """
    passed = statements.tried(bench, remedy)
    table, match = bench.snapshot.labelled(action.table), EDIT.match(remedy.orm)
    model = _model(bench, table, apps) if table else None
    if table is None or match is None or model is None:
        return passed
    field = model._meta.get_field(match["field"])
    _detect(model, match["field"])
    if bench.snapshot.vendor == "postgresql":
        mine = {found["name"].replace('""', '"') for found in _DROPPED.finditer(remedy.sql)}
        others = sorted(_dropped_by_django(table, model, str(getattr(field, "column", ""))) ^ mine)
        if others:
            raise RefusedError(f"Django's migration and the SQL do not drop the same: {', '.join(others)}.")
    return Passed(f"{passed.how} Django's migration drops the same.", passed.conflicts)


def _model(bench: Bench, table: Table, apps: Apps) -> type[Model] | None:
    for facts in bench.snapshot.models_of(table):
        if facts.managed and not facts.proxy:
            return apps.get_model(facts.label)
    return None


def _detect(model: type[Model], name: str) -> None:
    """Raise `RefusedError` where the autodetector finds anything but the one change of the field."""
    before = ModelState.from_model(model)
    after = before.clone()
    field: Any = after.fields[name].clone()
    field.db_index = False
    after.fields[name] = field
    old, new = ProjectState(), ProjectState()
    old.add_model(before)
    new.add_model(after)
    detector: Any = MigrationAutodetector(old, new)
    changes = detector._detect_changes()  # noqa: SLF001 - all that `changes` adds are names of migrations
    operations = [one for migrations in changes.values() for each in migrations for one in each.operations]
    if [type(one) for one in operations] != [AlterField] or operations[0].name != name:
        raise RefusedError(f"Django's autodetector does not find the one change of {name}.")


def _dropped_by_django(table: Table, model: type[Model], column: str) -> set[str]:
    """As the schema editor's ``_alter_field`` looks for them: all b-trees on the column alone but those of the Meta."""
    declared = {index.name for index in model._meta.indexes}
    return {
        index.name
        for index in table.indexes
        if index.columns == (column,) and not index.unique and index.method == "btree" and index.name not in declared
    }
