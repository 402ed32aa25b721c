"""How lists of a model are ordered, filtered and searched: by its Meta, its default manager and the admin.

Django itself expands an ordering: its query is compiled and never executed. No manager or view of the project runs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from django.apps import apps as installed
from django.apps.registry import Apps
from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.constants import LOOKUP_SEP
from django.db.models.expressions import Col, F, OrderBy
from django.db.models.sql.constants import LOUTER

from dbaudit.facts import AdminPage, Model, Skipped, Snapshot, SortKey

SEARCHES = {"^": "istartswith", "=": "iexact", "@": "search"}


def read(snapshot: Snapshot, apps: Apps, connection: BaseDatabaseWrapper) -> tuple[Snapshot, tuple[Skipped, ...]]:
    """The snapshot with its models' orderings and lists in the default admin site, and what of these failed."""
    site, skipped = _site()
    classes = {one._meta.label: one for one in apps.get_models(include_auto_created=True, include_swapped=True)}
    found = (_with_lists(one, classes.get(one.label), site, connection) for one in snapshot.models)
    return replace(snapshot, models=tuple(found)), skipped


def _with_lists(facts: Model, model: type[models.Model] | None, site: Any, connection: BaseDatabaseWrapper) -> Model:
    if model is None or facts.swapped:
        return facts
    listed = site is not None and site.is_registered(model)
    return replace(
        facts,
        ordering=_sort_keys(model, model._meta.ordering or (), connection),
        admin=_page(model, site.get_model_admin(model), connection) if listed else None,
    )


def _site() -> tuple[Any, tuple[Skipped, ...]]:
    """The default admin site, None where it is not installed (importing it would fail) or cannot be imported."""
    if not installed.is_installed("django.contrib.admin"):
        return None, ()
    try:
        from django.contrib import admin  # noqa: PLC0415 - importing it fails where it is not installed

        admin.autodiscover()
        admin.site.is_registered(models.Model)  # loads the site's class
    except Exception as error:  # noqa: BLE001 - a project's admin modules may raise anything
        return None, (Skipped("Lists of the admin", f"Its modules do not import: {type(error).__name__}."),)
    return admin.site, ()


# -- ordering ------------------------------------------------------------------------------------------------------


def _sort_keys(
    model: type[models.Model], ordering: Sequence[Any], connection: BaseDatabaseWrapper
) -> tuple[SortKey, ...] | None:
    """The columns that Django would order by; None where one is an expression, or is none that Django accepts."""
    if not ordering:
        return ()
    query = models.QuerySet(model).order_by().query
    try:
        query.add_ordering(*ordering)
        compiler = query.get_compiler(connection=connection)
        compiler.setup_query()
        found = [_sort_key(query, expression) for expression, _ in compiler.get_order_by()]
    except Exception:  # noqa: BLE001 - expressions of the project are compiled, too
        return None
    keys = [key for key in found if key is not None]
    return tuple(keys) if len(keys) == len(found) else None


def _sort_key(query: Any, expression: Any) -> SortKey | None:
    if not isinstance(expression, OrderBy) or not isinstance(expression.expression, Col):
        return None
    if expression.nulls_first or expression.nulls_last:
        return None
    column = expression.expression
    source = query.alias_map[column.alias]
    own = column.alias == query.base_table
    return SortKey(
        column=str(column.target.column),
        descending=bool(expression.descending),
        table="" if own else source.table_name,
        outer=not own and any(one.join_type == LOUTER for one in query.alias_map.values() if one.join_type),
    )


# -- the admin -----------------------------------------------------------------------------------------------------


def _page(model: type[models.Model], page: Any, connection: BaseDatabaseWrapper) -> AdminPage:
    filters = [one[0] if isinstance(one, list | tuple) else one for one in _listed(page.list_filter)]
    ordering = _sort_keys(model, _with_tie_break(model, page.ordering or model._meta.ordering or ()), connection)
    return AdminPage(
        ordering=ordering,
        date_hierarchy=_column(model, page.date_hierarchy),
        list_filter=tuple(filter(None, (_column(model, one) for one in filters))),
        search=tuple(_searched(model, _listed(page.search_fields))),
        list_per_page=page.list_per_page if isinstance(page.list_per_page, int) else 100,
        joins=tuple(_joined(model, page)),
    )


def _joined(model: type[models.Model], page: Any) -> Iterator[str]:
    """As ``ChangeList.apply_select_related`` does it: by itself Django joins every key that is never NULL. Those of
    ``list_display`` are named as well, as an attribute of one's own ends that."""
    given = page.list_select_related
    if isinstance(given, list | tuple):
        yield from map(str, given)
        return
    keys = {one.name: one for one in model._meta.concrete_fields if isinstance(one, models.ForeignKey)}
    shown = [name for name in _listed(page.list_display) if name in keys]
    yield from shown
    if shown or given is True:
        yield from (name for name, key in keys.items() if not key.null and name not in shown)


def _listed(value: Any) -> Sequence[Any]:
    """A list option; computed ones are not understood."""
    return value if isinstance(value, list | tuple) else ()


def _column(model: type[models.Model], name: Any) -> str:
    """The column of a field in the model's own table, ``""`` for everything else."""
    if not isinstance(name, str):
        return ""
    own = {key: field for field in model._meta.local_concrete_fields for key in (field.name, field.attname)}
    return str(own[name].column) if name in own else ""


def _searched(model: type[models.Model], names: Sequence[Any]) -> Iterator[tuple[str, str]]:
    for name in names:
        lookup = SEARCHES.get(str(name)[:1], "icontains")
        path, _, last = str(name).lstrip("^=@").partition(LOOKUP_SEP)
        column = _column(model, path)
        if column and lookup != "search" and last in ("", "exact", "iexact", "startswith", "istartswith", "icontains"):
            yield column, last or lookup


def _with_tie_break(model: type[models.Model], ordering: Sequence[Any]) -> list[Any]:
    """As ``ChangeList`` does it: the highest key first among equals, unless the order already tells all rows apart."""
    meta = model._meta
    total = {field.attname for field in meta.fields if field.unique and not field.null}
    seen = set()
    for name in filter(None, map(_name, ordering)):
        try:
            field = meta.pk if name == "pk" else meta.get_field(name)
        except FieldDoesNotExist:
            continue
        # A foreign key by its name stands for the order of the model that it refers to.
        if isinstance(field, models.Field) and not (field.remote_field and name == field.name):
            seen.add(field.attname)
    unique = [*meta.unique_together, *(one.fields for one in meta.total_unique_constraints)]
    filled = [
        {field.attname for field in meta.fields if field.name in names}
        for names in unique
        if not any(field.null for field in meta.fields if field.name in names)
    ]
    if seen & total or any(seen >= one for one in filled):
        return [*ordering]
    return [*ordering, "-pk"]


def _name(part: Any) -> str:
    expression = part.expression if isinstance(part, OrderBy) else part
    if isinstance(expression, F):
        return str(getattr(expression, "name", ""))
    return expression.lstrip("-") if isinstance(expression, str) else ""
