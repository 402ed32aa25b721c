"""Asks a database for one row, for what is glad of an answer and can do without."""

from __future__ import annotations

from typing import Any

from django.db import Error
from django.db.backends.base.base import BaseDatabaseWrapper

from dbaudit.advisor.samples import Ask
from dbaudit.connection.rollback import attempt


def asker(connection: BaseDatabaseWrapper) -> Ask:
    """A function that gives the first row of a statement with values, None where there is none or it fails."""

    def ask(sql: str, values: list[Any]) -> tuple[Any, ...] | None:
        try:
            with attempt(connection), connection.cursor() as cursor:
                cursor.execute(sql, values)
                row: tuple[Any, ...] | None = cursor.fetchone()
                return row
        except Error:
            return None

    return ask
