"""The SQL that migrations run themselves (``RunSQL``, and Python that sends some), so that what it made is not taken
for a change by hand. Nothing is executed; a function's source is read."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Mapping

from django.db.migrations import Migration
from django.db.migrations.operations import RunPython, RunSQL, SeparateDatabaseAndState
from django.db.migrations.operations.base import Operation

from dbaudit.facts import OwnSql


def read(migrations: Mapping[tuple[str, str], Migration]) -> tuple[OwnSql, ...]:
    """The statements, and the sources of functions, of these migrations in order of application and name."""
    return tuple(
        OwnSql(app=app, migration=name, text=text)
        for (app, name), migration in sorted(migrations.items(), key=lambda one: one[0])
        for text in _texts(migration.operations)
    )


def _texts(operations: Iterable[Operation]) -> Iterator[str]:
    for operation in operations:
        if isinstance(operation, SeparateDatabaseAndState):
            yield from _texts(operation.database_operations)
        elif isinstance(operation, RunSQL):
            yield from _statements(operation.sql)
        elif isinstance(operation, RunPython):
            yield from _source(operation.code)


def _statements(sql: object) -> Iterator[str]:
    """``RunSQL`` takes a text, or a list of texts and of pairs of a text and its parameters."""
    if isinstance(sql, str):
        yield from (one for one in sql.split(";") if one.strip())
    elif isinstance(sql, list | tuple):
        for one in sql:
            yield from _statements(one[0] if isinstance(one, list | tuple) and one else one)


def _source(function: object) -> Iterator[str]:
    """A function that talks to the database in SQL of its own."""
    try:
        text = inspect.getsource(inspect.unwrap(function))  # type: ignore[arg-type]
    except (OSError, TypeError):
        return
    if "execute" in text or "schema_editor." in text:
        yield text
