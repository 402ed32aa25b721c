"""Whose table is it? Models, applications and source places, read once from the app registry."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import cast

from django.apps.registry import Apps
from django.conf import settings
from django.db import models, router
from django.db.backends.base.base import BaseDatabaseWrapper

from dbaudit import places
from dbaudit.catalog.models import schemas
from dbaudit.facts import GenericKey, Model, ModelField, Owner, Ownership, Snapshot

#: Tables that Django makes without a model.
FRAMEWORK_TABLES = frozenset({"django_migrations"})


def read_models(apps: Apps, connection: BaseDatabaseWrapper) -> tuple[Model, ...]:
    """Every installed model, automatic many-to-many ones, proxies and swapped ones included, in order of label."""
    found = apps.get_models(include_auto_created=True, include_swapped=True)
    return tuple(sorted((_model(one, connection) for one in found), key=lambda model: model.label))


def assign(snapshot: Snapshot, found: tuple[Model, ...], connection: BaseDatabaseWrapper) -> Snapshot:
    """The snapshot with its models, and each table with its owner.

    A model that is routed elsewhere belongs to this database only if its table is here all the same.
    """
    placed = tuple(schemas.place(model, snapshot, connection) for model in found)
    present = tuple(model for model in placed if model.routed or snapshot.table(model.table, model.schema))
    owners: dict[tuple[str, str], Ownership] = {}
    for model in sorted(present, key=lambda one: (one.proxy, one.swapped, not one.managed, one.label)):
        if not model.proxy and not model.swapped:
            owners.setdefault((model.schema, model.table), ownership(model))
    path = snapshot.schemas.path if snapshot.schemas else ("",)
    framework = ((schema, name) for schema in path for name in FRAMEWORK_TABLES | _cache_tables())
    django = dict.fromkeys(framework, Ownership(owner="django"))
    owners = {**django, **owners}
    tables = tuple(
        replace(table, ownership=owners.get((table.schema, table.name), Ownership())) for table in snapshot.tables
    )
    absent = tuple(model for model in placed if model not in present)
    return replace(snapshot, models=present, absent=absent, tables=tables)


def ownership(model: Model) -> Ownership:
    """Whose a model's table is."""
    return Ownership(
        owner=model.owner,
        app=model.app,
        model=model.label,
        location=model.location,
        auto_created=model.auto_created,
    )


def _cache_tables() -> set[str]:
    configured = getattr(settings, "CACHES", {}).values()
    return {
        str(cache.get("LOCATION", ""))
        for cache in configured
        if str(cache.get("BACKEND", "")).endswith("DatabaseCache")
    }


def _model(model: type[models.Model], connection: BaseDatabaseWrapper) -> Model:
    meta = model._meta
    convert = connection.introspection.identifier_converter
    # For an automatic many-to-many model this is the model with the field; django-stubs says that it is a bool.
    source = cast("type[models.Model]", meta.auto_created) if meta.auto_created else model
    return Model(
        label=meta.label,
        app=meta.app_label,
        name=meta.object_name or "",
        table=convert(meta.db_table),
        owner=places.owner_of(source),
        location=places.of_class(source, _many_to_many_of(model, source)),
        managed=meta.managed,
        proxy=bool(meta.proxy),
        swapped=bool(meta.swapped),
        auto_created=bool(meta.auto_created),
        routed=router.allow_migrate_model(connection.alias, model),
        fields=tuple(_fields(model, source, connection)),
        generic_keys=tuple(_generic_keys(model, source, connection)),
        generic_relations=tuple(_generic_relations(model)),
    )


def _many_to_many_of(model: type[models.Model], source: type[models.Model]) -> str:
    """The name of the field for which Django made the model, ``""`` for one that somebody wrote."""
    fields = source._meta.local_many_to_many
    return next((field.name for field in fields if model is not source and field.remote_field.through is model), "")


def _column(connection: BaseDatabaseWrapper, name: str) -> str:
    return schemas.stored(connection.introspection.identifier_converter(name), connection)


def _spelled(kind: type[models.Field]) -> str:  # type: ignore[type-arg]
    name = kind.__name__
    return f"models.{name}" if getattr(models, name, None) is kind else name


def _fields(
    model: type[models.Model], source: type[models.Model], connection: BaseDatabaseWrapper
) -> Iterator[ModelField]:
    keys = {field.name for field in getattr(model._meta, "pk_fields", [model._meta.pk]) if field is not None}
    for field in model._meta.local_concrete_fields:
        column = _column(connection, str(field.column))
        common = {
            "name": field.name,
            "column": column,
            "kind": field.get_internal_type(),
            "spelled": _spelled(type(field)),
            "null": field.null,
            "unique": bool(field.unique),
            "indexed": bool(getattr(field, "db_index", False)),
            "primary_key": field.name in keys,
            "auto_now": bool(getattr(field, "auto_now", False)),
            "counter": isinstance(field, models.IntegerField) and field.default == 0 and not field.choices,
            "owner": _put_there(source, field),
            "location": places.of_class(source, field.name),
        }
        if not isinstance(field, models.ForeignKey) or isinstance(field.remote_field.model, str):
            yield ModelField(**common)  # type: ignore[arg-type]
            continue
        related = field.remote_field.model
        yield ModelField(
            **common,  # type: ignore[arg-type]
            relation="one to one" if isinstance(field, models.OneToOneField) else "foreign key",
            related_model=related._meta.label,
            related_table=schemas.stored(schemas.split(related._meta.db_table)[1], connection),
            related_columns=tuple(_column(connection, str(one.column)) for one in field.foreign_related_fields),
            on_delete=getattr(field.remote_field.on_delete, "__name__", "").upper(),
            constrained=bool(getattr(field, "db_constraint", True)),
            parent_link=bool(field.remote_field.parent_link),
        )


def _put_there(source: type[models.Model], field: models.Field) -> Owner | None:  # type: ignore[type-arg]
    """Whose code put a field on a model of the project's, None where the project wrote it or Django makes it alone."""
    if places.owner_of(source) != "project" or field.auto_created or source._meta.auto_created:
        return None
    owner = places.owner_of_attribute(source, field.name)
    return owner if owner != "project" else None


def _generic_keys(
    model: type[models.Model], source: type[models.Model], connection: BaseDatabaseWrapper
) -> Iterator[GenericKey]:
    """Told by their attributes: importing the class would need ``django.contrib.contenttypes`` to be installed."""
    own = {field.name: field for field in model._meta.local_concrete_fields}
    for field in model._meta.private_fields:
        kind, key = own.get(getattr(field, "ct_field", "")), own.get(getattr(field, "fk_field", ""))
        if kind is not None and key is not None:
            yield GenericKey(
                name=field.name,
                type_field=kind.name,
                type_column=_column(connection, str(kind.column)),
                key_field=key.name,
                key_column=_column(connection, str(key.column)),
                location=places.of_class(source, field.name),
            )


def _generic_relations(model: type[models.Model]) -> Iterator[str]:
    for field in model._meta.private_fields:
        if hasattr(field, "object_id_field_name") and not isinstance(field.remote_field.model, str):
            yield field.remote_field.model._meta.label
