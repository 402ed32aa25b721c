"""Sending the workload to the audited database: a replica is measured with the same code as the default alias."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import router


class _Audited:
    def __init__(self, alias: str, tables: Collection[str]) -> None:
        self._alias = alias
        self._tables = tables

    def db_for_read(self, model: Any, **_hints: Any) -> str | None:
        """The audited alias for every model that has its table there; the project's routers decide on the others."""
        return self._alias if model._meta.db_table in self._tables else None

    db_for_write = db_for_read


@contextmanager
def routed_to(alias: str, tables: Collection[str]) -> Iterator[None]:
    """Ask this alias for the models of these tables, whatever the project's routers say, for the time of the block."""
    audited = _Audited(alias, tables)
    router.routers.insert(0, audited)
    try:
        yield
    finally:
        router.routers.remove(audited)
