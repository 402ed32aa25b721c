"""What a piece of workload returned: brought to its end as its caller would, and its records counted."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Sized
from datetime import date, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Manager, Model, QuerySet
from django.db.models.query import RawQuerySet
from django.http import HttpResponseBase

_PLAIN = (
    *(str, bytes, bool, int, float, complex, Decimal, UUID, date, time, timedelta, type(None)),
    HttpResponseBase,
)


class NotAQuerysetError(Exception):
    """What came back can neither be evaluated nor has run anything."""


def finish(result: Any) -> int | None:
    """Evaluate, render or consume the result.

    Returns: its number of records, None where it has none that can be counted.
    Raises: `NotAQuerysetError` for a manager, a model or an async generator.
    """
    if isinstance(result, QuerySet):
        # A queryset that lives longer than one call keeps its rows; a copy asks the database again.
        return len(result if result._result_cache is not None else result.all())
    if isinstance(result, RawQuerySet) or inspect.isgenerator(result):
        return sum(1 for _ in result)
    if isinstance(result, Manager):
        raise NotAQuerysetError("it returned a manager, which asks nothing; return .all() of it.")
    if (isinstance(result, type) and issubclass(result, Model)) or inspect.isasyncgen(result):
        raise NotAQuerysetError(f"it returned {_words(result)}, which asks nothing; return a queryset.")
    if isinstance(result, HttpResponseBase):
        _respond(result)
        return None
    if _is_serializer(result):
        result = result.data
    if isinstance(result, str | bytes | None) or not isinstance(result, Sized):
        return None
    return len(result)


def judge(result: Any, statements: int) -> None:
    """Refuse a result that is neither queryset nor page where no statement ran either: nothing was measured."""
    if not statements and not isinstance(result, QuerySet | HttpResponseBase):
        raise NotAQuerysetError(f"it returned {_words(result)} and ran no statement; return a queryset or run a query.")


def consumed(result: Any) -> bool:
    """Whether nobody can read an instance any more: plain values and finished pages are the end of it.

    Where a queryset, an instance or an object that may hold one came back, its reader was not seen.
    """
    if isinstance(result, dict):
        return all(map(consumed, result)) and all(map(consumed, result.values()))
    if isinstance(result, list | tuple | set | frozenset):
        return all(map(consumed, result))
    return isinstance(result, _PLAIN) or _is_serializer(result)


def _words(result: Any) -> str:
    if isinstance(result, type):
        return f"the class {result.__name__}"
    return "nothing" if result is None else f"a value of type {type(result).__name__}"


def _respond(response: Any) -> None:
    if not getattr(response, "is_rendered", True):
        response.render()
    if response.streaming:
        for _ in response:
            pass


def _is_serializer(result: Any) -> bool:
    serializers = sys.modules.get("rest_framework.serializers")
    return serializers is not None and isinstance(result, serializers.BaseSerializer)
