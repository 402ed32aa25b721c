"""Who asked: the ORM attribute and the framework's part behind a statement, read from the frames on the stack.

Django's own functions are recognised by their code objects, so that nothing of Django is replaced. Only a frame that is
recognised has its local variables looked at.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from types import CodeType, FrameType
from typing import Any

from django.db.models import QuerySet
from django.db.models import query as queries
from django.db.models.fields import related_descriptors as related
from django.db.models.query_utils import DeferredAttribute
from django.template.base import Node
from django.template.loader_tags import BlockNode, ExtendsNode

from dbaudit import places
from dbaudit.facts import Asker
from dbaudit.workload.recording import generic_relations


@dataclass(slots=True)
class Trace:
    """What a walk up one stack gathers: places as (code or file, line), innermost first, and who asked.

    ``asked`` and ``related`` hold live objects (a field, a relation); they become text when the run is resolved.
    """

    places: list[tuple[CodeType | str, int]] = field(default_factory=list)
    asked: tuple[Any, Any, Asker] | None = None
    related: tuple[Any, Any, Any, Any] | None = None
    via: tuple[str, Any, str] | None = None
    template: bool = False


Reader = Callable[[Any, Trace], None]


def _descriptor(how: Asker, attribute: str) -> Reader:
    """A reader for the ``__get__`` of a relation's or a field's descriptor."""

    def read(frame: FrameType, trace: Trace) -> None:
        owner = getattr(frame.f_locals["self"], attribute)
        if trace.asked is None:
            trace.asked = (type(frame.f_locals.get("instance")), owner, how)
        elif trace.asked[2] == "prefetch":
            # A prefetch below a descriptor: Django fetches the instance's peers with it (FETCH_PEERS).
            trace.asked = (trace.asked[0], trace.asked[1], "peers")

    return read


def _generic(frame: FrameType, trace: Trace) -> None:
    found = frame.f_locals["self"]
    if trace.asked is None:
        trace.asked = (type(frame.f_locals.get("instance")), getattr(found, "field", found), "generic")


def _prefetch(frame: FrameType, trace: Trace) -> None:
    local = frame.f_locals
    if trace.asked is None and local.get("instances"):
        name = local["lookup"].prefetch_through.split("__")[local["level"]]
        trace.asked = (type(local["instances"][0]), name, "prefetch")


def _queryset(frame: FrameType, trace: Trace) -> None:
    """A queryset that a related manager built knows its instance; which relation it was is worked out later."""
    queryset = frame.f_locals["self"]
    instance = queryset._hints.get("instance")
    if trace.related is None and instance is not None:
        trace.related = (type(instance), queryset.model, queryset._known_related_objects, queryset.query)
    elif trace.related is None and queryset.model._meta.private_fields:
        trace.related = (None, queryset.model, {}, queryset.query)


def _node(frame: FrameType, trace: Trace) -> None:
    """The innermost node of a template counts as a line of the project. That of one which was installed does not, but
    where it shows the columns of a list, which a class of the project names. A template that others extend, or that
    leaves a block to them, asks for nothing by that."""
    if trace.template:
        return
    node = frame.f_locals["self"]
    if isinstance(node, BlockNode | ExtendsNode):
        return
    origin, token = getattr(node, "origin", None), getattr(node, "token", None)
    listed = trace.via is not None and trace.via[0] == "list_display"
    if origin is not None and token is not None and (listed or places.is_project(str(origin.name))):
        trace.places.append((str(origin.name), token.lineno or 0))
        trace.template = True


def _serializer(frame: FrameType, trace: Trace) -> None:
    found = frame.f_locals.get("field")
    if trace.via is None and found is not None:
        trace.via = ("serializer", type(frame.f_locals["self"]), found.field_name)


def _list_display(frame: FrameType, trace: Trace) -> None:
    name = frame.f_locals.get("field_name")
    if trace.via is None and name is not None:
        shown = name if isinstance(name, str) else getattr(name, "__name__", "")
        trace.via = ("list_display", type(frame.f_locals["cl"].model_admin), shown)


def _choices(frame: FrameType, trace: Trace) -> None:
    field = getattr(frame.f_locals.get("self"), "field", None)
    if trace.via is None and field is not None:
        trace.via = ("choices", type(field), str(field.label or field.queryset.model.__name__))


_READERS: dict[CodeType, Reader] = {
    related.ForwardManyToOneDescriptor.__get__.__code__: _descriptor("forward", "field"),
    related.ReverseOneToOneDescriptor.__get__.__code__: _descriptor("reverse one to one", "related"),
    DeferredAttribute.__get__.__code__: _descriptor("deferred", "field"),
    queries.prefetch_one_level.__code__: _prefetch,
    QuerySet._fetch_all.__code__: _queryset,
    QuerySet._iterator.__code__: _queryset,  # type: ignore[attr-defined]
    QuerySet.count.__code__: _queryset,
    QuerySet.exists.__code__: _queryset,
    QuerySet.aggregate.__code__: _queryset,
    QuerySet.update.__code__: _queryset,
    Node.render_annotated.__code__: _node,
}

# Modules that a project may or may not use: looked at only once they are loaded.
_OPTIONAL: tuple[tuple[str, str, Reader], ...] = (
    ("django.contrib.contenttypes.fields", "GenericForeignKey.__get__", _generic),
    ("django.contrib.contenttypes.fields", "GenericForeignKeyDescriptor.__get__", _generic),
    ("rest_framework.serializers", "Serializer.to_representation", _serializer),
    ("django.contrib.admin.templatetags.admin_list", "items_for_result", _list_display),
    ("django.forms.models", "ModelChoiceIterator.__iter__", _choices),
    ("django.forms.models", "ModelChoiceIterator.__len__", _choices),
)


def reader(code: CodeType) -> Reader | None:
    """What reads a frame of this code, None where the code is none that tells who asked."""
    found = _READERS.get(code)
    if found is not None:
        return found
    for module, path, read in _OPTIONAL:
        if code.co_name != path.rpartition(".")[2]:
            continue
        target: Any = sys.modules.get(module)
        for name in path.split("."):
            target = getattr(target, name, None)
        if getattr(target, "__code__", None) is code:
            return read
    return None


def names(trace: Trace) -> tuple[str, Asker, str]:
    """Who asked in words: ``("erp.SalesOrder.customer", "forward", "serializer erp.api.OrderSerializer.customer")``."""
    asked, how = "", ""
    if trace.asked is not None:
        model, owner, how = trace.asked
        asked = f"{_model(owner, model)}.{_attribute(owner)}"
    elif trace.related is not None:
        asked, how = _relation(*trace.related)
    via = ""
    if trace.via is not None:
        kind, cls, name = trace.via
        via = f"{kind} {cls.__module__}.{cls.__qualname__}.{name}"
    return asked, how, via  # type: ignore[return-value]


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


def _relation(instance: type[Any] | None, target: type[Any], known: dict[Any, Any], query: Any) -> tuple[str, Asker]:
    """The relation by which a related manager of ``instance`` asked for rows of ``target``, if it was one."""
    if instance is None:
        asked = generic_relations.asked_by(target, query)
        return asked, "generic" if asked else ""
    meta = instance._meta
    for one in known:
        rel = one.remote_field
        if rel is not None and issubclass(instance, rel.model):
            return f"{meta.label}.{rel.get_accessor_name()}", "reverse"
    joined = {getattr(join, "table_name", "") for join in query.alias_map.values()}
    for forward in meta.many_to_many:
        if issubclass(target, forward.related_model) and forward.remote_field.through._meta.db_table in joined:
            return f"{meta.label}.{forward.name}", "many to many"
    for rel in meta.related_objects:
        if rel.many_to_many and issubclass(target, rel.related_model) and rel.through._meta.db_table in joined:
            return f"{meta.label}.{rel.get_accessor_name()}", "many to many"
    for private in meta.private_fields:
        if getattr(private, "one_to_many", False) and issubclass(target, private.related_model):
            return f"{meta.label}.{private.name}", "generic"
    return "", ""
