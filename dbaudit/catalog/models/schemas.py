"""In which schema a model's table is: the one that ``db_table`` names, or the first of the search path that has it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator
from dataclasses import replace

from django.apps.registry import Apps
from django.db.backends.base.base import BaseDatabaseWrapper

from dbaudit.facts import Model, Schemas, Skipped, Snapshot, Table

_QUALIFIED = re.compile(r'"?(?P<schema>[^"]+)"\."(?P<table>[^"]+)"?')


def split(name: str) -> tuple[str, str]:
    """The ``schema"."table`` that some projects write into ``db_table``; the schema is ``""`` where none is named."""
    match = _QUALIFIED.fullmatch(name)
    return (match["schema"], match["table"]) if match else ("", name)


def stored(name: str, connection: BaseDatabaseWrapper) -> str:
    """An identifier as the server keeps it: PostgreSQL cuts it after 63 bytes, and says so only in a notice."""
    if connection.vendor != "postgresql":
        return name
    return name.encode()[:63].decode(errors="ignore")


def named(apps: Apps, connection: BaseDatabaseWrapper) -> tuple[frozenset[str], frozenset[str]]:
    """The schemas that models name, and the names of the tables of all models."""
    found = apps.get_models(include_auto_created=True, include_swapped=True)
    tables = [split(connection.introspection.identifier_converter(model._meta.db_table)) for model in found]
    schemas = {stored(schema, connection) for schema, _ in tables if schema}
    return frozenset(schemas), frozenset(stored(table, connection) for _, table in tables)


def place(model: Model, snapshot: Snapshot, connection: BaseDatabaseWrapper) -> Model:
    """The model with the schema and the name of its table as facts spell them."""
    schema, table = (stored(one, connection) for one in split(model.table))
    if schema:
        return replace(model, schema=snapshot.schemas.spelled(schema) if snapshot.schemas else schema, table=table)
    found = snapshot.reached(table)
    return replace(model, schema=found.schema if found else "", table=table)


def reachable(snapshot: Snapshot, connection: BaseDatabaseWrapper) -> tuple[Snapshot, tuple[Skipped, ...]]:
    """The snapshot without the tables that models never meet, because an earlier schema of the search path has a
    model's table of the same name; and what was not examined of the schemas."""
    if snapshot.schemas is None:
        return snapshot, ()
    path = snapshot.schemas.path
    first = {model.table: path.index(model.schema) for model in snapshot.models if model.schema in path}
    used = {(model.schema, model.table) for model in snapshot.models}

    def hidden(table: Table) -> bool:
        if (table.schema, table.name) in used or table.schema not in path or table.name not in first:
            return False
        return path.index(table.schema) > first[table.name]

    shadowed = {table.schema for table in snapshot.tables if hidden(table)}
    tables = tuple(table for table in snapshot.tables if not hidden(table))
    return replace(snapshot, tables=tables), (*_shadowed(shadowed), *_unseen(snapshot, snapshot.schemas, connection))


def _shadowed(schemas: Iterable[str]) -> Iterator[Skipped]:
    names = sorted(schemas)
    if names:
        yield Skipped.some(
            "schemas",
            names,
            "They have tables of the names that an earlier schema of the search path has, so models never meet them. "
            "These tables were not examined.",
        )


def _unseen(snapshot: Snapshot, schemas: Schemas, connection: BaseDatabaseWrapper) -> Iterator[Skipped]:
    """The schemas that the search path does not name: copies of the models' tables, and others."""
    copies = [one for one in schemas.hidden if one.of_models]
    others = [one for one in schemas.hidden if not one.of_models]
    if copies:
        widest = max(copies, key=lambda one: (one.of_models, one.tables))
        yield Skipped.some(
            "schemas",
            [one.name for one in copies],
            "They have tables of models and are not on the search path, so they were not examined. Audit one of them, "
            f"{_audit_of(widest.name, connection)}.",
        )
    if others:
        yield Skipped.some(
            "schemas", [one.name for one in others], "They are not on the search path, so they were not examined."
        )
    absent = [
        model.label
        for model in snapshot.absent
        if model.managed and not model.proxy and not model.swapped and schemas.having(model.table)
    ]
    if absent:
        yield Skipped.some(
            "models",
            absent,
            "The database router keeps them out of this schema. Their tables are in schemas that were not examined.",
        )


def _audit_of(schema: str, connection: BaseDatabaseWrapper) -> str:
    """How a tenant's schema is audited: django-tenants sets the search path itself, whatever the connection says."""
    if hasattr(connection, "set_schema"):
        return f"by python manage.py tenant_command dbaudit report --schema={shlex.quote(schema)}"
    return f"{schema} for example, by a search path that begins with it"
