"""What the rows tell -> `Data`: counts and the positions of keys, in a constant number of statements.

No value of a row leaves the server but the highest number of an integer key, which is read from the end of an index.
Whatever reads a whole table leaves large ones alone unless asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple

from django.db import DatabaseError
from django.db.backends.base.base import BaseDatabaseWrapper

from dbaudit.catalog import session
from dbaudit.catalog.asking import Question, ask
from dbaudit.catalog.rows import ROW_BYTES, TOGETHER
from dbaudit.dialect import Dialect
from dbaudit.equivalence import covers_foreign_key
from dbaudit.facts import (
    Column,
    Data,
    KeyPosition,
    LengthCount,
    OldRows,
    Orphans,
    Sequence,
    Skipped,
    Snapshot,
    Table,
)
from dbaudit.integers import ceiling
from dbaudit.relations import Relation, relations
from dbaudit.retention import DAYS, LIMIT, keeper

MIB: Final = 2**20
# Text that may have been cut at its limit: shorter ones are codes, and a column of few values is a list of choices.
SHORTEST, FEWEST_VALUES = 10, 50
# Where the average is below this share of the limit, hardly any value comes near it.
NEAR: Final = 0.25
# So many lengths just below the limit are counted, too.
SPAN: Final = 3
VARCHAR: Final = "character varying("

# The number of orphans of each foreign key of the tables that are named, once for each of its columns in their order.
_SQLITE_ORPHANS = """
    SELECT found.name, found.number, l."from", found.rows
    FROM (
        SELECT m.name AS name, c.fkid AS number, count(*) AS rows
        FROM main.sqlite_master AS m JOIN pragma_foreign_key_check(m.name) AS c
        WHERE m.type = 'table' AND m.name IN ({})
        GROUP BY 1, 2
    ) AS found
    JOIN pragma_foreign_key_list(found.name) AS l ON l.id = found.number
    ORDER BY 1, 2, l.seq
"""

Fact = KeyPosition | LengthCount | OldRows | Orphans


class _Probe(NamedTuple):
    """A question with what its answer means."""

    question: Question
    facts: Callable[[Any], list[Fact]]


def read(
    connection: BaseDatabaseWrapper, snapshot: Snapshot, *, limit_bytes: int, unlimited: bool
) -> tuple[Data, tuple[Skipped, ...]]:
    """What the rows of the snapshot's tables tell, and what was left out, with the reason.

    Args:
        connection: the connection that the tables were read from, held read-only.
        snapshot: its tables with their row counts, and the models.
        limit_bytes: a larger table is not read whole.
        unlimited: read it all the same.
    """
    reader = _Reader(connection, snapshot, limit_bytes, unlimited)
    found: list[Fact] = []
    # Keys apart from the others: they are read at once, so that no slow neighbour takes them down with it.
    for probes in ([*reader.keys()], [*reader.orphans(), *reader.lengths(), *reader.old_rows()]):
        answers, unanswered = ask(connection, [probe.question for probe in probes])
        reader.skipped += [Skipped(str(one.question.key), one.reason) for one in unanswered]
        for probe in probes:
            if probe.question.key in answers:
                found += probe.facts(answers[probe.question.key])
    if connection.vendor == "sqlite":
        found += reader.sqlite_orphans()
    return Data(
        keys=tuple(one for one in found if isinstance(one, KeyPosition)),
        orphans=tuple(one for one in found if isinstance(one, Orphans) and one.rows),
        old_rows=tuple(one for one in found if isinstance(one, OldRows)),
        lengths=tuple(one for one in found if isinstance(one, LengthCount)),
    ), tuple(reader.skipped)


@dataclass(slots=True)
class _Reader:
    """Says what to ask of which tables, and notes in ``skipped`` what is left out."""

    connection: BaseDatabaseWrapper
    snapshot: Snapshot
    limit_bytes: int
    unlimited: bool
    together: int = 0
    skipped: list[Skipped] = field(default_factory=list)

    def quote(self, *names: str) -> str:
        return Dialect.of(self.connection).quote(*names)

    def affords(self, table: Table, what: str) -> bool:
        """Whether the table may be read whole; if not, ``what`` is skipped."""
        if not table.readable:
            self.skipped.append(Skipped(what, "The role may not read its rows."))
            return False
        size = table.bytes
        if size is None and table.rows is not None:
            size = table.rows * ROW_BYTES
        if size is not None and size <= self.limit_bytes and self.together + size <= TOGETHER * self.limit_bytes:
            self.together += size
            return True
        if not self.unlimited:
            big = "of unknown size" if size is None else f"of {size / MIB:,.0f} MiB"
            self.skipped.append(Skipped(what, f"It takes reading {table.label}, {big}; --read-data does so."))
        return self.unlimited

    # -- keys: one end of an index ----------------------------------------------------------------------------------

    def keys(self) -> Iterator[_Probe]:
        """Integer keys with what their sequences give next; without a sequence the primary keys alone."""
        fed = set()
        for sequence in self.snapshot.sequences:
            table = self.snapshot.table(sequence.table, sequence.schema)
            column = table.column(sequence.column) if table else None
            if table is None or column is None:
                continue
            fed.add((table.schema, table.name, column.name))
            if column.identity and sequence.readable and sequence.increment > 0 and not sequence.cycles:
                yield from self._key(table, column, sequence)
        for table in self.snapshot.stored_tables():
            column = table.column(table.primary_key[0]) if len(table.primary_key) == 1 else None
            if column and (table.schema, table.name, column.name) not in fed:
                yield from self._key(table, column, None)

    def _key(self, table: Table, column: Column, sequence: Sequence | None) -> Iterator[_Probe]:
        if ceiling(self.snapshot.dialect, column.type) is None or not table.readable:
            return
        if not _ordered(table, column.name):
            return
        name, key = self.quote(table.schema, table.name), self.quote(column.name)
        sql = f"SELECT max({key}) FROM {name}"
        if sequence:
            # The sequence is read after the statement's snapshot was taken: it is never behind rows that are seen.
            # The next number is cast to eight bytes so that the index still serves the comparison.
            sql = f"""
                SELECT ARRAY[({sql})::bigint, n.next, (EXISTS (SELECT FROM {name} WHERE {key} = n.next))::int]
                FROM (
                    SELECT least(last_value::numeric + CASE WHEN is_called THEN {sequence.increment} ELSE 0 END,
                        {2**63 - 1})::bigint AS next
                    FROM {self.quote(sequence.schema, sequence.name)}
                ) AS n
            """

        def facts(answer: Any) -> list[Fact]:
            maximum, following, taken = answer if sequence else (answer, None, 0)
            return [
                KeyPosition(
                    schema=table.schema,
                    table=table.name,
                    column=column.name,
                    maximum=maximum,
                    next_value=following,
                    taken=bool(taken),
                )
            ]

        yield _Probe(Question(f"key {table.label}.{column.name}", (table,), sql), facts)

    # -- references that nothing holds ------------------------------------------------------------------------------

    def orphans(self) -> Iterator[_Probe]:
        """References for which the database has no constraint, or one that it did not apply to every row."""
        for relation in relations(self.snapshot):
            what = f"orphan rows of {relation.table.label}.{', '.join(relation.columns)}"
            if relation.constraint and self.connection.vendor == "sqlite":
                continue  # `sqlite_orphans` asks SQLite itself
            if relation.held or relation.outlived or not covers_foreign_key(relation.target, relation.target_columns):
                continue
            if relation.target.readable and self.affords(relation.table, what):
                yield self._orphans(relation, what)

    def _orphans(self, relation: Relation, what: str) -> _Probe:
        table, target = relation.table, relation.target
        filled = " AND ".join(f"c.{self.quote(column)} IS NOT NULL" for column in relation.columns)
        same = " AND ".join(
            f"p.{self.quote(there)} = c.{self.quote(here)}"
            for here, there in zip(relation.columns, relation.target_columns, strict=True)
        )
        sql = (
            f"SELECT count(*) FROM {self.quote(table.schema, table.name)} c WHERE {filled} AND NOT EXISTS "
            f"(SELECT 1 FROM {self.quote(target.schema, target.name)} p WHERE {same})"
        )
        columns = relation.columns

        def facts(answer: int) -> list[Fact]:
            return [Orphans(schema=table.schema, table=table.name, columns=columns, rows=answer)]

        return _Probe(Question(what, (table, target), sql), facts)

    def sqlite_orphans(self) -> list[Orphans]:
        """What SQLite itself finds: a program that does not switch foreign keys on may have written anything."""
        names = [
            table.name
            for table in self.snapshot.stored_tables()
            if table.foreign_keys and self.affords(table, f"orphan rows of {table.label}")
        ]
        found: dict[tuple[str, int], Orphans] = {}
        for name, number, column, rows in self._checked(names):
            before = found.get((name, number))
            columns = (*before.columns, column) if before else (column,)
            found[name, number] = Orphans(schema="", table=name, columns=columns, rows=rows)
        return list(found.values())

    def _checked(self, names: list[str]) -> list[tuple[str, int, str, int]]:
        try:
            with session.attempt(self.connection), self.connection.cursor() as cursor:
                cursor.execute(_SQLITE_ORPHANS.format(", ".join(["%s"] * len(names))), names)
                return list(cursor.fetchall())
        except DatabaseError as error:
            if len(names) > 1:
                return [row for name in names for row in self._checked([name])]
            self.skipped.append(Skipped(f"orphan rows of {names[0]}", session.reason(error)))
            return []

    # -- text at its limit ------------------------------------------------------------------------------------------

    def lengths(self) -> Iterator[_Probe]:
        """Columns that PostgreSQL limits in length and whose values, by the planner's statistics, come near that."""
        for table in self.snapshot.stored_tables():
            limits = {column.name: limit for column in table.columns if (limit := _near_limit(column))}
            what = f"values at the limit of {table.label}.{', '.join(limits)}"
            if limits and self.affords(table, what):
                yield self._lengths(table, limits, what)

    def _lengths(self, table: Table, limits: dict[str, int], what: str) -> _Probe:
        counts = [
            f"count({name}), count(*) FILTER (WHERE length({name}) = {limit}), "
            f"count(*) FILTER (WHERE length({name}) BETWEEN {limit - SPAN} AND {limit - 1})"
            for name, limit in ((self.quote(column), limit) for column, limit in limits.items())
        ]
        sql = f"SELECT ARRAY[{', '.join(counts)}] FROM {self.quote(table.schema, table.name)}"

        def facts(answer: list[int]) -> list[Fact]:
            return [
                LengthCount(
                    schema=table.schema,
                    table=table.name,
                    column=column,
                    limit=limit,
                    span=SPAN,
                    filled=answer[3 * place],
                    at_limit=answer[3 * place + 1],
                    below=answer[3 * place + 2],
                )
                for place, (column, limit) in enumerate(limits.items())
            ]

        return _Probe(Question(what, (table,), sql), facts)

    # -- rows past their time ---------------------------------------------------------------------------------------

    def old_rows(self) -> Iterator[_Probe]:
        """Rows that say themselves until when they matter, as sessions do."""
        for model in self.snapshot.models:
            known, table = keeper(model), self.snapshot.table(model.table, model.schema)
            expires = next((one.column for one in model.fields if known and one.name == known.expires), "")
            if table is None or not expires or not table.column(expires):
                continue
            what = f"rows of {table.label} past their time"
            if (table.readable and _ordered(table, expires)) or self.affords(table, what):
                yield self._old_rows(table, expires, what)

    def _old_rows(self, table: Table, column: str, what: str) -> _Probe:
        moment = datetime.now(UTC) - timedelta(days=DAYS)
        zone = "+00" if self.connection.vendor == "postgresql" else ""
        sql = (
            f"SELECT count(*) FROM (SELECT 1 AS one FROM {self.quote(table.schema, table.name)} "
            f"WHERE {self.quote(column)} < '{moment:%Y-%m-%d %H:%M:%S}{zone}' LIMIT {LIMIT}) AS old"
        )

        def facts(answer: int) -> list[Fact]:
            return [OldRows(schema=table.schema, table=table.name, column=column, days=DAYS, rows=answer, limit=LIMIT)]

        return _Probe(Question(what, (table,), sql), facts)


def _ordered(table: Table, column: str) -> bool:
    """Whether the column's values can be read in their order from an index."""
    return table.primary_key[:1] == (column,) or any(
        index.usable and index.plain and index.method == "btree" and index.columns[0] == column
        for index in table.indexes
    )


def _near_limit(column: Column) -> int | None:
    """The limit of a text column if values may have been cut at it, else None."""
    seen = column.statistics
    if not column.type.startswith(VARCHAR) or seen is None or not seen.width:
        return None
    limit = int(column.type.removeprefix(VARCHAR).rstrip(")"))
    few = seen.distinct is not None and seen.distinct < FEWEST_VALUES
    return None if limit < SHORTEST or few or seen.width < NEAR * limit else limit
