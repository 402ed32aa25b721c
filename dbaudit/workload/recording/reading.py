"""What is read of the rows that became instances, over one whole run: which columns, which relations.

While a run is watched, two of Django's classes have one method more: `Model.__getattribute__`, through which Python,
templates and serializers alike read an instance, and `ModelIterable.__iter__`, which makes instances of rows. Both are
taken away when the block ends, however it ends. Reading an instance as a whole (its ``__dict__``, as pickling, copying,
saving and refreshing do) counts as reading all of it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.db.models import Model
from django.db.models.query import ModelIterable

from dbaudit.facts import Eager, Load, LoadedColumn, Location
from dbaudit.workload.recording.recorder import Recorder

#: Instances that are watched in one run. Of what belongs to more each column and relation counts as read; whether any
#: row was read is told by those that are watched, and what follows from it is tried on all.
KEPT_INSTANCES = 50_000
#: Where Django looks into an instance's `__dict__` for one value, or to put one there.
_ONE_VALUE = {
    *("django.db.models.query", "django.db.models.query_utils", "django.db.models.fields.files"),
    *("django.db.models.fields.related_descriptors", "django.utils.functional", "functools"),
}
_INSIDE = ("_state", "_prefetched_objects_cache")


@dataclass(slots=True, eq=False)
class _Rows:
    """The instances of one path of one statement, and the names of the attributes that were read of any of them."""

    model: type[Model]
    how: Eager
    path: str = ""
    tree: dict[str, Any] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)
    whole: bool = False
    instances: list[Model] = field(default_factory=list)
    beyond: int = 0
    bytes: dict[str, int] = field(default_factory=dict)
    joined: dict[str, _Rows] = field(default_factory=dict)

    def has_read(self, *names: str) -> bool:
        return self.whole or not self.names.isdisjoint(names)


@dataclass(slots=True, eq=False)
class _Statement:
    """One execution whose rows became instances; ``number`` is its place among the recorder's."""

    number: int
    rows: _Rows
    prefetches: tuple[Any, ...]


class Watch:
    """Watches the instances that querysets make in a block of code, beside the recorder of its statements."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._statements: list[_Statement] = []
        # The instances are held as long as the watch, so that no identity is used twice.
        self._of: dict[int, _Rows] = {}

    @contextmanager
    def watching(self) -> Iterator[Watch]:
        """Watch the block; nothing of Django's is changed when it has ended."""
        read, iterate = Model.__getattribute__, ModelIterable.__iter__

        def observed(instance: Any, name: str) -> Any:
            rows = self._of.get(id(instance))
            if rows is not None and name not in rows.names and not rows.whole:
                _note(rows, name)
            return read(instance, name)

        def observing(iterable: Any) -> Iterator[Any]:
            number, found = len(self._recorder.records), None
            for instance in iterate(iterable):
                if found is None:
                    found = self._begin(iterable.queryset, number)
                self._add(found.rows, instance)
                yield instance

        own = vars(Model).get("__getattribute__")
        Model.__getattribute__ = observed  # type: ignore[method-assign]
        ModelIterable.__iter__ = observing  # type: ignore[method-assign]
        try:
            yield self
        finally:
            ModelIterable.__iter__ = iterate  # type: ignore[method-assign]
            if own is None:
                del Model.__getattribute__
            else:
                Model.__getattribute__ = own  # type: ignore[method-assign]

    def _begin(self, queryset: Any, number: int) -> _Statement:
        tree = queryset.query.select_related
        rows = _Rows(queryset.model, "rows", tree=tree if isinstance(tree, dict) else {})
        found = _Statement(number, rows, tuple(queryset._prefetch_related_lookups))
        self._statements.append(found)
        return found

    def _add(self, rows: _Rows, instance: Model) -> None:
        if _reads_by_itself(type(instance)):
            rows.whole = True
            return
        if len(self._of) >= KEPT_INSTANCES:
            rows.beyond += 1
            return
        self._of[id(instance)] = rows
        rows.instances.append(instance)
        values = _values(instance)
        for column in type(instance)._meta.concrete_fields:
            if column.attname in values:
                rows.bytes[column.attname] = rows.bytes.get(column.attname, 0) + size(values[column.attname])
        for name, below in rows.tree.items():
            relation = _relation(type(instance), name)
            related = relation.get_cached_value(instance, default=None) if relation is not None else None
            if related is not None and id(related) not in self._of:
                path = f"{rows.path}__{name}" if rows.path else name
                joined = rows.joined.setdefault(name, _Rows(type(related), "select_related", path, below))
                self._add(joined, related)

    def loads(self) -> tuple[Load, ...]:
        """What was loaded by each statement and path, executions of one line taken together."""
        found: dict[tuple[Any, ...], Load] = {}
        statements = self._recorder.statements
        for one in self._statements:
            if one.number >= len(statements):
                continue
            what = statements[one.number]
            for load in (*_joined(one.rows), *self._prefetched(one)):
                key = what.fingerprint, what.location, load.how, load.path, load.model
                found[key] = _together(found.get(key), load, what.fingerprint, what.location)
        return tuple(found.values())

    def _prefetched(self, statement: _Statement) -> Iterator[Load]:
        for lookup in statement.prefetches:
            attributes = str(getattr(lookup, "prefetch_to", lookup)).split("__")
            names = str(getattr(lookup, "prefetch_through", lookup)).split("__")
            instances: list[Model] = statement.rows.instances
            read = True
            for depth, attribute in enumerate(attributes):
                holders = {id(rows): rows for rows in (self._of.get(id(one)) for one in instances) if rows is not None}
                read = not holders or any(rows.beyond or rows.has_read(attribute) for rows in holders.values())
                instances = [under for one in instances for under in _under(one, attribute)]
                if not read or not instances or depth == len(attributes) - 1:
                    path = "__".join(names[: depth + 1])
                    model = instances[0]._meta.label if instances else ""
                    yield Load(
                        fingerprint="",
                        model=model,
                        how="prefetch_related",
                        path=path,
                        instances=len(instances),
                        read=read,
                    )
                    break


def _note(rows: _Rows, name: str) -> None:
    if name == "__dict__":
        # Frames: this function, what stands in for `__getattribute__`, who reads.
        rows.whole = sys._getframe(2).f_globals.get("__name__") not in _ONE_VALUE
    elif name in _INSIDE:
        rows.whole = not str(sys._getframe(2).f_globals.get("__name__")).startswith("django.")
    elif name in rows.bytes or sys._getframe(2).f_globals.get("__name__") != "django.db.models.query":
        # Prefetching goes along relations by itself; the columns that it needs are needed.
        rows.names.add(name)


def _joined(rows: _Rows, *, led: bool | None = None) -> Iterator[Load]:
    """The rows of a statement, and what was joined to them; below what nobody read all is unread.

    ``led`` says of joined rows whether the attribute that leads to them was read.
    """
    names = {column.attname: column.name for column in rows.model._meta.concrete_fields}
    needed = {column.attname for column in rows.model._meta.pk_fields}
    yield Load(
        fingerprint="",
        model=rows.model._meta.label,
        how=rows.how,
        path=rows.path,
        instances=len(rows.instances) + rows.beyond,
        read=(rows.whole or bool(rows.names) or not rows.instances) if led is None else led,
        columns=tuple(
            LoadedColumn(
                name=name,
                bytes=size,
                read=led is not False
                and (name in needed or rows.beyond > 0 or rows.has_read(name, names.get(name, name))),
            )
            for name, size in rows.bytes.items()
        ),
    )
    for name, joined in rows.joined.items():
        read = rows.beyond > 0 or rows.has_read(_accessor(rows.model, name))
        yield from _joined(joined, led=led is not False and read)


def _together(before: Load | None, load: Load, fingerprint: str, location: Location | None) -> Load:
    columns = {one.name: one for one in before.columns} if before is not None else {}
    for one in load.columns:
        same = columns.get(one.name)
        columns[one.name] = LoadedColumn(
            name=one.name,
            bytes=one.bytes + (same.bytes if same else 0),
            read=one.read or (same is not None and same.read),
        )
    return Load(
        fingerprint=fingerprint,
        location=location,
        model=load.model,
        how=load.how,
        path=load.path,
        instances=load.instances + (before.instances if before else 0),
        read=load.read or (before is not None and before.read),
        columns=tuple(columns.values()),
    )


def size(value: Any) -> int:
    """About how many bytes a value takes on its way from the database."""
    if value is None:
        return 0
    if isinstance(value, str):
        return len(value.encode(errors="replace"))
    if isinstance(value, bytes | bytearray | memoryview):
        return len(value)
    if isinstance(value, bool | int | float):
        return 8
    return len(str(value))


def _values(instance: Model) -> dict[str, Any]:
    """An instance's values, read past the watch."""
    values: dict[str, Any] = object.__getattribute__(instance, "__dict__")
    return values


def _reads_by_itself(model: type[Model]) -> bool:
    """Whether a model has a way of its own to read attributes, past which nothing is seen."""
    return any("__getattribute__" in vars(one) for one in model.__mro__[: model.__mro__.index(Model)])


def _relation(model: type[Model], name: str) -> Any:
    try:
        return model._meta.get_field(name)
    except FieldDoesNotExist:  # a filtered relation
        return None


def _accessor(model: type[Model], name: str) -> str:
    relation = _relation(model, name)
    accessor = getattr(relation, "get_accessor_name", None)
    return str((accessor() if accessor else None) or name)


def _under(instance: Model, attribute: str) -> list[Model]:
    """What was prefetched under an attribute of an instance."""
    values = _values(instance)
    state = values.get("_state")
    fetched = values.get("_prefetched_objects_cache", {}).get(attribute)
    if fetched is not None:
        found = getattr(fetched, "_result_cache", None) or ()
    elif attribute in values:
        found = values[attribute]
    else:
        found = getattr(state, "fields_cache", {}).get(attribute)
    many = found if isinstance(found, list | tuple) else [found]
    return [one for one in many if isinstance(one, Model)]
