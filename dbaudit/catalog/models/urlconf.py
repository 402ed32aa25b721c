"""Models that no application's ``models`` module imports, but the URLconf does: they count as installed."""

from __future__ import annotations

from importlib import import_module

from django.conf import settings

from dbaudit.connection.exceptions import summary
from dbaudit.facts import Skipped


def load() -> tuple[Skipped, ...]:
    """Import the root URLconf, as the first request does. What keeps that from being done is not examined."""
    name = getattr(settings, "ROOT_URLCONF", None)
    if not name:
        return ()
    try:
        import_module(name)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - the project's own code
        reason = f"The URLconf {name} cannot be imported, so models that it alone imports are unknown: {summary(error)}"
        return (Skipped("models", reason),)
    return ()
