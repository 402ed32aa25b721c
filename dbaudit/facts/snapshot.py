"""All that was read of one database, in one value."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Literal

from dbaudit.facts.budgets import QueryBudget
from dbaudit.facts.data import Data
from dbaudit.facts.declarations import Migrations
from dbaudit.facts.dialect import Dialect
from dbaudit.facts.ignores import Ignore
from dbaudit.facts.models import Model, ModelField
from dbaudit.facts.posture import PostgresqlServer, Posture
from dbaudit.facts.schemas import Schemas
from dbaudit.facts.tables import Sequence, Table
from dbaudit.facts.workload import QueryRun

#: How many of the things that were not examined for the same reason are told by name.
NAMED = 5


SkippedKind = Literal["check", "vendor", "table", "schema", "section"]


@dataclass(frozen=True, slots=True)
class Skipped:
    """Something that was not examined, and why, in one sentence.

    ``kind`` says what ``what`` is: the id of a check, that of a check for other vendors' databases, the label of a
    table, ``schema`` where no schema could be seen at all, or a section of the report in words.
    """

    what: str
    reason: str
    kind: SkippedKind = "section"

    @classmethod
    def some(cls, what: str, names: Iterable[str], reason: str) -> Skipped:
        """Several things that one reason kept from being examined, the first few by name."""
        first, *others = sorted(names)
        named = ", ".join((first, *others[: NAMED - 1]))
        more = f" and {len(others) - NAMED + 1} more" if len(others) >= NAMED else ""
        return cls(what, f"{named}{more}: {reason}")


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """All that was read of one database, and the models that belong to it. What checks are given.

    ``absent`` are the models that the router keeps elsewhere and that have no table here. ``schemas`` is None where a
    vendor has none. ``expected`` are the tables as Django would create them for the models, ``migrations`` what was
    applied of them.
    ``statistics_since`` is the moment (ISO 8601) from which the server's counters of scans and changes can count at
    the earliest. ``query_budgets`` are those recorded for this database, None where the audit was given none.
    """

    alias: str
    vendor: str
    server_version: str
    dialect: Dialect
    tables: tuple[Table, ...] = ()
    sequences: tuple[Sequence, ...] = ()
    models: tuple[Model, ...] = ()
    absent: tuple[Model, ...] = ()
    expected: tuple[Table, ...] | None = None
    migrations: Migrations | None = None
    settings: tuple[tuple[str, str], ...] = ()
    statistics_since: str | None = None
    schemas: Schemas | None = None
    posture: Posture | None = None
    data: Data | None = None
    ignores: tuple[Ignore, ...] = ()
    runs: tuple[QueryRun, ...] = ()
    query_budgets: tuple[QueryBudget, ...] | None = None
    skipped: tuple[Skipped, ...] = field(default=())

    @property
    def server(self) -> PostgresqlServer | None:
        """The PostgreSQL server as Django's connection meets it, None where it was not read."""
        return self.posture.server if self.posture else None

    def days_since(self, moment: str | None) -> int | None:
        """Whole days from a moment (ISO 8601) to the day of the audit, None where either is unknown."""
        if not moment or self.posture is None:
            return None
        return max(0, (self.posture.today - datetime.fromisoformat(moment).date()).days)

    @property
    def statistics_days(self) -> int | None:
        """For how many days the server has counted at most, None where that is unknown."""
        return self.days_since(self.statistics_since)

    def counted_too_briefly(self, days: int) -> str:
        """Why counters that must have run for so many days are not judged, ``""`` where they have."""
        if self.statistics_days is None or self.statistics_since is None:
            return "Since when the server counts scans and changes could not be seen."
        if self.statistics_days >= days:
            return ""
        since = self.statistics_since.partition("T")[0]
        return f"The server counts since {since}, {self.statistics_days} days; judging that takes {days}."

    @cached_property
    def _by_name(self) -> dict[tuple[str, str], Table]:
        return {(table.schema, table.name): table for table in self.tables}

    def table(self, name: str, schema: str = "") -> Table | None:
        """The table of that name, None where the database has none."""
        return self._by_name.get((schema, name))

    def reached(self, name: str) -> Table | None:
        """The table that a name without a schema means: that of the first schema of the search path that has one."""
        path = self.schemas.path if self.schemas else ("",)
        return next((table for schema in path if (table := self.table(name, schema))), None)

    @cached_property
    def _by_label(self) -> dict[str, Table]:
        return {table.label: table for table in self.tables}

    def labelled(self, label: str) -> Table | None:
        """The table that findings call so (``Table.label``), None where the database has none."""
        return self._by_label.get(label)

    @cached_property
    def _expected_by_name(self) -> dict[tuple[str, str], Table]:
        return {(table.schema, table.name): table for table in self.expected or ()}

    def expected_table(self, name: str, schema: str = "") -> Table | None:
        """The table of that name as Django would create it, None where no model asks for it or that was not told."""
        return self._expected_by_name.get((schema, name))

    def stored_tables(self) -> Iterator[Table]:
        """The tables that hold rows here, in order of name."""
        return (table for table in self.tables if table.stores_rows)

    @cached_property
    def _models_by_table(self) -> dict[tuple[str, str], tuple[Model, ...]]:
        found: dict[tuple[str, str], list[Model]] = {}
        for model in self.models:
            if not model.proxy and not model.swapped:
                found.setdefault((model.schema, model.table), []).append(model)
        return {where: tuple(models) for where, models in found.items()}

    def models_of(self, table: Table) -> tuple[Model, ...]:
        """The models whose rows lie in the table (more than one where unmanaged twins share it)."""
        return self._models_by_table.get((table.schema, table.name), ())

    def columns_field(self, table: Table, column: str) -> ModelField | None:
        """The model field behind a column, None where no model declares it."""
        for model in self.models_of(table):
            for one in model.fields:
                if one.column == column:
                    return one
        return None
