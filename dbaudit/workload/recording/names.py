"""A trace in words: the attribute that asked, by the model that has it, and whether it asked for all of a relation."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from typing import Any, NamedTuple

from django.db.models import Model
from django.db.models.query import ModelIterable

from dbaudit.facts import Asker
from dbaudit.workload.recording import generic_relations
from dbaudit.workload.recording.trace import Trace

#: Rows that ``get()`` asks for, to see that there is one only.
GET_ROWS = 21


class Named(NamedTuple):
    """``("erp.SalesOrder.customer", "forward", "serializer erp.api.OrderSerializer.customer", False)``."""

    asked: str
    asker: Asker
    via: str
    part: bool


def names(trace: Trace) -> Named:
    """Who asked in words."""
    asked, how, part = "", "", False
    if trace.asked is not None:
        model, owner, how = trace.asked
        asked = f"{_model(owner, model)}.{_attribute(owner)}"
    elif trace.related is not None:
        instance, query, known, method, made = trace.related
        asked, how = _relation(instance, query.model, known, query)
        all_of_it = method not in ("aggregate", "update") and issubclass(made, ModelIterable)
        part = bool(asked) and not (all_of_it and _is_plain(query, own=2 if how == "generic" else 1))
    via = ""
    if trace.via is not None:
        kind, cls, name = trace.via
        via = f"{kind} {cls.__module__}.{cls.__qualname__}.{name}"
    return Named(asked, how, via, part)  # type: ignore[arg-type]


def _model(owner: Any, instance: type[Any]) -> str:
    """The model that declares the attribute, or the instance's where the attribute does not tell."""
    model = getattr(owner, "model", None)
    meta = getattr(model, "_meta", None) or getattr(instance, "_meta", None)
    return meta.label if meta is not None else instance.__name__


def _attribute(owner: Any) -> str:
    if isinstance(owner, str):
        return owner
    accessor = getattr(owner, "get_accessor_name", None)
    return str((accessor() if accessor else None) or owner.name)


def _relation(instance: type[Any] | None, target: type[Any], known: tuple[Any, ...], query: Any) -> tuple[str, Asker]:
    """The relation by which a related manager of ``instance`` asked for rows of ``target``, if it was one."""
    if instance is None:
        found = generic_relations.asked_by(target, query)
        return (found.name, "generic") if found is not None else ("", "")
    meta = instance._meta
    for field in known:
        rel = field.remote_field
        if rel is not None and issubclass(instance, rel.model):
            return f"{rel.model._meta.label}.{rel.get_accessor_name()}", "reverse"
    joined = {getattr(join, "table_name", "") for join in query.alias_map.values()}
    compared = {(column.model, column.name) for column in _columns(query.where)}
    for forward in meta.many_to_many:
        through = forward.remote_field.through
        here = issubclass(target, forward.related_model) and through._meta.db_table in joined
        # Of a model's relation to itself the table is the same from both sides; the column that is compared is not.
        if here and not _is_reverse(forward, through, compared):
            return f"{forward.model._meta.label}.{forward.name}", "many to many"
    for rel in meta.related_objects:
        if rel.many_to_many and issubclass(target, rel.related_model) and rel.through._meta.db_table in joined:
            return f"{rel.model._meta.label}.{rel.get_accessor_name()}", "many to many"
    for private in meta.private_fields:
        if getattr(private, "one_to_many", False) and issubclass(target, private.related_model):
            return f"{meta.label}.{private.name}", "generic"
    return "", ""


def _is_reverse(forward: Any, through: type[Model], compared: set[tuple[Any, str]]) -> bool:
    if forward.related_model is not forward.model:
        return False
    source, other = forward.m2m_field_name(), forward.m2m_reverse_field_name()
    return (through, other) in compared and (through, source) not in compared


def _columns(where: Any) -> Iterator[Any]:
    """The columns that the conditions of a query compare."""
    for child in getattr(where, "children", ()):
        target = getattr(getattr(child, "lhs", None), "target", None)
        if target is not None:
            yield target
        else:
            yield from _columns(child)


# -- a part of a relation ------------------------------------------------------------------------------------------


def _is_plain(query: Any, *, own: int) -> bool:
    """Whether a related manager's query asks for nothing but all rows of the relation, their number, or whether there
    are any: a prefetch of the relation answers it."""
    if query.distinct or query.combinator or query.select_for_update or query.high_mark == GET_ROWS:
        return False
    plain = _default(query.model)
    return plain is None or (
        len(query.where.children) <= len(plain.where.children) + own
        and (query.order_by, query.extra_order_by) == (plain.order_by, plain.extra_order_by)
        and len(query.annotations) <= len(plain.annotations)
        and len(query.extra) <= len(plain.extra)
        and bool(query.select_related) == bool(plain.select_related)
        and query.deferred_loading == plain.deferred_loading
    )


@cache
def _default(model: type[Model]) -> Any:
    """What the model's default manager asks by itself, None where that cannot be said without more."""
    with suppress(Exception):
        return model._default_manager.get_queryset().query
    return None
