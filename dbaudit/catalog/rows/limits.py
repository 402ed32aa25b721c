"""Counts of values outside of what a model lets into their column."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from dbaudit.analysis.limits import Unkept, unkept
from dbaudit.catalog.rows.asking import Question
from dbaudit.catalog.rows.probing import Fact, Probe, Reader
from dbaudit.facts import LimitCount, Table


def limits(reader: Reader) -> Iterator[Probe]:
    """One question for each table: it is read once for all of its columns."""
    for table, found in groupby(unkept(reader.snapshot), lambda one: one.table):
        columns = [*found]
        what = f"values outside of their limits in {table.label}"
        if reader.affords(table, what):
            yield _limits(reader, table, columns, what)


def _limits(reader: Reader, table: Table, columns: list[Unkept], what: str) -> Probe:
    counts = [
        f"count({reader.quote(one.column)}) || ' ' || count(CASE WHEN NOT ({one.condition}) THEN 1 END)"
        for one in columns
    ]
    numbered = " || ' ' || ".join(counts)
    sql = f"SELECT {numbered} FROM {reader.quote(table.schema, table.name)}"

    def facts(answer: str) -> list[Fact]:
        numbers = [int(number) for number in answer.split()]
        return [
            LimitCount(schema=table.schema, table=table.name, column=one.column, filled=filled, outside=outside)
            for one, filled, outside in zip(columns, numbers[::2], numbers[1::2], strict=True)
        ]

    return Probe(Question(what, (table,), sql), facts)
