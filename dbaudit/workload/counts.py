"""Counts of large tables: each is executed once in an audit, and later ones are answered with what the catalog knows.

A ``count(*)`` reads the whole table. An admin list asks for two of them, and is asked for several times.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from dbaudit.connection.own_statements import COMMENT
from dbaudit.facts import COUNTED_ONCE_ROWS, Snapshot, Statement
from dbaudit.workload.recording.template import template

_COUNT = re.compile(r"\s*SELECT COUNT\(\*\) AS ", re.IGNORECASE)


class Counts:
    """What was counted in this audit, of the large tables of a snapshot."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._rows = {table.name: table.rows for table in snapshot.tables if (table.rows or 0) >= COUNTED_ONCE_ROWS}
        self._seen: set[tuple[str, str]] = set()

    @staticmethod
    def answered(statement: Statement) -> bool:
        """Whether what was recorded is the answer in the place of a count."""
        return statement.sql.endswith(COMMENT)

    def large(self, statement: Statement) -> bool:
        """Whether a statement counts a large table."""
        return self._table(statement.sql) != ""

    @contextmanager
    def once(self, connection: BaseDatabaseWrapper, *, each_table: bool) -> Iterator[None]:
        """A block in which no count is executed that was executed before: of the same text, or of the same table.

        To be entered after a recorder, which then sees the answer instead of the count; see `answered`.
        """

        def answer(execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: dict[str, Any]) -> Any:
            table = self._table(sql) if isinstance(sql, str) else ""
            if not table:
                return execute(sql, params, many, context)
            known = (table, "" if each_table else f"{sql} {params!r}")
            if known in self._seen:
                return execute(f"SELECT {int(self._rows[table] or 0)} {COMMENT}", None, many, context)
            self._seen |= {(table, ""), (table, f"{sql} {params!r}")}
            return execute(sql, params, many, context)

        if not self._rows:
            yield
            return
        connection.execute_wrappers.insert(0, answer)
        try:
            yield
        finally:
            connection.execute_wrappers.remove(answer)

    def _table(self, sql: str) -> str:
        """The large table that is counted, "" where none is."""
        if not _COUNT.match(sql):
            return ""
        return next((name for one in template(sql).tables if (name := one.rpartition(".")[2]) in self._rows), "")
