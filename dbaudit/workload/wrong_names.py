"""Names in queries that lead nowhere, read from what Django raised or from the queryset itself."""

from __future__ import annotations

import difflib
import re
import traceback
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from django.core.exceptions import FieldDoesNotExist, FieldError
from django.db.models import Model, QuerySet
from django.db.models.options import Options

from dbaudit import places
from dbaudit.facts import Location, WrongName

_FIELD = re.compile(
    r"(?:Cannot resolve keyword '(?P<keyword>[^']+)' into field"
    r"|Invalid field name\(s\) given in select_related: '(?P<joined>[^']*)'"
    r"|Invalid field name\(s\) for model \w+: '(?P<given>[^']+)'"
    r"|(?:Related Field got invalid lookup: |Unsupported lookup ')(?P<lookup>\w+)"
    r"|Non-relational field given in select_related: '(?P<plain>[^']+)'"
    r"|^(?P<masked>\w+)$)"  # only() and defer() beyond a field that is no relation
    r"(?:.*Choices are: (?P<choices>[^()]+))?",
    re.DOTALL,
)
_PREFETCH = re.compile(
    r"(?:Cannot find '(?P<name>[^']+)' on \w+ object, '[^']+' is an invalid parameter"
    r"|'(?P<path>[^']+)' does not resolve to an item that supports prefetching)"
)
_MISSING = re.compile(r"\w+ has no field named '(?P<name>[^']+)'")
_UNEXPECTED = re.compile(r"^\w+\(\) got (?:an )?unexpected keyword arguments?:? '(?P<name>[^']+)'")
_UPDATED = re.compile(r"do not exist in this model, are m2m fields[^:]*: (?P<name>\w+)")


def raised(error: BaseException) -> WrongName | None:
    """The name for which Django refused a query, None where the error is about something else."""
    found = _raised(error)
    return replace(found, location=_line(error)) if found is not None else None


def _raised(error: BaseException) -> WrongName | None:
    text = str(error)
    model = _model(error)
    if isinstance(error, FieldError) and (found := _FIELD.search(text)):
        return _refused(found, model, error)
    if isinstance(error, AttributeError | ValueError) and (found := _PREFETCH.search(text)):
        name = found["name"] or found["path"].rpartition("__")[2]
        return _wrong(name, _label(model), relations(model), _target(name, model))
    for kind, pattern in ((FieldDoesNotExist, _MISSING), (TypeError, _UNEXPECTED), (ValueError, _UPDATED)):
        if isinstance(error, kind) and model is not None and (found := pattern.search(text)):
            return _wrong(found["name"], _label(model), _fields(model))
    return None


def _refused(found: re.Match[str], model: type[Model] | None, error: BaseException) -> WrongName:
    """The name that a `FieldError` is about."""
    if found["lookup"]:
        return _lookup(found["lookup"], error)
    names = (found[group] for group in ("keyword", "joined", "given", "plain", "masked"))
    name = next((name for name in names if name is not None), "")
    choices = [one.strip() for one in (found["choices"] or "").split(",") if one.strip()]
    return _wrong(name, _label(model), choices or _fields(model))


def _label(model: type[Model] | None) -> str:
    return model._meta.label if model is not None else ""


def _line(error: BaseException) -> Location | None:
    """The innermost line of the project on the way to an error."""
    own = [frame for frame in traceback.extract_tb(error.__traceback__) if places.is_project(frame.filename)]
    return places.place(own[-1].filename, own[-1].lineno or 1) if own else None


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
            asked = getattr(value, "model", None) if issubclass(cls, QuerySet) else cls
            meta = value if issubclass(cls, Options) else getattr(asked, "_meta", None)
            if isinstance(meta, Options):
                found = meta.model
    return found


def unresolved(queryset: Any) -> WrongName | None:
    """The first prefetch of a queryset that leads nowhere: without rows Django does not look.

    The querysets inside of ``Prefetch`` are looked at as well. What a ``to_attr`` or Python makes is known only with
    its rows.
    """
    annotated = getattr(getattr(queryset, "query", None), "annotations", ())
    known: dict[str, Any] = {"": queryset.model}
    for lookup in queryset._prefetch_related_lookups:
        names = str(getattr(lookup, "prefetch_through", lookup)).split("__")
        kept = str(getattr(lookup, "prefetch_to", lookup)).split("__")
        for depth, name in enumerate(names):
            model, here = known.get("__".join(kept[:depth])), "__".join(kept[: depth + 1])
            if model is None:  # a generic relation, or what Python makes: only its rows tell
                break
            if here not in known and name not in annotated and not _may_lead_on(model, name):
                return _wrong(name, model._meta.label, relations(model), _target(name, model))
            known.setdefault(here, relations(model).get(name))
        inner = getattr(lookup, "queryset", None)
        wrong = unresolved(inner) if getattr(inner, "_prefetch_related_lookups", None) else None
        if wrong is not None:
            return wrong
    return None


def _may_lead_on(model: Any, name: str) -> bool:
    """Whether a name may be prefetched: a relation, or an attribute of Python's."""
    columns = {field.name for field in model._meta.concrete_fields if not field.is_relation}
    return hasattr(model, name) and name not in columns


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
        name=name,
        model=model,
        valid=tuple(dict.fromkeys((*close, *valid))),
        nearest=close[0] if close else "",
        sure=len(tuple(meant)) == 1,
    )
