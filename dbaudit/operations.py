"""Migration operations that are idempotent by definition: they run alike where an index was built by hand, or by
``apply-indexes``, and where it was not."""

from __future__ import annotations

from typing import Any

from django.db import NotSupportedError, OperationalError, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations import AddIndex, RemoveIndex
from django.db.migrations.state import ProjectState

from dbaudit.apply import wording
from dbaudit.apply.postgresql import engine
from dbaudit.apply.steps import Done, Limits, Step
from dbaudit.catalog.database import sqlite
from dbaudit.sql.equivalence import of_table, signature
from dbaudit.sql.normal_form import statements


class EnsureIndex(AddIndex):
    """``AddIndex`` that leaves alone what is there by the same definition.

    On PostgreSQL the index is built concurrently, by the protocol of ``apply-indexes``, so the migration must have
    ``atomic = False``. An index of this definition under another name gets this one's; an invalid index that an
    interrupted build of this one left is replaced. ``app_label`` names another application whose table it is of: then
    that application's state is left as it is.
    """

    def __init__(self, model_name: str, index: models.Index, app_label: str = "") -> None:
        super().__init__(model_name, index)
        self.app_label = app_label

    def deconstruct(self) -> Any:
        """Its arguments, for the migration writer."""
        name, args, kwargs = super().deconstruct()
        return name, args, {**kwargs, **({"app_label": self.app_label} if self.app_label else {})}

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """Declare the index, unless the model is another application's."""
        if not self.app_label:
            super().state_forwards(app_label, state)

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        """Build it where it is missing."""
        del from_state
        model = to_state.apps.get_model(self.app_label or app_label, self.model_name)
        if self.allow_migrate_model(schema_editor.connection.alias, model):
            _ensure(schema_editor, model, self.index)

    def database_backwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        """Drop it where it stands."""
        del to_state
        model = from_state.apps.get_model(self.app_label or app_label, self.model_name)
        if self.allow_migrate_model(schema_editor.connection.alias, model):
            _ensure_none(schema_editor, model, self.index)

    def describe(self) -> str:
        """What ``migrate --plan`` shows."""
        return f"{super().describe()} unless it is there"


class EnsureNoIndex(RemoveIndex):
    """``RemoveIndex`` that does not mind when the index is gone already; concurrent on PostgreSQL."""

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        """Drop it where it stands."""
        del to_state
        model = from_state.apps.get_model(app_label, self.model_name)
        if self.allow_migrate_model(schema_editor.connection.alias, model):
            state = from_state.models[app_label, self.model_name_lower]
            _ensure_none(schema_editor, model, state.get_index_by_name(self.name))

    def database_backwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        """Build it again where it is missing."""
        del from_state
        model = to_state.apps.get_model(app_label, self.model_name)
        if self.allow_migrate_model(schema_editor.connection.alias, model):
            state = to_state.models[app_label, self.model_name_lower]
            _ensure(schema_editor, model, state.get_index_by_name(self.name))

    def describe(self) -> str:
        """What ``migrate --plan`` shows."""
        return f"{super().describe()} if it is there"


def _ensure(schema_editor: BaseDatabaseSchemaEditor, model: type[models.Model], index: models.Index) -> None:
    vendor = schema_editor.connection.vendor
    if vendor == "postgresql":
        _outside_transactions(schema_editor)
        if schema_editor.collect_sql:
            schema_editor.add_index(model, index, concurrently=True)  # type: ignore[call-arg]
        else:
            _build(schema_editor, model, index)
    elif vendor == "sqlite":
        same = _same_of_sqlite(schema_editor, model, str(index.create_sql(model, schema_editor)))
        if index.name not in same:
            for name in same:
                schema_editor.execute(f"DROP INDEX {schema_editor.quote_name(name)}")
            schema_editor.add_index(model, index)
    elif index.name not in _names(schema_editor, model):
        schema_editor.add_index(model, index)


def _ensure_none(schema_editor: BaseDatabaseSchemaEditor, model: type[models.Model], index: models.Index) -> None:
    if schema_editor.connection.vendor == "postgresql":
        _outside_transactions(schema_editor)
        schema_editor.remove_index(model, index, concurrently=True)  # type: ignore[call-arg]
    elif schema_editor.collect_sql or index.name in _names(schema_editor, model):
        schema_editor.remove_index(model, index)


def _build(schema_editor: BaseDatabaseSchemaEditor, model: type[models.Model], index: models.Index) -> None:
    """By the same engine as ``apply-indexes``. Raises `django.db.OperationalError` where it could not."""
    statement = str(index.create_sql(model, schema_editor))
    definition = wording.parsed(statement)
    if definition is None:
        raise NotSupportedError(f"EnsureIndex cannot read the statement of {index.name}: {statement}")
    schema, _, table = model._meta.db_table.replace('"', "").rpartition(".")
    step = Step(
        number=1, key=index.name, action="create", schema=schema, table=table, definition=definition, sql=statement
    )
    with engine.opened(schema_editor.connection, Limits(), lambda _: None, lambda _name, _seen: None) as work:
        (done,) = engine.carry_out(work, [step], _Unrecorded())
    if not done.ok:
        raise OperationalError(done.reason)
    if done.index and done.index != index.name:
        quote = schema_editor.quote_name
        within = f"{quote(schema)}." if schema else ""
        schema_editor.execute(f"ALTER INDEX {within}{quote(done.index)} RENAME TO {quote(index.name)}")


def _outside_transactions(schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.in_atomic_block and not schema_editor.collect_sql:
        raise NotSupportedError(
            "An index is built and dropped concurrently outside of transactions only: "
            "set atomic = False on the migration."
        )


def _same_of_sqlite(schema_editor: BaseDatabaseSchemaEditor, model: type[models.Model], statement: str) -> list[str]:
    """The names of the table's indexes that mean the same, apart from those that belong to a constraint."""
    name = model._meta.db_table
    table = next(
        (one for one in sqlite.read(schema_editor.connection).tables if one.name.lower() == name.lower()), None
    )
    if table is None:
        return []
    try:
        wanted = signature(of_table(statements.index(statement, table.name, brackets=True), table))
    except ValueError:  # words that our grammar does not know
        return [one.name for one in table.indexes if one.definition == statement]
    return [one.name for one in table.indexes if not one.constraint and signature(one) == wanted]


def _names(schema_editor: BaseDatabaseSchemaEditor, model: type[models.Model]) -> set[str]:
    connection = schema_editor.connection
    with connection.cursor() as cursor:
        return {*connection.introspection.get_constraints(cursor, model._meta.db_table)}


class _Unrecorded:
    """A migration is its own journal."""

    def begin(self, step: Step, *, before: bool) -> None:
        """Nothing is noted."""

    def end(self, done: Done) -> None:
        """As before."""
