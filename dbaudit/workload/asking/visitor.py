"""Who asks for the pages: a superuser that is saved for one visit, signed in as the project's users are."""

from __future__ import annotations

import inspect
import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from typing import Any

from django.apps.registry import Apps
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, get_user_model, load_backend
from django.db import DatabaseError, connections, router, transaction
from django.test import Client
from django.test.utils import override_settings

from dbaudit.workload.asking import surroundings
from dbaudit.workload.asking.filling import NAME, fill, value
from dbaudit.workload.execution import RolledBack, interrupted
from dbaudit.workload.sampling import Bench, raised

#: What makes a user one that may see everything, as far as a model has fields of these names.
_MAY = ("is_active", "is_staff", "is_superuser", "is_admin", "is_administrator", "is_verified", "email_verified")
#: An address for documentation: a developer's toolbar shows itself to 127.0.0.1 and would be measured.
_ADDRESS = "192.0.2.1"


@dataclass(frozen=True, slots=True)
class Visit:
    """A test client, and the user that it is signed in as. Where there is none, it asks as anybody: ``reason``."""

    client: Client
    user: Any = None
    reason: str = ""


class Visitors:
    """Makes visits, each in a transaction of its own: a page that breaks it breaks no other visit.

    The user is made by the manager's ``create_superuser`` with whatever arguments it has, otherwise saved as it is,
    every time in a savepoint. What the project's receivers do happens in there, and what they raise is the reason why
    there is no user. That is tried once.
    """

    def __init__(self, apps: Apps, bench: Bench) -> None:
        self._apps = apps
        self._bench = bench
        self._reason = ""

    @contextmanager
    def visit(self) -> Iterator[Visit]:
        """A visit; the user, the session and all that pages write are rolled back with it."""
        with ExitStack() as stack:
            stack.enter_context(RolledBack(self._bench.connection, self._bench.limits, writes=True).open())
            user = None if self._reason else self._user(stack)
            client = _client(self._apps)
            if user is not None:
                try:
                    _sign_in(client, user)
                except BaseException as error:
                    if interrupted(error):
                        raise
                    user = None
                    client = _client(self._apps)
                    self._reason = f"The user that was made could not be signed in ({raised(error)})."
            try:
                yield Visit(client, user, self._reason)
            finally:
                _sign_out(client)

    def _user(self, stack: ExitStack) -> Any:
        try:
            for alias in sorted(_written() - {self._bench.connection.alias}):
                stack.enter_context(RolledBack(connections[alias], self._bench.limits, writes=True).open())
            return _somebody(stack)
        except BaseException as error:
            if interrupted(error):
                raise
            self._reason = f"No user could be made to ask as ({raised(error)})."
            return None


def _written() -> set[str]:
    """The databases that users and sessions are written to."""
    aliases = {router.db_for_write(get_user_model())}
    model = getattr(surroundings.session_store(), "get_model_class", None)
    return aliases | ({router.db_for_write(model())} if model is not None else set())


def _client(apps: Apps) -> Client:
    options: dict[str, Any] = {
        "SERVER_NAME": surroundings.host(),
        "REMOTE_ADDR": _ADDRESS,
        "raise_request_exception": False,
    }
    if apps.is_installed("rest_framework"):
        from rest_framework.test import APIClient  # noqa: PLC0415 - an optional package

        return APIClient(**options)  # type: ignore[no-any-return]
    return Client(**options)


def _somebody(stack: ExitStack) -> Any:
    """A new superuser; where the database takes no rows (a replica, a role that may only read), one that exists, with
    the session in a cookie."""
    model: Any = get_user_model()
    try:
        return _saved(model)
    except DatabaseError:
        user = None
        with suppress(Exception), transaction.atomic(using=router.db_for_read(model)):
            user = model._base_manager.filter(is_active=True, is_superuser=True).order_by("pk").first()
        if user is None:
            raise
        stack.enter_context(override_settings(SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies"))
        return user


def _saved(model: Any) -> Any:
    """A new superuser in the database. Raises what the last way to make one raised."""
    ways: tuple[Callable[[Any], Any], ...] = (
        lambda model: _by_manager(model, None),
        lambda model: _by_manager(model, secrets.token_urlsafe()),
        _as_it_is,
    )
    for way in ways:
        # What the last way raises is the reason.
        swallowed = suppress(Exception) if way is not ways[-1] else nullcontext()
        with swallowed, transaction.atomic(using=router.db_for_write(model)):
            return _allowed(way(model))
    raise AssertionError("the last way neither returned nor raised")


def _by_manager(model: Any, password: str | None) -> Any:
    """By ``create_superuser``, with a value for each argument that it wants and for each field that is required."""
    create = model._default_manager.create_superuser
    arguments = inspect.signature(create).parameters
    fields = {field.name: field for field in model._meta.concrete_fields}
    named = (*arguments, model.USERNAME_FIELD, *model.REQUIRED_FIELDS)
    values = fill(model) | {name: value(fields[name]) for name in named if name in fields and name not in _MAY}
    values["password"] = password
    open_ended = any(one.kind is one.VAR_KEYWORD for one in arguments.values())
    given = {name: values[name] for name in values if name in arguments or open_ended}
    for name, argument in arguments.items():
        if argument.kind in (argument.VAR_KEYWORD, argument.VAR_POSITIONAL):
            continue
        if argument.default is not argument.empty and name not in (model.USERNAME_FIELD, *model.REQUIRED_FIELDS):
            given.pop(name, None)
        elif name not in given:
            given[name] = f"{NAME}@example.invalid" if "mail" in name else NAME
    positional = [given.pop(name) for name, one in arguments.items() if one.kind is one.POSITIONAL_ONLY]
    return create(*positional, **given)


def _as_it_is(model: Any) -> Any:
    values = {name: found for name, found in fill(model).items() if name not in _MAY}
    user = model(**values)
    if hasattr(user, "set_unusable_password"):
        user.set_unusable_password()
    for name in _flags(user):
        setattr(user, name, True)
    user.save()
    return user


def _allowed(user: Any) -> Any:
    """The user with every right, saved once more where the manager had not given them all."""
    missing = [name for name in _flags(user) if getattr(user, name) is not True]
    for name in missing:
        setattr(user, name, True)
    if missing:
        user.save(update_fields=missing)
    return user


def _flags(user: Any) -> list[str]:
    names = {field.name for field in user._meta.concrete_fields}
    return [name for name in _MAY if name in names and user._meta.get_field(name).get_internal_type() == "BooleanField"]


def _sign_in(client: Any, user: Any) -> None:
    """By the first backend that finds the user again; past the receivers of the signal where one of them fails."""
    if hasattr(client, "force_authenticate"):  # Django REST framework's
        client.handler._force_user = user
    backend = _backend(user)
    alias = router.db_for_write(type(user))
    try:
        with transaction.atomic(using=alias):
            client.force_login(user, backend)
    except Exception:  # noqa: BLE001 - a receiver of the project
        with transaction.atomic(using=alias):
            _sign_in_quietly(client, user, backend)


def _backend(user: Any) -> str:
    found = [path for path in settings.AUTHENTICATION_BACKENDS if hasattr(load_backend(path), "get_user")]
    for path in found:
        with suppress(Exception):
            if load_backend(path).get_user(user.pk) == user:
                return path
    return found[0]


def _sign_in_quietly(client: Any, user: Any, backend: str) -> None:
    session = surroundings.session_store()()
    session[SESSION_KEY] = user._meta.pk.value_to_string(user)
    session[BACKEND_SESSION_KEY] = backend
    session[HASH_SESSION_KEY] = user.get_session_auth_hash() if hasattr(user, "get_session_auth_hash") else ""
    session.save()
    client.cookies[settings.SESSION_COOKIE_NAME] = session.session_key


def _sign_out(client: Client) -> None:
    """Sessions may live outside of the database. Asking the client for one that it does not have would make it."""
    if client.cookies.get(settings.SESSION_COOKIE_NAME):
        with suppress(Exception):
            client.session.flush()
