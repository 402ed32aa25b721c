"""Who asked: the ORM attribute and the framework's part behind a statement, read from the frames on the stack.

Django's own functions are recognised by their code objects, so that nothing of Django is replaced. Only a frame that is
recognised has its local variables looked at.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import CodeType, FrameType
from typing import Any

from django.db.models import Model, QuerySet
from django.db.models import query as queries
from django.db.models.fields import related_descriptors as related
from django.db.models.query_utils import DeferredAttribute
from django.template.base import Node
from django.template.loader_tags import BlockNode, ExtendsNode

from dbaudit import places
from dbaudit.facts import Asker
from dbaudit.workload.recording import origins
from dbaudit.workload.recording.trace import Trace

Reader = Callable[[FrameType, Trace], None]


def _descriptor(how: Asker, attribute: str) -> Reader:
    """A reader for the ``__get__`` of a relation's or a field's descriptor."""

    def read(frame: FrameType, trace: Trace) -> None:
        owner = getattr(frame.f_locals["self"], attribute)
        instance = frame.f_locals.get("instance")
        if trace.places and trace.hinted != id(instance):
            return  # code of the project that runs below the attribute asks for itself
        if trace.asked is None:
            trace.asked = (type(instance), owner, how)
            trace.row = origins.of(instance)
        elif trace.asked[2] == "prefetch":
            # A prefetch below a descriptor: Django fetches the instance's peers with it (FETCH_PEERS).
            trace.asked = (trace.asked[0], trace.asked[1], "peers")

    return read


def _generic(frame: FrameType, trace: Trace) -> None:
    found = frame.f_locals["self"]
    instance = frame.f_locals.get("instance")
    if trace.asked is None:
        trace.asked = (type(instance), getattr(found, "field", found), "generic")
        trace.row = origins.of(instance)


def _prefetch(frame: FrameType, trace: Trace) -> None:
    local = frame.f_locals
    instances = local.get("instances")
    if trace.asked is None and instances:
        lookup, level = local["lookup"], local["level"]
        trace.asked = (type(instances[0]), lookup.prefetch_through.split("__")[level], "prefetch")
        trace.lookup = lookup.prefetch_to.split("__")[level]
        trace.row = origins.of(instances[0], alone=len(instances) == 1)


def _queryset(how: str) -> Reader:
    """A queryset that a related manager built knows its instance; which relation it was is worked out later."""

    def read(frame: FrameType, trace: Trace) -> None:
        if trace.related is not None:
            return
        queryset = frame.f_locals["self"]
        instance = queryset._hints.get("instance")
        if instance is not None:
            trace.hinted = id(instance)
            # Not the queryset itself, which holds its rows.
            fields = tuple(queryset._known_related_objects)
            trace.related = (type(instance), queryset.query, fields, how, queryset._iterable_class)
            if trace.asked is None:
                trace.row = origins.of(instance)
        elif queryset.model._meta.private_fields:
            trace.related = (None, queryset.query, (), how, queryset._iterable_class)

    return read


def _refresh(_frame: FrameType, trace: Trace) -> None:
    """A row that is read again asks for itself, not for a relation; a deferred column has said so before."""
    trace.related = None
    if trace.asked is None:
        trace.row = None
    trace.method = "refresh_from_db"


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


def _method(name: str) -> Reader:
    """A reader for a function of the ORM: of those that call one another the outermost was called."""

    def read(_frame: FrameType, trace: Trace) -> None:
        if not trace.method or trace.written_at == len(trace.places):
            trace.method, trace.written_at = name, len(trace.places)

    return read


def _save(frame: FrameType, trace: Trace) -> None:
    origins.made(frame.f_locals["self"])
    _method("save")(frame, trace)


def _create(frame: FrameType, trace: Trace) -> None:
    objects = frame.f_locals.get("objs")
    if isinstance(objects, list | tuple):
        for one in objects:
            origins.made(one)
    _method("bulk_create")(frame, trace)


READERS: dict[CodeType, Reader] = {
    related.ForwardManyToOneDescriptor.__get__.__code__: _descriptor("forward", "field"),
    related.ReverseOneToOneDescriptor.__get__.__code__: _descriptor("reverse one to one", "related"),
    DeferredAttribute.__get__.__code__: _descriptor("deferred", "field"),
    queries.prefetch_one_level.__code__: _prefetch,
    QuerySet._fetch_all.__code__: _queryset("fetch"),
    QuerySet._iterator.__code__: _queryset("fetch"),  # type: ignore[attr-defined]
    QuerySet.count.__code__: _queryset("count"),
    QuerySet.exists.__code__: _queryset("exists"),
    QuerySet.aggregate.__code__: _queryset("aggregate"),
    QuerySet.update.__code__: _queryset("update"),
    Model.refresh_from_db.__code__: _refresh,
    Model.save_base.__code__: _save,
    Model.delete.__code__: _method("delete"),
    QuerySet.bulk_create.__code__: _create,
    QuerySet.bulk_update.__code__: _method("bulk_update"),
    QuerySet.get.__code__: _method("get"),
    QuerySet.create.__code__: _method("create"),
    Model.validate_unique.__code__: _method("validate_unique"),
    Model.validate_constraints.__code__: _method("validate_constraints"),
    QuerySet.get_or_create.__code__: _method("get_or_create"),
    QuerySet.update_or_create.__code__: _method("update_or_create"),
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
    found = READERS.get(code)
    if found is not None:
        return found
    return next((read for module, path, read in _OPTIONAL if is_code_of(code, module, path)), None)


def is_code_of(code: CodeType, module: str, path: str) -> bool:
    """Whether a code object is that of a function, named by its module, if that is loaded."""
    if code.co_name != path.rpartition(".")[2]:
        return False
    target: Any = sys.modules.get(module)
    for name in path.split("."):
        target = getattr(target, name, None)
    return getattr(target, "__code__", None) is code
