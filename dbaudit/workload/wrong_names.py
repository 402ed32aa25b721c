"""Names in queries that lead nowhere, read from what Django raised or from the queryset itself."""

from __future__ import annotations

import difflib
import re
import traceback
from collections.abc import Iterable
from typing import Any

from django.core.exceptions import FieldDoesNotExist, FieldError
from django.db.models import Model, QuerySet
from django.db.models.options import Options

from dbaudit.facts import WrongName

_FIELD = re.compile(
    r"(?:Cannot resolve keyword '(?P<keyword>[^']+)' into field"
    r"|Invalid field name\(s\) given in select_related: '(?P<joined>[^']+)'"
    r"|(?:Related Field got invalid lookup: |Unsupported lookup ')(?P<lookup>\w+)"
    r"|Non-relational field given in select_related: '(?P<plain>[^']+)')"
    r"(?:.*Choices are: (?P<choices>[^()]+))?",
    re.DOTALL,
)
_PREFETCH = re.compile(
    r"Cannot find '(?P<name>[^']+)' on (?P<model>\w+) object, '(?P<path>[^']+)' is an invalid parameter"
)
_MISSING = re.compile(r"(?P<model>\w+) has no field named '(?P<name>[^']+)'")


def raised(error: BaseException) -> WrongName | None:
    """The name for which Django refused a query, None where the error is about something else."""
    text = str(error)
    model = _model(error)
    label = model._meta.label if model is not None else ""
    if isinstance(error, FieldError) and (found := _FIELD.search(text)):
        if found["lookup"]:
            return _lookup(found["lookup"], error)
        name = found["keyword"] or found["joined"] or found["plain"]
        choices = [one.strip() for one in (found["choices"] or "").split(",") if one.strip()]
        return _wrong(name, label, choices)
    if isinstance(error, FieldDoesNotExist) and (found := _MISSING.search(text)):
        return _wrong(found["name"], label, _fields(model))
    if isinstance(error, AttributeError) and (found := _PREFETCH.search(text)):
        name = found["name"]
        return _wrong(name, label, relations(model), _target(name, model))
    return None


def _lookup(name: str, error: BaseException) -> WrongName:
    """What stands behind a field: a field of the related model, or a lookup of the field's own."""
    for frame, _ in traceback.walk_tb(error.__traceback__):
        field = getattr(frame.f_locals.get("lhs"), "field", None)
        if field is not None and field.is_relation:
            related = field.related_model
            return _wrong(name, related._meta.label, _fields(related))
        if field is not None:
            return _wrong(name, str(field), field.get_lookups())
    return WrongName(name=name, model="")


def _model(error: BaseException) -> type[Model] | None:
    """The model that was asked: Django's messages give its bare name, the frames of the error the model itself."""
    found = None
    for frame, _ in traceback.walk_tb(error.__traceback__):
        local = frame.f_locals
        for value in (local.get("first_obj"), local.get("opts"), local.get("self")):
            # The class as Python has it: a lazy object would set itself up to tell another, and may fail at that.
            cls = type(value)
            meta = value if issubclass(cls, Options) else getattr(cls, "_meta", None)
            if isinstance(meta, Options):
                found = meta.model
    return found


def unresolved(queryset: QuerySet[Any]) -> WrongName | None:
    """The first prefetch of a queryset that leads nowhere: without rows Django does not look."""
    for lookup in queryset._prefetch_related_lookups:  # type: ignore[attr-defined]
        path = getattr(lookup, "prefetch_through", lookup)
        model: Any = queryset.model
        for name in str(path).split("__"):
            if not hasattr(model, name):
                return _wrong(name, model._meta.label, relations(model), _target(name, model))
            model = relations(model).get(name)
            if model is None:  # an attribute of Python's, or a generic relation: only its rows tell
                break
    return None


def relations(model: type[Model] | None) -> dict[str, Any]:
    """The names that can be prefetched of a model, with the models behind them (None for a generic key)."""
    found: dict[str, Any] = {}
    if model is None:
        return found
    for one in model._meta.get_fields(include_hidden=False):
        if one.is_relation:
            accessor = getattr(one, "get_accessor_name", None)
            found[(accessor() if accessor else None) or one.name] = one.related_model
    return {name: related if isinstance(related, type) else None for name, related in found.items()}


def _fields(model: type[Model] | None) -> dict[str, Any]:
    return {one.name: None for one in model._meta.get_fields()} if model is not None else {}


def _target(name: str, model: type[Model] | None) -> list[str]:
    """What `<model>_set` would have meant: the relations to that model, whatever their names are."""
    wanted = name.removesuffix("_set").lower()
    return [
        one for one, related in relations(model).items() if related is not None and related._meta.model_name == wanted
    ]


def _wrong(name: str, model: str, valid: Iterable[str], meant: Iterable[str] = ()) -> WrongName:
    """A wrong name with the valid ones, those first that were probably meant."""
    valid = sorted(valid)
    close = (*meant, *difflib.get_close_matches(name, valid, n=3))
    return WrongName(
        name=name, model=model, valid=tuple(dict.fromkeys((*close, *valid))), nearest=close[0] if close else ""
    )
