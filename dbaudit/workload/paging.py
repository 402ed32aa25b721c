"""Lists without an end: what keeps a view from having pages, and whether a request may ask for pages of any size.

Only what is configured is read. Where a view, a paginator or an admin decides in code of its own, nothing is said.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from django.views.generic.list import MultipleObjectMixin

from dbaudit import places
from dbaudit.facts import Location, Paging, PagingSetting
from dbaudit.workload.execution import OutOfTimeError
from dbaudit.workload.sampling import Bench

#: Rows that a request asks for, to see whether it gets them.
ASKED = 1_000
#: Django's own `list_per_page` and `list_max_show_all`: the admin is imported only where it is installed.
PER_PAGE, SHOW_ALL = 100, 200


def of_view(view: Any) -> Paging | None:
    """What a routed view lacks; None for any that is no list, has pages, or decides in its own code."""
    rest = sys.modules.get("rest_framework.generics")
    cls = getattr(view, "cls", None)
    if rest is not None and isinstance(cls, type) and issubclass(cls, rest.GenericAPIView):
        return _of_rest_view(view, cls)
    cls = getattr(view, "view_class", None)
    if not (isinstance(cls, type) and issubclass(cls, MultipleObjectMixin)):
        return None
    given = {name: getattr(cls, name, None) for name in ("model", "queryset", "paginate_by")} | view.view_initkwargs
    if given["paginate_by"] or not _as_django(cls, MultipleObjectMixin, "get_paginate_by", "paginate_queryset"):
        return None
    table = _table(given)
    return _paging("paginate_by", cls, table, None) if table else None


def asked(paging: Paging, ask: Callable[[str], Callable[[], Any]], bench: Bench) -> Paging | None:
    """The same with what came back when a page was asked for with ``paging.asked``; None where none came.

    ``ask`` gives what to run for a query string.
    """
    if not paging.asked:
        return paging
    try:
        statements = bench.once(ask(paging.asked)).statements
    except (Exception, OutOfTimeError):  # noqa: BLE001 - a page that cannot be had shows nothing
        return None
    rows = [one.rows or 0 for one in statements if one.kind == "select" and _reads(one.tables, paging.table)]
    return replace(paging, rows=max(rows, default=0))


def of_admin(model_admin: Any, changelist: Callable[[str], Any], bench: Bench) -> Paging | None:
    """What lets an admin list grow, where it says more than Django's own defaults; rows are asked for where a link
    shows all of them.

    ``changelist`` gives the list for a query string.
    """
    table, cls = str(model_admin.model._meta.db_table), type(model_admin)
    page, most = model_admin.list_per_page, model_admin.list_max_show_all
    if page <= PER_PAGE and most <= SHOW_ALL:
        return None
    lists: list[Any] = []
    try:
        bench.aside(lambda: lists.append(changelist("")))
    except (Exception, OutOfTimeError):  # noqa: BLE001 - the list itself failed, and its run says why
        return None
    if not lists[0].multi_page:
        return _paging("list_per_page", cls, table, page)
    if most <= SHOW_ALL:
        return None
    found = replace(_paging("list_max_show_all", cls, table, most), asked="all=", asked_rows=ASKED, page_rows=page)
    return asked(found, lambda query: lambda: list(changelist(query).result_list[:ASKED]), bench)


def _of_rest_view(view: Any, cls: type[Any]) -> Paging | None:
    mixins, generics = sys.modules["rest_framework.mixins"], sys.modules["rest_framework.generics"]
    actions = getattr(view, "actions", None)
    if not (
        issubclass(cls, mixins.ListModelMixin)
        and (not actions or actions.get("get") == "list")
        and _as_django(cls, mixins.ListModelMixin, "list")
        and _as_django(cls, generics.GenericAPIView, "paginator", "paginate_queryset")
    ):
        return None
    given = {name: getattr(cls, name, None) for name in ("queryset", "serializer_class", "pagination_class")}
    given |= getattr(view, "initkwargs", {})
    table, paginator = _table(given), given["pagination_class"]
    if not table:
        return None
    return _of_paginator(cls, paginator, table) if paginator else _paging("pagination_class", cls, table, None)


def _of_paginator(view: type[Any], cls: type[Any], table: str) -> Paging | None:
    """A paginator that makes no pages because it has no size, or pages as large as a request wants them."""
    pagination = sys.modules["rest_framework.pagination"]
    kinds = pagination.LimitOffsetPagination, pagination.PageNumberPagination, pagination.CursorPagination
    known = next((one for one in kinds if issubclass(cls, one)), None)
    if known is None:
        return None
    size: PagingSetting = "default_limit" if known is kinds[0] else "page_size"
    most: PagingSetting = "max_limit" if known is kinds[0] else "max_page_size"
    decides, parameter = (
        ("get_limit", "limit_query_param") if known is kinds[0] else ("get_page_size", "page_size_query_param")
    )
    if not _as_django(cls, known, decides, "paginate_queryset"):
        return None
    page = getattr(cls, size)
    own = cls if places.owner_of(cls) == "project" else None
    if not page:
        found = _paging(size if own else "PAGE_SIZE", own or view, table, None)
        return found if own else replace(found, of="REST_FRAMEWORK")
    name = getattr(cls, parameter)
    if getattr(cls, most) is not None or not name:
        return None
    found = _paging(most, own or view, table, None)
    return replace(found, of=cls.__qualname__, asked=f"{name}={ASKED}", asked_rows=ASKED, page_rows=page)


def _paging(setting: PagingSetting, cls: type[Any], table: str, value: int | None) -> Paging:
    return Paging(setting=setting, of=cls.__qualname__, table=table, value=value, location=_place(cls, setting))


def _place(cls: type[Any], attribute: str) -> Location | None:
    """The project's line that sets the attribute, otherwise that of the class, if it is the project's."""
    setter = next((one for one in cls.__mro__ if attribute in vars(one)), cls)
    for one, name in ((setter, attribute), (cls, "")):
        if places.owner_of(one) == "project":
            return places.of_class(one, name)
    return None


def _as_django(cls: type[Any], known: type[Any], *names: str) -> bool:
    """Whether a class leaves methods as the framework has them."""
    return all(getattr(cls, name, None) is getattr(known, name) for name in names)


def _table(given: dict[str, Any]) -> str:
    """The table that a view lists, "" where only its code knows."""
    meta = getattr(given.get("serializer_class"), "Meta", None)
    models = given.get("model"), getattr(given.get("queryset"), "model", None), getattr(meta, "model", None)
    return next((str(model._meta.db_table) for model in models if model is not None), "")


def _reads(tables: tuple[str, ...], table: str) -> bool:
    return bool(tables) and tables[0].rpartition(".")[2] == table
