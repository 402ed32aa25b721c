"""Which statement made an instance: a number in Django's own state of it, which copies and pickles take along.

While something records, the classes by which querysets make instances of rows are one function longer. The mark is a
plain number (or a number and the path of a join), so that a pickle of it can be read where dbaudit is not installed.
"""

from __future__ import annotations

import itertools
import os
import threading
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from typing import Any, Literal, NamedTuple

from django.db.models import Model
from django.db.models.query import ModelIterable, RawModelIterable

from dbaudit.workload.recording.record import Record
from dbaudit.workload.wrong_names import unresolved

#: The attribute of an instance's ``_state``.
MARK = "_dbaudit_query"
#: The mark of what the code made itself and wrote: no statement loaded it.
MADE = 0
#: Joins that are followed from one row.
DEPTH = 8

# Numbers of other processes come in by caches and pickles: they begin somewhere else.
_numbers = itertools.count(int.from_bytes(os.urandom(5)) << 16 | 1)
number = _numbers.__next__


class Row(NamedTuple):
    """An instance that asked: what it is, and its mark (None where it has none). ``alone`` in a prefetch of one."""

    identity: tuple[Any, ...]
    mark: Any
    alone: bool = False


class _Here(threading.local):
    """The first statement of this thread since somebody began to wait for one: None until it runs, False where nobody
    waits."""

    first: Record | Literal[False] | None = False


here = _Here()
_originals = {iterable: iterable.__iter__ for iterable in (ModelIterable, RawModelIterable)}
_marks_all = False


def install(*, always: bool = False) -> None:
    """Mark instances from here on; with ``always`` those of statements that nobody records, too."""
    global _marks_all  # noqa: PLW0603 - a fact of the process
    _marks_all = _marks_all or always
    for iterable, original in _originals.items():
        if vars(iterable).get("__iter__") is original:
            iterable.__iter__ = _STAND_INS[iterable]  # type: ignore[method-assign]


def uninstall() -> None:
    """Give Django its own functions back."""
    for iterable, original in _originals.items():
        if vars(iterable).get("__iter__") is _STAND_INS[iterable]:
            iterable.__iter__ = original  # type: ignore[method-assign]


def knows_all() -> bool:
    """Whether an instance without a mark was made by the code: every one that a query loads is marked."""
    return _marks_all


def of(instance: Any, *, alone: bool = False) -> Row | None:
    """What is known of an instance, read past whoever watches its attributes; None for what is no instance."""
    if not isinstance(instance, Model):
        return None
    values: dict[str, Any] = object.__getattribute__(instance, "__dict__")
    state = values.get("_state")
    mark = state.__dict__.get(MARK) if state is not None else None
    key = tuple(values.get(one.attname) for one in _key(type(instance)))
    identity = (type(instance)._meta.concrete_model, *(key if None not in key else (id(instance),)))
    return Row(identity, mark, alone)


def made(instance: Any) -> None:
    """Note that the code made an instance and writes it."""
    values: dict[str, Any] = object.__getattribute__(instance, "__dict__")
    state = values.get("_state")
    if state is not None:
        state.__dict__.setdefault(MARK, MADE)


def _key(model: type[Model]) -> tuple[Any, ...]:
    fields = getattr(model._meta, "pk_fields", None)
    return tuple(fields) if fields else (model._meta.pk,)


def _stand_in(original: Any) -> Any:
    def __iter__(self: Any) -> Iterator[Any]:  # noqa: N807 - it stands for one
        return _marked(original(self), self.queryset)

    return __iter__


_STAND_INS = {iterable: _stand_in(original) for iterable, original in _originals.items()}
_NOTHING: Any = object()


def _marked(rows: Iterator[Any], queryset: Any) -> Iterator[Any]:
    """The instances, each with the number of the statement that was executed for the first of them."""
    outer, here.first = here.first, None
    try:
        instance = next(rows, _NOTHING)
    finally:
        record: Any = here.first
        here.first = outer
    if record is not None and queryset._prefetch_related_lookups:
        with suppress(Exception):
            record.wrong = unresolved(queryset)
    if instance is _NOTHING:
        return
    if record is not None:
        record.model = queryset.model
    elif not _marks_all:
        yield instance
        yield from rows
        return
    mark = record.number if record is not None else number()
    joins = bool(getattr(queryset.query, "select_related", False))
    key = _asked_by_key(queryset.model) if record is not None else ""
    keys: set[str] | None = set() if key else None
    if record is not None:
        record.keys = keys
    while True:
        state = instance._state
        state._dbaudit_query = mark
        if joins:
            _mark_joined(state, mark, "", 0)
        if keys is not None:
            keys.add(str(object.__getattribute__(instance, "__dict__").get(key)))
        yield instance
        try:
            instance = next(rows)
        except StopIteration:
            return


@cache
def _asked_by_key(model: type[Model]) -> str:
    """The name of the key of a model that has generic relations, "" where it has none."""
    generic = any(getattr(one, "one_to_many", False) for one in model._meta.private_fields)
    return model._meta.pk.attname if generic else ""


def _mark_joined(state: Any, mark: int, path: str, depth: int) -> None:
    """Mark what came with a row, each with the path that leads to it."""
    for name, related in state.__dict__.get("fields_cache", {}).items():
        # Past whoever watches what is read of an instance.
        below = object.__getattribute__(related, "__dict__").get("_state") if isinstance(related, Model) else None
        if below is not None and MARK not in below.__dict__:
            there = f"{path}__{name}" if path else name
            below._dbaudit_query = (mark, there)
            if depth < DEPTH:
                _mark_joined(below, mark, there, depth + 1)
