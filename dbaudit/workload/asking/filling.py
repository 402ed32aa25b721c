"""Values for the fields that a row cannot be saved without, by the types of the fields."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.db import models
from django.db.models import NOT_PROVIDED
from django.utils import timezone

#: What stands in texts, as far as they have room for it.
NAME = "dbaudit-crawl"
HOST = "example.invalid"
#: A row that is referred to refers to rows itself; so far they are made.
DEPTH = 3
_TRIES = 100


class NoValueError(Exception):
    """A field for which no value is known: its sentence names it."""


def fill(model: type[models.Model], depth: int = DEPTH) -> dict[str, Any]:
    """Values by the names of the fields, for those of a new row that have none by themselves.

    Rows that are referred to are taken where there are some and made where there are none; call it in a transaction
    that is rolled back. Raises: `NoValueError`, and whatever a manager or a receiver of the project raises.
    """
    return {field.name: value(field, depth) for field in model._meta.concrete_fields if _needs_a_value(field)}


def value(field: Any, depth: int = DEPTH) -> Any:
    """A value that the field's column takes; one that no row has, where it must be unique."""
    if field.is_relation:
        return _referred(field, depth)
    if field.choices:
        flat = [key for key, label in field.flatchoices if key not in ("", None)]
        if flat:
            return next((one for one in flat if not (_unique(field) and _taken(field, one))), flat[0])
    return next((one for one in _candidates(field) if not (_unique(field) and _taken(field, one))), None)


def _needs_a_value(field: Any) -> bool:
    if field.null or field.has_default() or getattr(field, "db_default", NOT_PROVIDED) is not NOT_PROVIDED:
        return False
    if isinstance(field, models.AutoField) or getattr(field, "generated", False):
        return False
    if getattr(field, "auto_now", False) or getattr(field, "auto_now_add", False):
        return False
    if field.is_relation and field.remote_field.parent_link:
        return False
    empty = field.blank and isinstance(field, models.CharField | models.TextField | models.FileField)
    return not empty or _unique(field)


def _unique(field: Any) -> bool:
    return bool(field.unique) or any(
        field.name in getattr(constraint, "fields", ()) and not getattr(constraint, "condition", None)
        for constraint in field.model._meta.constraints
        if isinstance(constraint, models.UniqueConstraint)
    )


def _taken(field: Any, found: Any) -> bool:
    return bool(field.model._base_manager.filter(**{field.name: found}).exists())


def _referred(field: Any, depth: int) -> Any:
    related = field.remote_field.model
    row = None if field.unique else related._base_manager.order_by("pk").first()
    if row is not None:
        return row
    if not depth or related is field.model:
        raise NoValueError(f"no row of {related._meta.label} for {field.model._meta.label}.{field.name}")
    return related._base_manager.create(**fill(related, depth - 1))


def _candidates(field: Any) -> Iterator[Any]:
    """Values of the field's type; several where the first may be taken."""
    if getattr(field, "base_field", None) is not None:
        yield []
        return
    for kind, values in _KINDS:
        if isinstance(field, kind):
            yield from values(field)
            return
    raise NoValueError(f"no value is known for {field.model._meta.label}.{field.name} ({type(field).__name__})")


def _numbers(_field: Any) -> Iterator[int]:
    yield from range(1, _TRIES)
    yield from (30_000 - number for number in range(_TRIES))


def _texts(field: Any) -> Iterator[str]:
    room = field.max_length or 100
    yield NAME[:room]
    yield from (f"{NAME[: max(0, room - 3)]}{number}"[:room] for number in range(_TRIES))


def _addresses(_field: Any) -> Iterator[str]:
    yield f"{NAME}@{HOST}"
    yield from (f"{NAME}-{number}@{HOST}" for number in range(_TRIES))


def _links(_field: Any) -> Iterator[str]:
    yield f"https://{HOST}/"
    yield from (f"https://{HOST}/{number}" for number in range(_TRIES))


#: The more special kinds before those that they derive from.
_KINDS: tuple[tuple[Any, Any], ...] = (
    (models.EmailField, _addresses),
    (models.URLField, _links),
    (models.BooleanField, lambda _: [False, True]),
    (models.DateTimeField, lambda _: [timezone.now()]),
    (models.DateField, lambda _: [timezone.now().date()]),
    (models.TimeField, lambda _: [timezone.now().time()]),
    (models.DurationField, lambda _: [timedelta(0)]),
    (models.DecimalField, lambda field: map(Decimal, _numbers(field))),
    (models.FloatField, lambda field: map(float, _numbers(field))),
    (models.UUIDField, lambda _: [uuid.uuid4()]),
    (models.JSONField, lambda _: [{}]),
    (models.BinaryField, lambda _: [b""]),
    (models.GenericIPAddressField, lambda _: (f"192.0.2.{number}" for number in range(1, _TRIES))),
    (models.FileField, lambda _: [""]),
    (models.IntegerField, _numbers),
    (models.CharField | models.TextField, _texts),
)
