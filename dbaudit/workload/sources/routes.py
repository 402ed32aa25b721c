"""The routes of the project's URL configuration, with their parameters filled from rows that exist."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.apps.registry import Apps
from django.core.exceptions import FieldDoesNotExist
from django.db import DatabaseError, models, transaction
from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.resolvers import RegexPattern, RoutePattern
from django.utils.regex_helper import normalize

_PARAMETER = re.compile(r"<(?:[^>:]+:)?(\w+)>")
#: Routes that are never asked for, and why.
_NEVER = {"*logout*": "It would end the session.", "__debug__/*": "It is the debug toolbar's own."}
_KEYS = ("pk", "id", "object_id")


@dataclass(frozen=True, slots=True)
class Route:
    """A route as it is written (``orders/<int:pk>/``), its view, and a path for it; None with the reason if none."""

    route: str
    view: Any
    path: str | None
    reason: str = ""


def routes(apps: Apps, exclude: Iterable[str] = ()) -> Iterator[Route]:
    """Every route of the root URL configuration, in its order.

    ``exclude`` are patterns of routes as a shell writes them (``admin/*``). A format suffix (``.json``) is no route of
    its own. Values are read from the database that models are routed to.
    """
    reasons = {pattern.lstrip("/"): "Excluded by --crawl-exclude." for pattern in exclude} | _NEVER
    for parts, view in dict(_leaves(get_resolver())).items():
        route = "".join(_text(part) for part in parts)
        if "(?P<format>" in route or "<drf_format_suffix" in route:
            continue
        excluded = next((reason for pattern, reason in reasons.items() if fnmatch.fnmatchcase(route, pattern)), "")
        if excluded:
            yield Route(route, view, None, excluded)
            continue
        path, missing = _filled(parts, _Rows(view, apps))
        yield Route(route, view, path, f"No row tells a value for <{missing}>." if missing else "")


def _leaves(resolver: URLResolver, above: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    for one in resolver.url_patterns:
        if isinstance(one, URLPattern):
            yield (*above, one.pattern), one.callback
        elif isinstance(one, URLResolver):
            yield from _leaves(one, (*above, one.pattern))


def _text(part: Any) -> str:
    return str(part).removeprefix("^") if isinstance(part, RegexPattern) else str(part)


def _filled(parts: tuple[Any, ...], rows: _Rows) -> tuple[str | None, str]:
    """The path, or None and the parameter that has no value."""
    text = "/"
    for part in parts:
        if isinstance(part, RegexPattern):
            template, names = next(iter(normalize(part.regex.pattern)), ("", []))
            converters: dict[str, Any] = {}
        else:
            template = _PARAMETER.sub(r"%(\1)s", str(part).replace("%", "%%"))
            converters = part.converters if isinstance(part, RoutePattern) else {}
            names = _PARAMETER.findall(str(part))
        values = {}
        for name in names:
            value = rows.value(name)
            try:
                values[name] = converters[name].to_url(value) if name in converters and value is not None else value
            except (ValueError, TypeError):
                value = None
            if value is None:
                return None, name
        text += template % values
    return text, ""


class _Rows:
    """Where the values for one view's parameters come from."""

    def __init__(self, view: Any, apps: Apps) -> None:
        self._view = view
        self._apps = apps
        self._model = self._models_view()

    def value(self, name: str) -> Any:
        """A value that exists: of the view's model, or of the model that the parameter is called after."""
        cls = getattr(self._view, "cls", None) or getattr(self._view, "view_class", None)
        if self._model is not None:
            if name in (*_KEYS, getattr(cls, "pk_url_kwarg", None)):
                return self._first(self._model, "pk")
            field = getattr(cls, "lookup_field", None) or getattr(cls, "slug_field", None)
            if name in (getattr(cls, "lookup_url_kwarg", None), getattr(cls, "slug_url_kwarg", None), field):
                return self._first(self._model, str(field))
            found = self._first(self._model, name)
            if found is not None:
                return found
        target = re.sub(r"_(?:id|pk)$", "", name)
        model = next((one for one in self._apps.get_models() if one._meta.model_name == target.replace("_", "")), None)
        return self._first(model, "pk") if model is not None else None

    def _models_view(self) -> type[models.Model] | None:
        """The model of a class-based, a REST framework or an admin view."""
        model_admin = getattr(self._view, "model_admin", None)
        given = {**getattr(self._view, "view_initkwargs", {}), **getattr(self._view, "initkwargs", {})}
        cls = getattr(self._view, "cls", None) or getattr(self._view, "view_class", None)
        for source in (given.get("model"), getattr(model_admin, "model", None), getattr(cls, "model", None)):
            if source is not None:
                return source  # type: ignore[no-any-return]
        for queryset in (given.get("queryset"), getattr(cls, "queryset", None)):
            if queryset is not None:
                return queryset.model  # type: ignore[no-any-return]
        return None

    @staticmethod
    def _first(model: type[models.Model], name: str) -> Any:
        try:
            if name != "pk":
                model._meta.get_field(name)
            found = model._base_manager.order_by("pk").values_list(name, flat=True)
            # PostgreSQL would refuse all that follows a statement that failed.
            with transaction.atomic(using=found.db):
                return found.first()
        except (DatabaseError, FieldDoesNotExist):
            return None
