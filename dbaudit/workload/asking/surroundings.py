"""What is around the pages while they are asked for: nothing that they send leaves the process, nothing stays in it."""

from __future__ import annotations

import importlib
import logging
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core import mail
from django.core.cache import caches
from django.db import DatabaseError, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.http.request import validate_host
from django.test.utils import override_settings
from django.urls import get_script_prefix, get_urlconf, set_script_prefix, set_urlconf
from django.utils import timezone, translation

_LOCMEM = "django.core.mail.backends.locmem.EmailBackend"
_MEMORY = "django.core.cache.backends.locmem.LocMemCache"
_KEPT_OF_CACHES = ("TIMEOUT", "KEY_PREFIX", "VERSION", "KEY_FUNCTION")
#: Packages whose values of a thread are no business of pages.
_NOT_PAGES = ("asgiref", "dbaudit", "django.db", "psycopg", "threading", "logging", "_")


@contextmanager
def prepared(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """A block in which pages can be asked for, and after which the process is as it was before.

    The host is allowed; mail and caches are in memory and private; no lines are logged about pages that fail.
    """
    logger = logging.getLogger("django.request")
    level = logger.level
    # Where the tests of a project run, the outbox is there already.
    outbox = list(mail.outbox) if hasattr(mail, "outbox") else None
    name = _named_host(connection)
    with ExitStack() as stack:
        stack.enter_context(_process_kept())
        stack.enter_context(_connections_kept())
        changed = override_settings(
            **_mail_in_memory(), CACHES=_private_caches(), ALLOWED_HOSTS=[*settings.ALLOWED_HOSTS, name]
        )
        with _unwarned():
            changed.enable()
        logger.setLevel(logging.CRITICAL + 1)
        try:
            yield
        finally:
            logger.setLevel(level)
            for cache in caches.all(initialized_only=True):
                cache.clear()
            with _unwarned():
                changed.disable()
            if outbox is not None:
                mail.outbox[:] = outbox
            elif hasattr(mail, "outbox"):
                del mail.outbox
            _forget_rows()


@contextmanager
def undisturbed(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """One page: what it does to its connection, its language or its URL configuration is not the next one's."""
    held = {name: dict(value) if isinstance(value, dict) else value for name, value in connection.settings_dict.items()}
    attributes = {name: getattr(connection, name) for name in ("tenant", "schema_name") if hasattr(connection, name)}
    language, urlconf, prefix = _language(), get_urlconf(), get_script_prefix()
    zone = getattr(timezone._active, "value", None)  # type: ignore[attr-defined]
    try:
        yield
    finally:
        if connection.settings_dict != held:
            connection.settings_dict.clear()
            connection.settings_dict.update(held)
            # It may have connected to somewhere else by them. Inside a transaction, its end closes it.
            with suppress(DatabaseError):
                connection.close()
        for name, value in attributes.items():
            setattr(connection, name, value)
        translation.activate(language) if language else translation.deactivate()
        timezone.activate(zone) if zone else timezone.deactivate()
        set_urlconf(urlconf)
        set_script_prefix(prefix)


def host() -> str:
    """The host name that pages are asked by, to be called in `prepared`, where it is the last that is allowed."""
    return str(settings.ALLOWED_HOSTS[-1])


def session_store() -> Any:
    """The class of sessions that the project uses."""
    return importlib.import_module(settings.SESSION_ENGINE).SessionStore


def _named_host(connection: BaseDatabaseWrapper) -> str:
    """The first host that the settings name, otherwise that of the site that is served, otherwise this machine."""
    named = [host.lstrip(".") for host in settings.ALLOWED_HOSTS if host != "*"]
    if named:
        return named[0]
    if apps.is_installed("django.contrib.sites"):
        from django.contrib.sites.models import Site  # noqa: PLC0415 - importing it fails where it is not installed

        with suppress(Exception), transaction.atomic(using=connection.alias):
            number = getattr(settings, "SITE_ID", None)
            wanted = {"pk": number} if number else {}
            site = Site._base_manager.using(connection.alias).filter(**wanted).order_by("pk").first()
            domain = site.domain.partition(":")[0] if site else ""
            if domain and validate_host(domain, [domain]):
                return domain
    return "localhost"


def _mail_in_memory() -> dict[str, Any]:
    mailers = getattr(settings, "MAILERS", None)
    if mailers is not None:
        return {"MAILERS": {alias: {"BACKEND": _LOCMEM} for alias in mailers}}
    return {"EMAIL_BACKEND": _LOCMEM}


def _private_caches() -> dict[str, dict[str, Any]]:
    """Caches under the project's names: a page made for the audit's user must not be served to anybody."""
    return {
        alias: {
            "BACKEND": _MEMORY,
            "LOCATION": f"dbaudit-{alias}-{id(settings):x}",
            **{name: value for name, value in cache.items() if name in _KEPT_OF_CACHES},
        }
        for alias, cache in settings.CACHES.items()
    }


@contextmanager
def _connections_kept() -> Iterator[None]:
    """Django lets go of connections that are in a transaction when a request ends, which is ours here.

    The test client sees to that, but not where a stream was left before its end.
    """
    held = connections.all(initialized_only=True)
    for connection in held:
        connection.close_if_unusable_or_obsolete = _stay  # type: ignore[method-assign]
    try:
        yield
    finally:
        for connection in held:
            vars(connection).pop("close_if_unusable_or_obsolete", None)


def _stay() -> None:
    pass


@contextmanager
def _process_kept() -> Iterator[None]:
    """Language, time zone, URL configuration and what modules keep for a thread, as they were."""
    held = [(one, dict(vars(one))) for one in _thread_locals()]
    language, urlconf, prefix = _language(), get_urlconf(), get_script_prefix()
    try:
        yield
    finally:
        for one, values in held:
            vars(one).clear()
            vars(one).update(values)
        for one in _thread_locals():
            if not any(one is known for known, _ in held):
                vars(one).clear()
        translation.activate(language) if language else translation.deactivate()
        set_urlconf(urlconf)
        set_script_prefix(prefix)


def _thread_locals() -> list[threading.local]:
    """What modules of the project and its packages keep for each thread: usually the request or its user."""
    modules = [module for name, module in list(sys.modules.items()) if not name.startswith(_NOT_PAGES)]
    values = (value for module in modules for value in list(getattr(module, "__dict__", {}).values()))
    # By its type: asking a lazy object for its class would load what it stands for.
    return list({id(value): value for value in values if issubclass(type(value), threading.local)}.values())


def _language() -> str | None:
    """The language that was activated; None where it is that of the settings or none at all."""
    from django.utils.translation import trans_real  # noqa: PLC0415 - what `override` itself looks at

    active: Any = getattr(vars(trans_real)["_active"], "value", None)
    return str(active.to_language()) if hasattr(active, "to_language") else None


def _forget_rows() -> None:
    """Rows that Django keeps for the life of the process may be those of a transaction that was rolled back."""
    types = sys.modules.get("django.contrib.contenttypes.models")
    if types is not None:
        types.ContentType.objects.clear_cache()
    sites = sys.modules.get("django.contrib.sites.models")
    if sites is not None:
        sites.SITE_CACHE.clear()


@contextmanager
def _unwarned() -> Iterator[None]:
    """From Django 6.1 on, the setting that a project need not have set is deprecated."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.simplefilter("ignore", PendingDeprecationWarning)
        yield
