"""What models take for granted and no column says: pairs that occur once, fields unique for a date, rows that the
default manager leaves out. Nothing is asked of the database here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Literal, NoReturn

from django.apps.registry import Apps
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.expressions import Col
from django.db.models.lookups import Exact, IsNull
from django.db.models.sql.where import AND, WhereNode

from dbaudit.facts import DefaultFilter, Model, Snapshot, UniqueFor

PERIODS: tuple[Literal["date", "month", "year"], ...] = ("date", "month", "year")


def read(snapshot: Snapshot, apps: Apps, connection: BaseDatabaseWrapper) -> Snapshot:
    """The snapshot with what its models take for granted."""
    classes = {one._meta.label: one for one in apps.get_models(include_auto_created=True, include_swapped=True)}
    through = {
        through._meta.label: (field.m2m_column_name(), field.m2m_reverse_name())
        for model in classes.values()
        for field in model._meta.local_many_to_many
        if isinstance(through := field.remote_field.through, type)
    }

    def completed(facts: Model) -> Model:
        model = classes.get(facts.label)
        if model is None or facts.swapped or facts.auto_created:
            return facts
        with connection.execute_wrapper(_refuse):
            filters = tuple(_default_filters(model))
        return replace(
            facts, through=through.get(facts.label, ()), unique_for=tuple(_unique_for(model)), default_filters=filters
        )

    return replace(snapshot, models=tuple(map(completed, snapshot.models)))


def _unique_for(model: type[models.Model]) -> Iterator[UniqueFor]:
    own = {field.name: field.column for field in model._meta.local_concrete_fields}
    for field in model._meta.local_concrete_fields:
        for period in PERIODS:
            date = own.get(getattr(field, f"unique_for_{period}") or "")
            if date:
                yield UniqueFor(field=field.name, column=str(field.column), date_column=str(date), period=period)


# -- default managers ----------------------------------------------------------------------------------------------


def _refuse(*_: Any) -> NoReturn:
    raise RuntimeError("A manager asks the database while its filters are read.")


def _default_filters(model: type[models.Model]) -> Iterator[DefaultFilter]:
    """The conditions that the default manager's queryset begins with. A manager that needs a scope raises: no word."""
    try:
        query = model._default_manager.get_queryset().query
        found = [*_conditions(query.where)]
    except Exception:  # noqa: BLE001 - the project's own code
        return
    own = {field.column: field.name for field in model._meta.local_concrete_fields}
    for column, asks in found:
        if column.alias == query.base_table and column.target.column in own:
            yield DefaultFilter(field=own[column.target.column], column=column.target.column, asks=asks)


def _conditions(node: Any, negated: bool = False) -> Iterator[tuple[Any, Literal["null", "false"]]]:
    """Conditions that all rows fulfil, of the kinds that soft deletion has, ``exclude()`` among them."""
    if isinstance(node, WhereNode):
        negated = negated != node.negated
        if len(node.children) == 1 or (node.connector == AND and not negated):
            for child in node.children:
                yield from _conditions(child, negated)
    elif isinstance(node, IsNull) and isinstance(node.lhs, Col) and node.rhs is not negated:
        yield node.lhs, "null"
    elif isinstance(node, Exact) and isinstance(node.lhs, Col) and node.rhs is negated:
        yield node.lhs, "false"
