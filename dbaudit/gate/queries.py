"""A change to a query: every relation and field that its text names must exist on the model whose rows it gives.

``refuse_wrong_names`` is for whoever proposes a change, too: it needs no database.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from django.apps.registry import Apps
from django.core.exceptions import FieldDoesNotExist
from django.db.models import Model

from dbaudit.findings import ChangeQuery, Remedy
from dbaudit.gate.bench import RefusedError, UntriedError
from dbaudit.gate.statements import Passed

RAN: Final = "Run on this data, before and after."
_CALL: Final = re.compile(
    r"\b(?P<how>select_related|prefetch_related|prefetch_related_objects|Prefetch|only|defer)\((?=(?P<names>[^()]*))"
    r"|\blist_(?P<listed>select_related) = \((?P<more>[^()]*)\)"
)
_NAME: Final = re.compile(r"""(?<![\w=])["'](?P<name>\w+)["']""")


def tried(remedy: Remedy, action: ChangeQuery, apps: Apps) -> Passed:
    """What is known of a change that was run. Raises `RefusedError` for a name that does not exist, `UntriedError` for
    a change that nobody ran."""
    refuse_wrong_names(remedy.orm, action.model, apps)
    if remedy.verification:
        return Passed(RAN)
    if action.model and any(_named(remedy.orm)):
        raise UntriedError(f"The names in it exist on {action.model}; the changed code was not run.")
    raise UntriedError("The code is to be changed by hand.")


def refuse_wrong_names(text: str, label: str, apps: Apps) -> None:
    """Raise `RefusedError` for a lookup in a change's text that does not exist on the model of this label."""
    try:
        model = apps.get_model(label) if label else None
    except (LookupError, ValueError):
        return
    for how, path in _named(text):
        if model is not None and not _exists(model, how, path):
            raise RefusedError(f"{label} has no {path!r} that {how}() could take.")


def _named(text: str) -> Iterator[tuple[str, str]]:
    """The calls in a text with each name that they are given."""
    for call in _CALL.finditer(text):
        how = call["how"] or call["listed"]
        names = [match["name"] for match in _NAME.finditer(call["names"] or call["more"] or "")]
        yield from ((how, name) for name in (names[:1] if how == "Prefetch" else names))


def _exists(model: type[Model], how: str, path: str) -> bool:
    current: Any = model
    *before, last = path.split("__")
    for name in before:
        current = _step(current, how, name)
        if current is None:
            return False
        if current is Any:
            return True
    if how in ("only", "defer"):
        return _is_column(current, last)
    return _step(current, how, last) is not None


def _step(model: type[Model], how: str, name: str) -> Any:
    """The model that a relation leads to, ``Any`` where that depends on the row; None where there is none."""
    for field in model._meta.get_fields():
        reverse = field.auto_created and not field.concrete
        single = field.many_to_one or field.one_to_one
        if hasattr(field, "ct_field") and hasattr(field, "fk_field") and not field.concrete:  # GenericForeignKey
            if field.name == name and how != "select_related":
                return Any
        elif field.is_relation and (single or how not in ("select_related", "only", "defer")):
            by = field.get_accessor_name() if reverse else field.name  # type: ignore[union-attr]
            if name == by:
                return field.related_model or Any
    return None


def _is_column(model: type[Model], name: str) -> bool:
    if name == "pk":
        return True
    try:
        return bool(model._meta.get_field(name).concrete)
    except FieldDoesNotExist:
        return False
