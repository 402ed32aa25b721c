"""``@query``: the queries that a project wants measured, in ``<app>/dbaudit_queries.py``."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from dbaudit.errors import AuditError

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A registered query. ``id`` is the package of its module and its name (``erp.product_list``).

    ``function`` is whatever was decorated: what cannot be called becomes a failed row, not an error of the whole
    audit. ``file`` is absolute, ``line`` counts from 1.
    """

    id: str
    label: str
    function: Any
    module: str
    file: str
    line: int
    budget_ms: float | None = None
    max_queries: int | None = None


_queries: dict[str, Query] = {}


def query(*, budget_ms: float | None = None, max_queries: int | None = None, label: str = "") -> Callable[[T], T]:
    """Register a function without arguments whose queries are to be measured.

    It returns a queryset, which is evaluated, or runs what it likes: a view, a serializer, a template. It is run
    several times, each in a transaction that is rolled back.

    Args:
        budget_ms: the median time in milliseconds above which it is over budget.
        max_queries: the number of queries above which it is.
        label: how the report calls it; the first line of the docstring, or the name, where this is empty.

    Raises:
        AuditError: with file and line, for a budget that is not above zero or a number of queries below zero.
    """
    frame = sys._getframe(1)  # noqa: SLF001 - where it is written
    place = f"{frame.f_code.co_filename}:{frame.f_lineno}"
    given: tuple[Any, Any] = budget_ms, max_queries
    if given[0] is not None and not (isinstance(given[0], int | float) and given[0] > 0):
        raise AuditError(f"{place}: budget_ms must be a number of milliseconds above zero, not {budget_ms!r}.")
    if given[1] is not None and not (isinstance(given[1], int) and given[1] >= 0):
        raise AuditError(f"{place}: max_queries must be a whole number from zero, not {max_queries!r}.")
    file, line, module = frame.f_code.co_filename, frame.f_lineno, str(frame.f_globals.get("__name__", ""))

    def register(function: T) -> T:
        name = getattr(function, "__name__", "") or f"line {line}"
        code = getattr(inspect.unwrap(function), "__code__", None) if callable(function) else None
        one = Query(
            id=f"{module.removesuffix('.dbaudit_queries')}.{name}",
            label=label or _first_line(function) or name,
            function=function,
            module=module,
            file=file,
            line=code.co_firstlineno if code is not None and code.co_filename == file else line,
            budget_ms=budget_ms,
            max_queries=max_queries,
        )
        other = _queries.get(one.id)
        if other is not None and (other.file, other.line) != (one.file, one.line):
            raise AuditError(f"{file}:{line}: query {name!r} is already registered at line {other.line}; rename one.")
        _queries[one.id] = one
        return function

    return register


def registered_queries() -> tuple[Query, ...]:
    """All queries registered so far, in order of id."""
    return tuple(_queries[name] for name in sorted(_queries))


def _first_line(function: Any) -> str:
    text = inspect.getdoc(function) if inspect.isroutine(function) else None
    return text.strip().splitlines()[0].rstrip(".") if text and text.strip() else ""
