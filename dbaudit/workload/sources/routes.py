"""The routes of the project's URL configuration: as they are written, whose they are, and whether they answer a GET."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.apps import apps
from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.resolvers import RegexPattern

from dbaudit import places
from dbaudit.facts import Location, Owner

#: Routes that are never asked for, and why.
NEVER = (
    (re.compile(r"(^|[/_-])(logout|log-out|signout|sign-out)([/_.$-]|$)"), "It would end the session."),
    (re.compile(r"^__debug__/"), "It is the debug toolbar's own."),
)


@dataclass(frozen=True, slots=True)
class Route:
    """A route as it is written (``orders/<int:pk>/``), the patterns that it is made of, its view and its name."""

    route: str
    parts: tuple[Any, ...]
    view: Any
    name: str = ""

    @property
    def view_class(self) -> Any:
        """The class behind the view, Django's or REST framework's; None for a function."""
        return getattr(self.view, "view_class", None) or getattr(self.view, "cls", None)

    @property
    def never(self) -> str:
        """Why it is never asked for, "" where it may be."""
        return next((reason for pattern, reason in NEVER if pattern.search(self.route)), "")


def routes() -> tuple[Route, ...]:
    """Every route of the root URL configuration, in its order; of two that are written alike, the first answers.

    A format suffix (``.json``) is no route of its own. Raises whatever importing the URL configuration raises.
    """
    found: dict[str, Route] = {}
    for parts, pattern in _leaves(get_resolver()):
        route = "".join(map(_text, parts))
        if "(?P<format>" not in route and "<drf_format_suffix" not in route:
            found.setdefault(route, Route(route, parts, pattern.callback, pattern.name or ""))
    return tuple(found.values())


def answers_get(view: Any) -> bool:
    """Whether a view may answer a GET; only what its class, its actions or Django's decorators say rules it out."""
    cls = getattr(view, "view_class", None) or getattr(view, "cls", None)
    actions = getattr(view, "actions", None)
    if isinstance(actions, dict):
        return "get" in actions
    if isinstance(cls, type):
        given = getattr(view, "view_initkwargs", None) or getattr(view, "initkwargs", None) or {}
        methods = given.get("http_method_names", getattr(cls, "http_method_names", ["get"]))
        return hasattr(cls, "get") and "get" in methods
    for function in _wrapped(view):
        code = getattr(function, "__code__", None)
        if code is not None and "request_method_list" in code.co_freevars:
            allowed = function.__closure__[code.co_freevars.index("request_method_list")].cell_contents
            return "GET" in allowed
    return True


def author(view: Any) -> tuple[Owner, Location | None, str]:
    """Whose view it is, where the project wrote it, and the label of its app.

    A list of the admin is of the class that describes it, or of the model where that is Django's own class.
    """
    model_admin = getattr(view, "model_admin", None)
    if model_admin is not None:
        cls = type(model_admin)
        cls = model_admin.model if cls.__module__.startswith("django.contrib.admin") else cls
        return _of_class(cls, model_admin.opts.app_label)
    behind: Any = getattr(view, "view_class", None) or getattr(view, "cls", None)
    if isinstance(behind, type) and behind.__module__ != "rest_framework.decorators":
        return _of_class(behind, _app(behind.__module__))
    function = _wrapped(view)[-1]
    module = str(getattr(function, "__module__", "") or "")
    code = getattr(function, "__code__", None)
    if code is None:
        return _of_class(type(function), _app(type(function).__module__))
    if places.is_project(code.co_filename):
        return "project", places.place(code.co_filename, code.co_firstlineno), _app(module)
    return ("django" if module.partition(".")[0] == "django" else "third-party"), None, _app(module)


def _of_class(cls: type[Any], app: str) -> tuple[Owner, Location | None, str]:
    owner = places.owner_of(cls)
    return owner, places.of_class(cls) if owner == "project" else None, app


def _app(module: str) -> str:
    config = apps.get_containing_app_config(module)
    return config.label if config else ""


def _wrapped(view: Any) -> list[Any]:
    """The view and what it wraps, the innermost last. A bound method stands for its function."""
    found = [view]
    while len(found) < 20:
        outer = found[-1]
        inner = outer.func if isinstance(outer, partial) else getattr(outer, "__wrapped__", None)
        if inner is None:
            break
        found.append(inner)
    return [one.__func__ if inspect.ismethod(one) else one for one in found]


def _leaves(resolver: URLResolver, above: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], URLPattern]]:
    for one in resolver.url_patterns:
        if isinstance(one, URLPattern):
            yield (*above, one.pattern), one
        elif isinstance(one, URLResolver):
            yield from _leaves(one, (*above, one.pattern))


def _text(part: Any) -> str:
    return str(part).removeprefix("^") if isinstance(part, RegexPattern) else str(part)
