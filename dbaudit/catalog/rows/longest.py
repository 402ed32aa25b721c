"""How long the longest values are that stand in b-trees and that no type keeps short. Lengths only, never a value."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from dbaudit.catalog.rows.asking import Question
from dbaudit.catalog.rows.probing import Fact, Probe, Reader
from dbaudit.facts import LongestKey, Table
from dbaudit.sql import types

TEXTS: Final = ("text", "citext", "bytes")


def longest(reader: Reader) -> Iterator[Probe]:
    """One question for each table: it is read once for all of its indexes."""
    if reader.connection.vendor != "postgresql":
        return
    for table in reader.snapshot.stored_tables():
        indexed = unbounded_columns(table)
        what = f"longest indexed values of {table.label}"
        if indexed and reader.affords(table, what):
            yield _longest(reader, table, indexed, what)


def unbounded_columns(table: Table) -> tuple[str, ...]:
    """The text and binary columns in b-trees whose type sets no length that an entry always has room for."""
    named = {
        name
        for index in table.indexes
        if index.method == "btree" and index.usable
        for name in (*index.columns, *index.included)
    }
    return tuple(
        column.name
        for column in table.columns
        if column.name in named
        and types.family(column.type) in ("text", "citext", "bytes")
        and types.is_unbounded(column.type)
    )


def _longest(reader: Reader, table: Table, columns: tuple[str, ...], what: str) -> Probe:
    lengths = [f"coalesce(max(octet_length({reader.quote(column)})), 0)" for column in columns]
    listed = " || ' ' || ".join(lengths)
    sql = f"SELECT {listed} || '' FROM {reader.quote(table.schema, table.name)}"

    def facts(answer: str) -> list[Fact]:
        return [
            LongestKey(schema=table.schema, table=table.name, column=column, bytes=int(number))
            for column, number in zip(columns, answer.split(), strict=True)
        ]

    return Probe(Question(what, (table,), sql), facts)
