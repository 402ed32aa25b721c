"""The SQL of remedies, spelled for a vendor: identifiers quoted, concurrent where the vendor can."""

from __future__ import annotations

from collections.abc import Iterable

from dbaudit.facts import Index, IndexKey, Table
from dbaudit.facts.dialect import Dialect
from dbaudit.findings import CreateIndex


def create_index(dialect: Dialect, table: Table, index: CreateIndex) -> str:
    """``CREATE INDEX`` for a table; on PostgreSQL ``CONCURRENTLY``, which does not block writers."""
    keys = ", ".join(key_words(dialect, key) for key in index.keys)
    words = [
        "CREATE",
        "UNIQUE" if index.unique else "",
        "INDEX",
        _concurrently(dialect, table),
        dialect.quote(index.name),
        "ON",
    ]
    words += [
        dialect.quote(table.schema, table.name),
        f"USING {index.method}" if index.method else "",
        f"({keys})",
    ]
    if index.include:
        words.append(f"INCLUDE ({', '.join(map(dialect.quote, index.include))})")
    if index.condition:
        words.append(f"WHERE {index.condition}")
    return " ".join(filter(None, words)) + ";"


def key_words(dialect: Dialect, key: IndexKey) -> str:
    """A key as it stands in ``CREATE INDEX``."""
    words = [
        dialect.quote(key.column) if key.column else f"({key.expression})",
        f"COLLATE {dialect.quote(key.collation)}" if key.collation else "",
        key.opclass,
        "DESC" if key.descending else "",
        f"NULLS {key.nulls.upper()}" if key.nulls else "",
    ]
    return " ".join(filter(None, words))


def drop_index(dialect: Dialect, table: Table, name: str) -> str:
    """``DROP INDEX``; on PostgreSQL ``CONCURRENTLY``, on MySQL with the table that it belongs to."""
    if dialect.vendor == "mysql":
        return f"DROP INDEX {dialect.quote(name)} ON {dialect.quote(table.schema, table.name)};"
    words = ["DROP INDEX", _concurrently(dialect, table), dialect.quote(table.schema, name)]
    return " ".join(filter(None, words)) + ";"


def drop_constraint(dialect: Dialect, table: Table, name: str) -> str:
    """``ALTER TABLE … DROP CONSTRAINT``."""
    return f"ALTER TABLE {dialect.quote(table.schema, table.name)} DROP CONSTRAINT {dialect.quote(name)};"


def add_unique(dialect: Dialect, table: Table, name: str, columns: Iterable[str]) -> str:
    """``ALTER TABLE … ADD CONSTRAINT … UNIQUE``."""
    key = ", ".join(map(dialect.quote, columns))
    return f"ALTER TABLE {dialect.quote(table.schema, table.name)} ADD CONSTRAINT {dialect.quote(name)} UNIQUE ({key});"


def add_foreign_key(
    dialect: Dialect, table: Table, name: str, columns: Iterable[str], target: Table, target_columns: Iterable[str]
) -> str:
    """``ALTER TABLE … ADD CONSTRAINT … FOREIGN KEY`` as Django makes it; on PostgreSQL without locking writers out
    while the rows are compared. ``""`` on SQLite, which only knows rebuilding the table."""
    if dialect.vendor == "sqlite":
        return ""
    here, there = (", ".join(map(dialect.quote, names)) for names in (columns, target_columns))
    altered = f"ALTER TABLE {dialect.quote(table.schema, table.name)}"
    reference = f"FOREIGN KEY ({here}) REFERENCES {dialect.quote(target.schema, target.name)} ({there})"
    if dialect.vendor != "postgresql":
        return f"{altered} ADD CONSTRAINT {dialect.quote(name)} {reference};"
    return (
        f"{altered} ADD CONSTRAINT {dialect.quote(name)} {reference} DEFERRABLE INITIALLY DEFERRED NOT VALID;\n"
        f"{validate_constraint(dialect, table, name)}"
    )


def validate_constraint(dialect: Dialect, table: Table, name: str) -> str:
    """``ALTER TABLE … VALIDATE CONSTRAINT``, which reads the table and blocks nobody."""
    return f"ALTER TABLE {dialect.quote(table.schema, table.name)} VALIDATE CONSTRAINT {dialect.quote(name)};"


def recreate_index(dialect: Dialect, index: Index) -> str:
    """The database's own definition of an index as a statement, concurrent where possible; ``""`` where it gave
    none."""
    if not index.definition:
        return ""
    text = index.definition.rstrip().rstrip(";")
    if index.partitioned:
        text = text.replace(" ON ONLY ", " ON ", 1)  # without the partitions it would stay invalid
    elif dialect.vendor == "postgresql" and " CONCURRENTLY " not in text:
        text = text.replace(" INDEX ", " INDEX CONCURRENTLY ", 1)
    return text + ";"


def _concurrently(dialect: Dialect, table: Table) -> str:
    """PostgreSQL can neither build nor drop the index of a partitioned table that way."""
    return "CONCURRENTLY" if dialect.vendor == "postgresql" and table.kind != "partitioned table" else ""
