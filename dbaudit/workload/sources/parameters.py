"""Values for the parameters of routes: from the settings, and from rows that exist and belong together."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from itertools import islice
from types import CodeType, ModuleType
from typing import Any
from urllib.parse import urlsplit

from django.apps.registry import Apps
from django.db import models, transaction

from dbaudit.workload.sources.routes import Route
from dbaudit.workload.sources.slots import Form, Slot, form, leads_to, paths

#: Paths of one route that are tried, one after the other, until one answers.
TRIED = 6
#: Rows of a model that are looked at, and how far their foreign keys are followed.
ROWS = 3
DEPTH = 3
_KEYS = ("pk", "id", "object_id", "uuid", "uid")
_OF_MODEL = re.compile(r"app_(label|name)|^model$|model_name")
_DAYS = ("year", "month", "day", "week")
_PARTS = re.compile(r"^(?P<head>\w+?)_(?P<tail>id|pk|slug|uuid|uid|code|name|key|number|ref|username)$")
_NAMES = ("slug", "code", "uuid", "key", "username", "identifier", "number", "name")
_SPLIT = re.compile(r"[^a-z0-9]+|(?<=[a-z])(?=[A-Z])")

Samples = Mapping[str, Any]


class Parameters:
    """Makes paths. ``samples`` are those of ``DBAUDIT["CRAWL"]``: values by parameter, or by route and parameter.

    To be used in a transaction on the audited database: rows are read as they are needed, and kept.
    """

    def __init__(self, apps: Apps, samples: Samples) -> None:
        self._samples = samples
        self._models = {model: model._meta.model_name or "" for model in apps.get_models()}
        self._rows: dict[type[models.Model], tuple[Any, ...]] = {}

    def filled(self, route: Route) -> tuple[tuple[str, ...], str]:
        """Paths that lead to the route's view, the likeliest first, or the reason why there are none."""
        try:
            shape = form(route)
        except (ValueError, KeyError, IndexError) as error:
            return (), f"No path can be made of its pattern: {error}."
        if not shape.slots:
            return (
                ((shape.path({}),), "") if leads_to(shape.path({}), route) else ((), "Another route answers its path.")
            )
        found = tuple(dict.fromkeys(islice(self._paths(route, shape), TRIED)))
        return found, "" if found else self._missing(route, shape)

    def _paths(self, route: Route, shape: Form) -> Iterator[str]:
        given = self._samples.get(route.route) or self._samples.get(f"/{route.route}")
        given = given if isinstance(given, Mapping) else {}
        for row in self._anchors(route, shape):
            own = _own_path(row)
            if own and not given and leads_to(own, route):
                yield own
            made = paths(shape, lambda slot, row=row: self._values(slot, route, row, given), TRIED)  # type: ignore[misc]
            yield from (path for path in made if leads_to(path, route))

    def _missing(self, route: Route, shape: Form) -> str:
        given = self._samples.get(route.route) or {}
        rows = list(self._anchors(route, shape))
        for slot in shape.slots:
            values = (value for row in rows for value in self._values(slot, route, row, given))
            if not any(slot.text(value) for value in values):
                return f"No row tells a value for <{slot.name}>."
        return "No row gives values that lead to it."

    def _anchors(self, route: Route, shape: Form) -> Iterator[Any]:
        """Rows of the models that the view is about, the likeliest first; None at the end, for values one by one."""
        named = [model for slot in reversed(shape.slots) for model in self._meant(_head(slot.hint))]
        spoken = [model for word in reversed(_words(route)) for model in self._called(word)]
        app = (getattr(route.view, "__module__", "") or "").rpartition(".")[0]
        spoken.sort(key=lambda model: not (app and model.__module__.startswith(app)))
        about = models_of(route)
        guessed = [] if declared(route) else spoken
        for model in dict.fromkeys((*about, *named, *guessed)):
            yield from self._of(model)
        yield None

    def _values(self, slot: Slot, route: Route, row: Any, given: Mapping[str, Any]) -> list[Any]:
        for name in (slot.name, slot.hint):
            if name in given:
                return [given[name]]
            if name in self._samples and not isinstance(self._samples[name], Mapping):
                return [self._samples[name]]
        found = [] if row is None else list(_of_row(row, slot, _fields_of(route)))
        if not found:
            for model in self._meant(_head(slot.hint)):
                found += [value for one in self._of(model) for value in _identities(one, slot)]
        if not found and _OF_MODEL.search(slot.hint):
            found = list(self._names(row, slot.hint))
        named = slot.words or slot.hint in _DAYS or self._called(_head(slot.hint))
        if not found and not named and type(row) in models_of(route):
            found = list(_identities(row, slot))
        return found or list(slot.words)

    def _meant(self, name: str) -> list[type[models.Model]]:
        """The models that a parameter is called after, otherwise those of its last word, or its first."""
        words = name.split("_")
        return self._called(name) or self._called(words[-1]) or self._called(words[0])

    def _called(self, name: str) -> list[type[models.Model]]:
        """The models of a name, written with or without underscores, one or many."""
        name = name.replace("_", "").lower()
        forms = {name, name.removesuffix("s"), f"{name.removesuffix('ies')}y"} - {""}
        return [model for model, known in self._models.items() if known in forms]

    def _names(self, row: Any, hint: str) -> Iterator[str]:
        """Names of apps and models, where a route has them for parameters."""
        known = [type(row)] if row is not None else [model for model in self._models if self._of(model)]
        for model in known:
            yield model._meta.app_label if "app" in hint else str(model._meta.model_name)

    def _of(self, model: type[models.Model]) -> tuple[Any, ...]:
        """The first rows of a model and its last, of those that its default manager shows if it can be asked."""
        if model not in self._rows:
            self._rows[model] = ()
            for manager in (model._default_manager, model._base_manager):
                # PostgreSQL would refuse all that follows a statement that failed.
                with suppress(Exception):
                    rows = manager.order_by("pk")
                    with transaction.atomic(using=rows.db):
                        self._rows[model] = (*rows[: ROWS - 1], *manager.order_by("-pk")[:1])
                if self._rows[model]:
                    break
        return tuple(dict.fromkeys(self._rows[model]))


def declared(route: Route) -> list[type[models.Model]]:
    """The models that a view says it is about."""
    view, cls = route.view, route.view_class
    given = {**(getattr(view, "view_initkwargs", None) or {}), **(getattr(view, "initkwargs", None) or {})}
    found: list[Any] = [given.get("model"), getattr(getattr(view, "model_admin", None), "model", None)]
    found.append(getattr(cls, "model", None))
    found += [getattr(one, "model", None) for one in (given.get("queryset"), getattr(cls, "queryset", None))]
    return _models(found)


def models_of(route: Route) -> list[type[models.Model]]:
    """The models that a view is about: what it says, otherwise those of its forms and those that its code names."""
    found: list[Any] = list(declared(route))
    if found:
        return found
    cls = route.view_class
    metas = [getattr(getattr(cls, name, None), "Meta", None) for name in ("serializer_class", "form_class")]
    found += [getattr(meta, "model", None) for meta in metas]
    names = ("get_object", "get_queryset", "get", "dispatch", "get_context_data")
    for function in (*(getattr(cls, name, None) for name in names), *_inner(route.view)):
        found += _named_in(function)
    return _models(found)


def _models(found: Iterable[Any]) -> list[type[models.Model]]:
    return list(dict.fromkeys(one for one in found if isinstance(one, type) and issubclass(one, models.Model)))


def _inner(view: Any) -> Iterator[Any]:
    for _ in range(20):
        yield view
        view = getattr(view, "__wrapped__", None) or getattr(view, "func", None)
        if view is None:
            return


def _named_in(function: Any) -> list[Any]:
    """The classes that a function of the project's speaks of, in the order in which its code does."""
    code, names = getattr(function, "__code__", None), getattr(function, "__globals__", {})
    if not isinstance(code, CodeType) or str(names.get("__name__", "")).startswith(("django.", "rest_framework.")):
        return []
    modules = [vars(one) for one in map(names.get, code.co_names) if isinstance(one, ModuleType)]
    found = (space.get(name) for name in code.co_names for space in (names, *modules))
    return [value for value in found if isinstance(value, type)]


def _fields_of(route: Route) -> dict[str, str]:
    """The fields that a view looks up by its parameters."""
    cls = route.view_class
    found: dict[str, str] = {}
    for keyword, field in (("slug_url_kwarg", "slug_field"), ("lookup_url_kwarg", "lookup_field")):
        name, target = getattr(cls, keyword, None), getattr(cls, field, None)
        if isinstance(target, str):
            found[name if isinstance(name, str) else target] = target
            if field == "slug_field":
                found.setdefault(target, target)
    if isinstance(getattr(cls, "pk_url_kwarg", None), str):
        found[cls.pk_url_kwarg] = "pk"
    return found


def _of_row(row: Any, slot: Slot, fields: Mapping[str, str]) -> Iterator[Any]:
    """What a row says of a parameter: by the view's own field, by its key, by a field or a relation of that name."""
    name = slot.hint
    if slot.converted:
        yield row
    if name in fields:
        yield _follow(row, fields[name])
    if name in _KEYS or name.startswith("_"):
        yield from (getattr(row, name, None), row.pk)
    yield from _of_day(row, name)
    head, tail = _head(name), _tail(name)
    for one in _related(row, name, head):
        if slot.converted:
            yield one
        if tail:
            yield _follow(one, tail)
        yield from _identities(one, slot)
    found = _follow(row, name) if _is_field(row, name) else None
    if found is not None and not isinstance(found, models.Model):
        yield found


def _related(row: Any, name: str, head: str) -> Iterator[Any]:
    """The row itself, or those that it refers to over some foreign keys, if they are called like the parameter."""
    level, seen = [("", row)], 0
    while level and seen <= DEPTH:
        deeper: list[tuple[str, Any]] = []
        for relation, one in level:
            known = type(one)._meta.model_name
            if known in (head.replace("_", ""), name.replace("_", "")) or relation in (head, name):
                yield one
            for field in one._meta.concrete_fields:
                if field.is_relation and seen < DEPTH:
                    with suppress(Exception):
                        other = getattr(one, field.name)
                        if other is not None:
                            deeper.append((field.name, other))
        level, seen = deeper, seen + 1


def _identities(row: Any, slot: Slot) -> Iterator[Any]:
    """What a row may be known by: names first where the parameter takes text, otherwise its key."""
    fields = {field.name: field for field in row._meta.concrete_fields if not field.is_relation}
    names = [name for name in _NAMES if name in fields and (fields[name].unique or name in ("slug", "code"))]
    names += [name for name, field in fields.items() if field.unique and not field.primary_key and name not in names]
    found = [getattr(row, name, None) for name in names]
    keyed = slot.converter is None and _tail(slot.hint) in ("id", "pk")
    yield from (row.pk, *found) if keyed else (*found, row.pk)
    if slot.converted:
        yield row


def _of_day(row: Any, name: str) -> Iterator[Any]:
    """Year, month and day of the row's first date."""
    if name not in _DAYS:
        return
    for field in row._meta.concrete_fields:
        day = getattr(row, field.name, None) if isinstance(field, models.DateField) else None
        if day is not None:
            if name == "month":
                yield from (day.month, day.strftime("%b").lower(), f"{day.month:02}")
            else:
                yield day.isocalendar().week if name == "week" else getattr(day, name)
            return


def _own_path(row: Any) -> str:
    """What the model itself says is the path of a row, "" where it says nothing."""
    with suppress(Exception):
        return urlsplit(str(row.get_absolute_url())).path if hasattr(row, "get_absolute_url") else ""
    return ""


def _is_field(row: Any, name: str) -> bool:
    return any(name in (field.name, field.attname) for field in row._meta.concrete_fields)


def _follow(row: Any, path: str) -> Any:
    for name in path.split("__"):
        row = getattr(row, name, None)
    return row


def _head(name: str) -> str:
    found = _PARTS.match(name)
    return found["head"] if found else name


def _tail(name: str) -> str:
    found = _PARTS.match(name)
    return found["tail"] if found else ""


def _words(route: Route) -> list[str]:
    """The words of a route's name and of its view's, which often are called like what they show."""
    view = route.view_class or route.view
    texts: Iterable[str] = (route.name, getattr(view, "__name__", ""), re.sub(r"<[^>]*>|\(.*?\)", "", route.route))
    return [word.lower() for text in texts for word in _SPLIT.split(text) if len(word) > 2]
