"""The tags that sqlcommenter adds to statements, and the view that they name.

The format is that of https://google.github.io/sqlcommenter/spec/: ``/*controller='orders',route='%5Eorders/'*/``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from dbaudit.facts import Location, Owner
from dbaudit.workload.sources.routes import author, routes

_COMMENT = re.compile(r"/\*(.*?)\*/", re.DOTALL)
_TAG = re.compile(r"([\w%.-]+)='((?:[^'\\]|\\.)*)'")


@dataclass(frozen=True, slots=True)
class View:
    """The view of a route: whose it is, where the project wrote it, and the label of its app."""

    owner: Owner
    location: Location | None
    app: str


def tags(sql: str) -> dict[str, str]:
    """The tags of a statement by their names; none where no comment has any."""
    return {
        unquote(name): unquote(value.replace("\\'", "'"))
        for comment in _COMMENT.findall(sql)
        for name, value in _TAG.findall(comment)
    }


def views() -> dict[str, View]:
    """The project's views by route and by name; none where the URL configuration cannot be imported."""
    known: dict[str, View] = {}
    try:
        for one in routes():
            made = View(*author(one.view))
            known.setdefault(_plain(one.route), made)
            if one.name:
                known.setdefault(one.name, made)
    except Exception:  # noqa: BLE001 - importing the URL configuration runs the project's code
        return known
    return known


def view(found: Mapping[str, str], known: Mapping[str, View]) -> View | None:
    """The view that tags name, None where the project has none such."""
    route, controller = found.get("route"), found.get("controller")
    by_route = known.get(_plain(route)) if route is not None else None
    return by_route or (known.get(controller) if controller else None)


def _plain(route: str) -> str:
    return route.replace("^", "").removeprefix("/")
