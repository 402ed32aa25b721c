"""What a request is called: requests of one route belong together, whatever their paths."""

from __future__ import annotations

import inspect

from django.http import HttpRequest

from dbaudit import places
from dbaudit.facts import Location


def route(request: HttpRequest) -> str:
    """Method and route: ``GET /admin/erp/salesorder/<path:object_id>/change/``."""
    match = request.resolver_match
    return f"{request.method} /{match.route if match else '(no route)'}"


def label(request: HttpRequest) -> str:
    """The route with the view behind it."""
    name = view_name(request)
    return f"{route(request)} ({name})" if name else route(request)


def view_name(request: HttpRequest) -> str:
    """The name in the URL configuration, the view's dotted path where it has none; empty without a route."""
    match = request.resolver_match
    return (match.view_name or match._func_path) if match else ""


def written(request: HttpRequest) -> Location | None:
    """Where the project wrote the view: the function, the view's class or the admin's; None for the code of others."""
    match = request.resolver_match
    if match is None:
        return None
    cls = getattr(match.func, "view_class", None) or type(getattr(match.func, "model_admin", None))
    if cls is not type(None):
        return places.of_class(cls) if places.owner_of(cls) == "project" else None
    code = getattr(inspect.unwrap(match.func), "__code__", None)
    if code is None or not places.is_project(code.co_filename):
        return None
    return places.place(code.co_filename, code.co_firstlineno)
