"""What the fields of models let in by their choices and validators, as check constraints would say it.

Django's schema editor spells the conditions; nothing is executed.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final, Literal

from django.apps.registry import Apps
from django.core.exceptions import ValidationError
from django.core.validators import BaseValidator, MaxValueValidator, MinValueValidator
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.utils.choices import CallableChoiceIterator

from dbaudit.facts import Limit, Model, Snapshot
from dbaudit.sql.normal_form import statements

#: More choices are a catalogue (countries, currencies, languages) that changes without a migration.
MOST_CHOICES: Final = 30
VENDORS: Final = ("postgresql", "sqlite")
TEXTS: Final = (models.CharField, models.TextField)
NUMBERS: Final = (models.IntegerField, models.DecimalField, models.FloatField)

Rule = tuple[Literal["choices", "minimum", "maximum"], str, Any]


def read(snapshot: Snapshot, apps: Apps, connection: BaseDatabaseWrapper) -> Snapshot:
    """The snapshot with what the project's own models let into their columns."""
    if connection.vendor not in VENDORS:
        return snapshot
    classes = {one._meta.label: one for one in apps.get_models()}
    editor: Any = connection.SchemaEditorClass(connection, collect_sql=True, atomic=False)

    def completed(facts: Model) -> Model:
        cls = classes.get(facts.label)
        if cls is None or facts.owner != "project" or not facts.stored:
            return facts
        return replace(facts, limits=tuple(_limits(cls, editor)))

    return replace(snapshot, models=tuple(map(completed, snapshot.models)))


def _limits(cls: type[models.Model], editor: Any) -> Iterator[Limit]:
    for field in cls._meta.local_concrete_fields:
        # A class of somebody else's may write other values than it is given: encrypted, scaled, of its own type.
        own = type(field).__module__.startswith("django.db.models.")
        if own and isinstance(field, TEXTS + NUMBERS) and not field.primary_key:
            for by, lookup, value in _rules(field):
                if condition := _condition(cls, editor, **{f"{field.name}__{lookup}": value}):
                    yield Limit(
                        field=field.name,
                        column=str(field.column),
                        by=by,
                        lookup=f"{field.name}__{lookup}={value!r}",
                        condition=condition,
                    )


def _rules(field: models.Field[Any, Any]) -> Iterator[Rule]:
    """What the field was given: not what its type brings, such as the range of an integer."""
    if field.flatchoices and not isinstance(field.choices, CallableChoiceIterator):
        values = [_plain(value) for value, _ in field.flatchoices if value is not None]
        if field.blank and isinstance(field, TEXTS) and "" not in values:
            values.append("")
        if len(values) <= MOST_CHOICES:
            yield "choices", "in", values
    given = field.deconstruct()[3].get("validators", ()) if isinstance(field, NUMBERS) else ()
    numbers = (int,) if isinstance(field, models.IntegerField) else (int, float, Decimal)
    for validator in given:
        if isinstance(value := _bound(validator, MinValueValidator), numbers):
            yield "minimum", "gte", value
        elif isinstance(value := _bound(validator, MaxValueValidator), numbers):
            yield "maximum", "lte", value


def _plain(value: Any) -> Any:
    return value.value if isinstance(value, enum.Enum) else value


def _bound(validator: Any, kind: type[BaseValidator]) -> Any:
    """The limit of a validator of that kind, perhaps a callable; None where it is of another kind."""
    plain = isinstance(validator, kind) and type(validator).compare is kind.compare
    return validator.limit_value if plain else None


def _condition(cls: type[models.Model], editor: Any, **lookup: Any) -> str:
    """The lookup in SQL, ``""`` where the field does not take the value."""
    constraint = models.CheckConstraint(condition=models.Q(**lookup), name="limit")
    try:
        sql = str(constraint.create_sql(cls, editor))
    except (TypeError, ValueError, ValidationError, ArithmeticError):
        return ""
    return statements.check(statements.added(sql)[1])
