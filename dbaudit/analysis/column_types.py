"""Columns whose type is a defect of its own, told by a check that knows what follows from it.

To `changed_column` they are no news: one defect is told once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from dbaudit.analysis.integers import BYTES
from dbaudit.analysis.relations import Relation, relations
from dbaudit.facts import Column, Snapshot, Table
from dbaudit.facts.dialect import Dialect

#: Types of PostgreSQL and MySQL that compare with each other as they are, whatever their length.
FAMILIES: Final = {
    **dict.fromkeys(("character varying", "varchar", "text", "character", "char"), "text"),
    **dict.fromkeys(("numeric", "decimal"), "numeric"),
    **{name: name for name in ("real", "double precision", "uuid", "date", "boolean", "bytea")},
    **{name: name for name in ("timestamp with time zone", "timestamp without time zone")},
    **{name: name for name in BYTES},
    "int": "integer",
}


class Mismatch(NamedTuple):
    """A column of a relation with its type and that of the column it refers to."""

    relation: Relation
    column: str
    types: tuple[str, str]


def mismatches(snapshot: Snapshot) -> Iterator[Mismatch]:
    """Referring columns that are of another type: `foreign_key_type_mismatch`."""
    for relation in relations(snapshot):
        for column, target_column in zip(relation.columns, relation.target_columns, strict=False):
            here, there = relation.table.column(column), relation.target.column(target_column)
            if here and there and _differ(snapshot.dialect, here.type, there.type):
                yield Mismatch(relation, column, (here.type, there.type))


def naive(snapshot: Snapshot) -> Iterator[tuple[Table, Column]]:
    """Moments without time zone where the project works with one: `naive_timestamp`."""
    if snapshot.vendor != "postgresql" or snapshot.posture is None or not snapshot.posture.django.use_tz:
        return
    for table in snapshot.stored_tables():
        for column in table.columns:
            if column.type.startswith("timestamp") and column.type.endswith(" without time zone"):
                field = snapshot.columns_field(table, column.name)
                if field.kind == "DateTimeField" if field else not table.ownership.model:
                    yield table, column


def json_text(snapshot: Snapshot) -> Iterator[tuple[Table, Column]]:
    """Columns of ``json``, unless a field declares something else than JSON: `json_not_jsonb`."""
    if snapshot.vendor != "postgresql":
        return
    declared = {
        (table.schema, table.name, column.name): column.type
        for table in snapshot.expected or ()
        for column in table.columns
    }
    for table in snapshot.stored_tables():
        for column in table.columns:
            if column.type == "json":
                wanted = declared.get((table.schema, table.name, column.name), "json")
                if wanted in ("json", "jsonb"):
                    yield table, column


def told(snapshot: Snapshot) -> frozenset[tuple[str, str, str]]:
    """All of these columns: (schema, table, column)."""
    places = [(table, column.name) for table, column in (*naive(snapshot), *json_text(snapshot))]
    places += [(one.relation.table, one.column) for one in mismatches(snapshot)]
    return frozenset((table.schema, table.name, column) for table, column in places)


def _differ(dialect: Dialect, one: str, other: str) -> bool:
    if one == other:
        return False
    if dialect.vendor == "sqlite":
        return _affinity(one) != _affinity(other)
    families = _family(one), _family(other)
    return None not in families and families[0] != families[1]


def _family(type_name: str) -> str | None:
    """The word for all types that go together, None where what is inside cannot be seen. Signs count."""
    bare, sign = re.fullmatch(r"(.*?)( unsigned)?", re.sub(r"\(.*?\)", "", type_name.lower())).groups("")  # type: ignore[union-attr]
    family = FAMILIES.get(bare.strip())
    return family and family + sign


def _affinity(type_name: str) -> str:
    """SQLite's rules (datatype3.html, 3.1), with all that compares as a number taken together."""
    word = type_name.upper()
    if "INT" in word:
        return "number"
    if any(text in word for text in ("CHAR", "CLOB", "TEXT")):
        return "text"
    return "blob" if "BLOB" in word or not word else "number"
