"""Which generic relation asked: its manager tells its queryset nothing of the instance, but the conditions do."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any, NamedTuple

from django.db.models import Model


class Asked(NamedTuple):
    """A generic relation (``erp.Order.notes``), the model that has it, and the key of the row that asked."""

    name: str
    model: type[Model]
    key: Any


def asked_by(target: type[Model], query: Any) -> Asked | None:
    """The relation whose rows of ``target`` a query asks for, None where it is none.

    A generic relation asks for one content type and one key. The type's model is looked up among those that Django has
    read before; no statement is run for it.
    """
    for key in target._meta.private_fields:
        names = getattr(key, "ct_field", None), getattr(key, "fk_field", None)
        if None in names:
            continue
        values = {lookup.lhs.target.name: lookup.rhs for lookup in _exact(query.where)}
        if all(name in values for name in names):
            found = [
                one for one in _relations(target) if (one.content_type_field_name, one.object_id_field_name) == names
            ]
            return next(
                (
                    Asked(f"{one.model._meta.label}.{one.name}", one.model, values[names[1]])
                    for one in found
                    if _is(values[names[0]], one)
                ),
                None,
            )
    return None


def _exact(where: Any) -> Iterator[Any]:
    if getattr(where, "connector", "") != "AND" or where.negated:
        return
    for child in where.children:
        if getattr(child, "lookup_name", "") == "exact" and hasattr(child.lhs, "target"):
            yield child
        else:
            yield from _exact(child)


def _relations(target: type[Model]) -> list[Any]:
    """The generic relations to a model: Django hides them from it."""
    hidden = target._meta.get_fields(include_hidden=True)
    fields = [getattr(one, "field", None) for one in hidden]
    return [one for one in fields if hasattr(one, "content_type_field_name")]


def _is(content_type: Any, relation: Any) -> bool:
    """Whether a content type's key is that of the relation's model."""
    types = sys.modules["django.contrib.contenttypes.models"].ContentType.objects._cache
    known = next((cache[content_type] for cache in types.values() if content_type in cache), None)
    meta = relation.model._meta.concrete_model._meta
    return known is None or (known.app_label, known.model) == (meta.app_label, meta.model_name)
