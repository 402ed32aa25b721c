"""One execution as it is noted while the project's code runs, and its rows as they are fetched."""

from __future__ import annotations

from time import perf_counter
from typing import Any

from django.db.models import Model

from dbaudit.facts import WrongName
from dbaudit.workload.recording.trace import Trace


class Record:
    """One execution as it was noted. ``rows`` grows while the result is fetched; ``model`` is that of its instances.

    ``keys`` are those of the instances, where a generic relation may ask for them: its manager tells its queryset no
    instance. ``wrong`` is a name in the prefetches that leads nowhere.
    """

    __slots__ = (
        *("alias", "duration", "error", "keys", "many", "model", "number", "params", "rows", "sql", "trace", "wrong"),
    )

    def __init__(self, number: int, sql: str, params: Any, many: bool, alias: str, trace: Trace) -> None:
        self.number = number
        self.model: type[Model] | None = None
        self.keys: set[str] | None = None
        self.wrong: WrongName | None = None
        self.sql = sql
        self.params = params
        self.many = many
        self.alias = alias
        self.trace = trace
        self.duration = 0.0
        self.rows: int | None = None
        self.error = ""


def watch(cursor: Any, record: Record, limit: int | None) -> None:
    """Note the rows. A driver that counts them only as they are fetched is watched while it is fetched from."""
    if record.error:
        return
    raw = getattr(cursor, "cursor", cursor)  # the driver's own: Django's looks each name up anew
    count = getattr(raw, "rowcount", None)
    if limit is None and isinstance(count, int) and count >= 0:
        record.rows = count
        return
    # The class's own lookup wraps the driver's function in Django's error handling; an instance attribute hides it.
    fetch = getattr(type(cursor), "__getattr__", None)
    if fetch is None or getattr(raw, "description", None) is None:
        return
    record.rows = 0

    def count_rows(rows: Any, began: float) -> Any:
        record.duration += perf_counter() - began
        seen = record.rows or 0
        if limit is not None and seen + len(rows) > limit:
            rows = rows[: max(0, limit - seen)]
        record.rows = seen + len(rows)
        return rows

    def fetchone() -> Any:
        began = perf_counter()
        row = fetch(cursor, "fetchone")()
        kept = count_rows([row] if row is not None else [], began)
        return kept[0] if kept else None

    def fetchmany(*args: Any, **kwargs: Any) -> Any:
        began = perf_counter()
        return count_rows(fetch(cursor, "fetchmany")(*args, **kwargs), began)

    def fetchall() -> Any:
        began = perf_counter()
        return count_rows(fetch(cursor, "fetchall")(), began)

    cursor.__dict__.update(fetchone=fetchone, fetchmany=fetchmany, fetchall=fetchall)
