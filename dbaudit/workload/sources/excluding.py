"""Routes that are not to be asked for: patterns as a shell, a path or a regular expression writes them."""

from __future__ import annotations

import difflib
import fnmatch
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from dbaudit.errors import AuditError
from dbaudit.workload.sources.routes import Route
from dbaudit.workload.sources.slots import examples

EXCLUDED = "Excluded by --crawl-exclude."
_GROUP = re.compile(r"\(\?P<(\w+)>[^()]*(?:\([^()]*\)[^()]*)*\)")


def excluded(patterns: Iterable[str], routes: Iterable[Route]) -> dict[str, str]:
    """The routes that a pattern meets, as they are written, and why they are not asked for.

    ``^/admin/`` is a regular expression, ``/admin/*`` is what a shell would write, and ``/admin/`` is all below that
    path. Each is held against the route and against its paths, with the leading slash and without.
    Raises: `AuditError` for a pattern that meets no route, with the nearest one.
    """
    texts = {route.route: _texts(route) for route in routes}
    found: dict[str, str] = {}
    for pattern in patterns:
        matches = matcher(pattern)
        met = [route for route, written in texts.items() if any(map(matches, written))]
        if not met:
            nearest = _nearest(pattern, (f"/{route}" for route in texts))
            raise AuditError(f"--crawl-exclude {pattern!r} meets no route{nearest}.")
        found |= dict.fromkeys(met, EXCLUDED)
    return found


def verified(samples: Mapping[str, Any], routes: Iterable[Route]) -> None:
    """Refuse a route or a parameter of ``DBAUDIT["CRAWL"]`` that the project does not have.

    Raises: `AuditError` with the nearest one.
    """
    routes = tuple(routes)
    written = {route.route for route in routes}
    names = {name for route in written for name in re.findall(r"<(?:[^>:]+:)?(\w+)>", route)}
    for key, value in samples.items():
        known = written if isinstance(value, Mapping) else names
        if key.removeprefix("/") not in known and key not in known:
            what = "route" if isinstance(value, Mapping) else "parameter of a route"
            raise AuditError(f"DBAUDIT['CRAWL'] names {key!r}, which is no {what}{_nearest(key, known)}.")


def matcher(pattern: str) -> Callable[[str], bool]:
    """What tells whether a text is met. Raises: `AuditError` for a regular expression that is none."""
    if pattern.startswith("^") or pattern.endswith("$") or re.search(r"[\\(|+]|\.\*", pattern):
        try:
            expression = re.compile(pattern)
        except re.error as error:
            raise AuditError(f"--crawl-exclude {pattern!r} is no regular expression: {error}.") from error
        return lambda text: bool(expression.search(text))
    if re.search(r"[*?\[]", pattern):
        return lambda text: fnmatch.fnmatchcase(text, pattern)
    return lambda text: text == pattern or (pattern.endswith("/") and text.startswith(pattern))


def _texts(route: Route) -> set[str]:
    plain = _GROUP.sub(r"<\1>", route.route).rstrip("$")
    paths = {path.removeprefix("/") for path in examples(route)}
    found = {route.route, plain, *paths}
    return found | {f"/{text}" for text in found}


def _nearest(pattern: str, routes: Iterable[str]) -> str:
    words = re.sub(r"[\^$\\*()?|+]", "", pattern).strip("/")
    known = {route.strip("/"): route for route in routes}
    close = difflib.get_close_matches(words, known, n=1, cutoff=0.3)
    return f"; the nearest is {known[close[0]]!r}" if close else ""
