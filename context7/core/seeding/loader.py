"""Writes rows straight into tables: COPY on PostgreSQL, one prepared statement for many rows elsewhere.

``bulk_create`` would build a model instance for each row and set ``auto_now`` fields from the clock. Both are
unwanted here: a million rows should take minutes, and two runs should give the same data.
"""

import datetime as dt
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from random import Random
from typing import Any

from django.core.management.color import no_style
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper

Row = dict[str, Any]
Report = Callable[[int], None]

BATCH = 5_000
# Values of these types go to every database driver as they are.
PLAIN = (models.CharField, models.TextField, models.IntegerField, models.BooleanField, models.ForeignKey)


class Loader:
    """Fills empty tables of one database.

    ``connection`` is the database, ``random`` gives the UUIDs, ``moment`` is the time of rows that name none, and
    ``report`` is called with the number of rows written since the last call.
    """

    def __init__(self, connection: BaseDatabaseWrapper, random: Random, moment: dt.datetime, report: Report) -> None:
        self.connection = connection
        self.random = random
        self.moment = moment
        self.report = report
        self.loaded: list[type[models.Model]] = []

    def load(self, model: type[models.Model], rows: Iterable[Row]) -> int:
        """Write ``rows`` (keys are column attributes such as ``customer_id``) and return how many there were.

        Keys count up from 1 unless a row brings its own; what a row leaves out gets the field's default.
        """
        fields = model._meta.local_concrete_fields
        tuples = self._tuples(fields, rows)
        quote = self.connection.ops.quote_name
        table = quote(model._meta.db_table)
        columns = ", ".join(quote(str(field.column)) for field in fields)
        self.loaded.append(model)
        with self.connection.cursor() as cursor:
            if self.connection.vendor == "postgresql" and hasattr(cursor, "copy"):
                return self._copy(cursor, f"COPY {table} ({columns}) FROM STDIN", tuples)
            places = ", ".join(["%s"] * len(fields))
            return self._insert(cursor, f"INSERT INTO {table} ({columns}) VALUES ({places})", tuples)

    def finish(self) -> None:
        """Set the sequences behind the keys that were written."""
        with self.connection.cursor() as cursor:
            for statement in self.connection.ops.sequence_reset_sql(no_style(), self.loaded):
                cursor.execute(statement)

    def _copy(self, cursor: Any, statement: str, tuples: Iterator[tuple[Any, ...]]) -> int:
        total = 0
        with cursor.copy(statement) as copy:
            while batch := list(islice(tuples, BATCH)):
                for values in batch:
                    copy.write_row(values)
                total += len(batch)
                self.report(len(batch))
        return total

    def _insert(self, cursor: Any, statement: str, tuples: Iterator[tuple[Any, ...]]) -> int:
        total = 0
        while batch := list(islice(tuples, BATCH)):
            cursor.executemany(statement, batch)
            total += len(batch)
            self.report(len(batch))
        return total

    def _tuples(self, fields: Sequence["models.Field[Any, Any]"], rows: Iterable[Row]) -> Iterator[tuple[Any, ...]]:
        known = {field.attname for field in fields}
        writers = [(field.attname, self._default(field), self._adapter(field)) for field in fields]
        for key, row in enumerate(rows, start=1):
            if not row.keys() <= known:
                raise ValueError(f"no such column: {', '.join(sorted(row.keys() - known))}")
            values = []
            for name, default, adapt in writers:
                value = row[name] if name in row else default(key, row)
                values.append(value if adapt is None or value is None else adapt(value))
            yield tuple(values)

    def _default(self, field: "models.Field[Any, Any]") -> Callable[[int, Row], Any]:
        if isinstance(field, models.AutoField | models.BigAutoField):
            return lambda key, _row: key
        if isinstance(field, models.UUIDField):
            return lambda _key, _row: uuid.UUID(int=self.random.getrandbits(128), version=4)
        if getattr(field, "auto_now", False) or getattr(field, "auto_now_add", False):
            return lambda _key, row: row.get("created_at", self.moment)
        default = field.get_default
        return lambda _key, _row: default()

    def _adapter(self, field: "models.Field[Any, Any]") -> Callable[[Any], Any] | None:
        if isinstance(field, PLAIN):
            return None
        return lambda value: field.get_db_prep_save(value, self.connection)
