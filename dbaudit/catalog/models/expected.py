"""The tables as Django would create them for the installed models, said with the facts that the readers use.

Django's schema editor is asked for the statements that it would run, part by part, so that each part is known with
the line of the model that asks for it; none is executed. A field, index or constraint class of a project's own is
thereby expected as it would really be built.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from django.apps.registry import Apps
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper

from dbaudit import places
from dbaudit.catalog.models import owners, schemas
from dbaudit.connection.exceptions import summary
from dbaudit.facts import (
    Column,
    Constraint,
    Declaration,
    ForeignKey,
    Index,
    IndexKey,
    Model,
    Skipped,
    Table,
)
from dbaudit.sql import normal_form
from dbaudit.sql.normal_form import statements

#: The vendors whose readers see all that is compared.
VENDORS: Final = ("postgresql", "sqlite")
AUTOMATIC: Final = ("AutoField", "BigAutoField", "SmallAutoField")
#: The options of a field that ask for an index.
INDEXED: Final = ("db_index", "spatial_index")
_COLLATIONS: Final = "SELECT collname::text FROM pg_collation WHERE collisdeterministic AND collname = ANY(%s)"


def collations(connection: BaseDatabaseWrapper, apps: Apps) -> frozenset[str]:
    """The deterministic ones among the collations that fields name: Django builds pattern indexes for those alone.

    Takes a statement only on PostgreSQL, and only where a field names one.

    Raises:
        django.db.DatabaseError: the catalog could not be read.
    """
    named = {getattr(field, "db_collation", None) for model in apps.get_models() for field in model._meta.local_fields}
    named.discard(None)
    if connection.vendor != "postgresql" or not named:
        return frozenset()
    with connection.cursor() as cursor:
        cursor.execute(_COLLATIONS, [sorted(named)])
        return frozenset(name for (name,) in cursor.fetchall())


def read(
    connection: BaseDatabaseWrapper, apps: Apps, placed: Iterable[Model], deterministic: Collection[str]
) -> tuple[tuple[Table, ...] | None, tuple[Skipped, ...]]:
    """What Django would create for these models, in order of name, and what could not be told. Executes nothing.

    None on a vendor whose reader does not see what is to be compared.
    """
    if connection.vendor not in VENDORS:
        return None, ()
    by_label = {model.label: model for model in placed}
    editor = _editor(connection, deterministic)
    found: dict[tuple[str, str], Table] = {}
    skipped = []
    for cls in apps.get_models(include_auto_created=True):
        model = by_label.get(cls._meta.label)
        if model is None or not model.stored or not cls._meta.can_migrate(connection):
            continue
        try:
            table = _Asked(connection, editor, cls, model, by_label).table()
        except Exception as error:  # noqa: BLE001 - fields, indexes and constraints may be of the project's own classes
            skipped.append(Skipped(model.label, f"What Django would create for it is unknown: {summary(error)}."))
            continue
        where = (table.schema, table.name)
        found[where] = _together(found[where], table) if where in found else table
    return tuple(found[where] for where in sorted(found)), tuple(skipped)


def _editor(connection: BaseDatabaseWrapper, deterministic: Collection[str]) -> Any:
    """A schema editor that was never entered, so that it has no transaction and leaves constraints as they are."""
    editor: Any = connection.SchemaEditorClass(connection, collect_sql=True, atomic=False)
    editor.deferred_sql = []
    # The editor would ask the server once for each field.
    editor._is_collation_deterministic = deterministic.__contains__
    return editor


def _together(one: Table, other: Table) -> Table:
    """Two models on one table."""
    names = {column.name for column in one.columns}
    return replace(
        one,
        columns=(*one.columns, *(column for column in other.columns if column.name not in names)),
        indexes=(*one.indexes, *other.indexes),
        foreign_keys=(*one.foreign_keys, *other.foreign_keys),
        constraints=(*one.constraints, *other.constraints),
        types={**other.types, **one.types},
    )


@dataclass(frozen=True, slots=True)
class _Asked:
    """A model about whose table the editor is asked. Raises whatever a field, index or constraint class raises."""

    connection: BaseDatabaseWrapper
    editor: Any
    cls: type[models.Model]
    model: Model
    models: Mapping[str, Model]

    def table(self) -> Table:
        fields = [
            (field, parameters)
            for field in self.cls._meta.local_fields
            if (parameters := field.db_parameters(self.connection))["type"] is not None
        ]
        parts = (*self._of_fields(fields), *self._of_meta())
        table = Table(
            name=self.model.table,
            schema=self.model.schema,
            columns=tuple(self._column(*one) for one in fields),
            primary_key=tuple(self._stored(str(field.column)) for field in self.cls._meta.pk_fields),
            indexes=tuple(part for part in parts if isinstance(part, Index)),
            foreign_keys=tuple(self._foreign_keys(field for field, _ in fields)),
            constraints=tuple(part for part in parts if isinstance(part, Constraint)),
            comment=self._comment(self.cls._meta.db_table_comment),
            ownership=owners.ownership(self.model),
        )
        return table.typed() if self.connection.vendor == "postgresql" else table

    def _stored(self, name: str) -> str:
        return schemas.stored(name, self.connection)

    # -- columns -------------------------------------------------------------------------------------------------

    def _column(self, field: Any, parameters: Mapping[str, Any]) -> Column:
        default = generated = ""
        if field.has_db_default():
            default = self._literal(*self.editor.db_default_sql(field))
        if field.generated:
            sql, values = field.generated_sql(self.connection)
            generated = self._literal(sql, values) if values else sql.replace("%%", "%")
        return Column(
            name=self._stored(field.column),
            type=parameters["type"],
            nullable=field.null or field.generated,
            default=default,
            collation=parameters.get("collation") or "",
            generated=generated,
            identity="by default" if field.get_internal_type() in AUTOMATIC else "",
            comment=self._comment(field.db_comment),
        )

    def _comment(self, text: str | None) -> str:
        return text or "" if self.connection.features.supports_comments else ""

    def _literal(self, sql: str, params: Iterable[Any]) -> str:
        """A text of SQL with its parameters in it, as the driver writes them; without any a ``%`` is a plain one."""
        values = tuple(params)
        if not values:
            return sql
        if self.connection.vendor == "postgresql":
            return str(self.connection.ops.compose_sql(sql, values))  # type: ignore[attr-defined]
        return str(sql % tuple(map(self.editor.quote_value, values)))

    # -- indexes and constraints ---------------------------------------------------------------------------------

    def _of_fields(self, fields: Iterable[tuple[Any, Mapping[str, Any]]]) -> Iterator[Index | Constraint]:
        """What options of fields ask for: checks, unique keys, indexes and their pattern companions."""
        written = {field.name: field for field in self.model.fields}
        for field, parameters in fields:
            if not (parameters["check"] or field.unique or any(getattr(field, name, False) for name in INDEXED)):
                continue
            own = written.get(field.name)
            declared = Declaration(
                model=self.model.label,
                by="field",
                fields=(field.name,),
                owner=own.owner if own else None,
                location=own.location if own else None,
            )
            if check := parameters["check"]:
                yield Constraint(
                    name="",
                    kind="check",
                    columns=(self._stored(field.column),),
                    definition=f"CHECK ({check})",
                    declared=declared,
                )
            if field.unique and not field.primary_key:
                keys = (IndexKey(column=self._stored(field.column)),)
                yield Index(
                    name="", table=self.model.table, keys=keys, unique=True, constraint="unique", declared=declared
                )
            for sql in map(str, self.editor._field_indexes_sql(self.cls, field)):
                yield self._index(sql, replace(declared, sql=sql))

    def _of_meta(self) -> Iterator[Index | Constraint]:
        """What options of ``Meta`` ask for; a vendor that cannot has no statement for it."""
        meta = self.cls._meta
        for names in meta.unique_together:
            together = [meta.get_field(name) for name in names]
            yield from self._parsed(self.editor._create_unique_sql(self.cls, together), "unique_together", names)
        for index in meta.indexes:
            if not index.contains_expressions or self.connection.features.supports_expression_indexes:
                ordered = [name for name, _ in index.fields_orders]
                yield from self._parsed(index.create_sql(self.cls, self.editor), "indexes", ordered)
        for constraint in meta.constraints:
            fields = getattr(constraint, "fields", ())
            yield from self._parsed(constraint.create_sql(self.cls, self.editor), "constraints", fields)

    def _parsed(self, statement: object, by: Any, names: Iterable[str]) -> Iterator[Index | Constraint]:
        sql = str(statement or "")
        if not sql:
            return
        location = places.of_class(self.cls, by, "Meta")
        declared = Declaration(model=self.model.label, by=by, fields=tuple(names), sql=sql, location=location)
        if sql.startswith("CREATE"):
            yield self._index(sql, declared)
            return
        name, definition = statements.added(sql)
        name = self._stored(name)
        kind = definition.partition(" ")[0].upper()
        if kind == "UNIQUE":
            index = self._kept(statements.unique(definition, self.model.table, name, declared=declared))
            yield index
            yield Constraint(name=name, kind="unique", columns=index.columns, definition=definition, declared=declared)
        elif kind == "EXCLUDE":
            yield Constraint(name=name, kind="exclusion", definition=definition, declared=declared)
        elif kind == "CHECK":
            mentioned = normal_form.mentioned(statements.check(definition))
            columns = tuple(one.column for one in self.model.fields if one.column.lower() in mentioned)
            yield Constraint(name=name, kind="check", columns=columns, definition=definition, declared=declared)

    def _index(self, sql: str, declared: Declaration) -> Index:
        return self._kept(statements.index(sql, self.model.table, declared=declared))

    def _kept(self, index: Index) -> Index:
        """The index with its names as the server keeps them."""
        return replace(
            index,
            name=self._stored(index.name),
            constraint_name=self._stored(index.constraint_name),
            keys=tuple(replace(key, column=self._stored(key.column)) for key in index.keys),
            included=tuple(map(self._stored, index.included)),
        )

    def _foreign_keys(self, fields: Iterable[Any]) -> Iterator[ForeignKey]:
        """The foreign keys that the database is to enforce."""
        for field in fields:
            if field.remote_field and field.db_constraint:
                target = self.models.get(field.remote_field.model._meta.label)
                yield ForeignKey(
                    name="",
                    table=self.model.table,
                    columns=(self._stored(field.column),),
                    target_table=target.table if target else self._stored(field.remote_field.model._meta.db_table),
                    target_schema=target.schema if target else "",
                    target_columns=(self._stored(field.target_field.column),),
                    deferrable=True,
                )
