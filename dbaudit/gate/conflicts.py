"""The rows that would make a constraint or a unique index fail: the query that finds them, and how many there are."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from dbaudit.facts import Index, Snapshot, Table
from dbaudit.gate.bench import Bench, UntriedError
from dbaudit.sql.normal_form import statements

#: Rows, or groups of rows, that are counted at most; bytes of a table in which they are.
LIMIT: Final = 1_000
BYTES: Final = 64 * 2**20
_NAME: Final = r'(?:"(?:[^"]|"")+"|[\w$]+)'
_TABLE: Final = rf"(?:(?P<schema>{_NAME})\.)?(?P<table>{_NAME})"
_UNIQUE_INDEX: Final = re.compile(rf"CREATE UNIQUE INDEX .*? ON (?:ONLY )?{_TABLE}", re.DOTALL)
_ALTER: Final = re.compile(rf"ALTER TABLE (?:ONLY )?{_TABLE} (?P<rest>.*)", re.DOTALL)
_ADD: Final = re.compile(
    rf"ADD (?:CONSTRAINT {_NAME} )?(?P<definition>(?:UNIQUE|PRIMARY KEY|CHECK|FOREIGN KEY)\b.*)", re.DOTALL
)
_KEY: Final = re.compile(r"PRIMARY KEY \((?P<columns>[^)]*)\)")
_CHECK: Final = re.compile(r"CHECK (?P<condition>\(.*\))[^)]*", re.DOTALL)
_FOREIGN: Final = re.compile(
    rf"FOREIGN KEY \((?P<columns>[^)]*)\) REFERENCES (?P<target>(?:{_NAME}\.)?{_NAME}) \((?P<others>[^)]*)\)"
)
_NOT_NULL: Final = re.compile(rf"ALTER COLUMN (?P<column>{_NAME}) SET NOT NULL")
_REINDEX: Final = re.compile(rf"REINDEX INDEX (?:CONCURRENTLY )?(?:{_NAME}\.)?(?P<index>{_NAME})")


def looked_for(bench: Bench, texts: Iterable[str]) -> tuple[str, str]:
    """The query that finds rows in the way of these statements, and in a sentence how many there are; both empty where
    none can be in the way."""
    for text in texts:
        for table, query in queries(bench.snapshot, text):
            return query, _counted(bench, table, query)
    return "", ""


def queries(snapshot: Snapshot, statement: str) -> Iterator[tuple[Table, str]]:
    """For each part of a statement that rows can break, the query that finds them."""
    if match := _UNIQUE_INDEX.match(statement):
        table = _table(snapshot, match)
        if table:
            yield from _of_index(snapshot, table, _read(statement, table))
    elif match := _REINDEX.match(statement):
        name = _unquoted(match["index"])
        for table in snapshot.tables:
            for index in table.indexes:
                if index.name == name and index.unique:
                    yield from _of_index(snapshot, table, index)
    elif match := _ALTER.match(statement):
        table = _table(snapshot, match)
        if table:
            yield from _of_change(snapshot, table, match["rest"])


def _of_change(snapshot: Snapshot, table: Table, change: str) -> Iterator[tuple[Table, str]]:
    where = snapshot.dialect.quote(table.schema, table.name)
    if found := _NOT_NULL.match(change):
        yield table, f"SELECT * FROM {where} WHERE {found['column']} IS NULL"
    added = _ADD.match(change)
    definition = added["definition"] if added else ""
    if definition.startswith("UNIQUE ") and " USING INDEX " not in definition:
        try:
            yield from _of_index(snapshot, table, statements.unique(definition, table.name, ""))
        except ValueError:
            return
    elif found := _KEY.match(definition):
        columns = found["columns"]
        missing = " OR ".join(f"{one.strip()} IS NULL" for one in columns.split(","))
        yield table, (f"SELECT {columns}, count(*) FROM {where} GROUP BY {columns} HAVING count(*) > 1 OR {missing}")
    elif found := _CHECK.match(definition):
        yield table, f"SELECT * FROM {where} WHERE NOT {found['condition']}"
    elif found := _FOREIGN.match(definition):
        here, there = ([one.strip() for one in found[part].split(",")] for part in ("columns", "others"))
        filled = " AND ".join(f"child.{one} IS NOT NULL" for one in here)
        same = " AND ".join(f"parent.{other} = child.{one}" for one, other in zip(here, there, strict=True))
        yield (
            table,
            (
                f"SELECT child.* FROM {where} AS child WHERE {filled} "
                f"AND NOT EXISTS (SELECT 1 FROM {found['target']} AS parent WHERE {same})"
            ),
        )


def _of_index(snapshot: Snapshot, table: Table, index: Index | None) -> Iterator[tuple[Table, str]]:
    """Rows whose keys are alike in a unique index."""
    if index is None:
        return
    keys = [snapshot.dialect.quote(key.column) if key.column else f"({key.expression})" for key in index.keys]
    tests = [f"{key} IS NOT NULL" for key in keys] if index.nulls_distinct else []
    tests += [f"({index.predicate})"] if index.predicate else []
    listed = ", ".join(keys)
    where = f" WHERE {' AND '.join(tests)}" if tests else ""
    yield (
        table,
        (
            f"SELECT {listed}, count(*) FROM {snapshot.dialect.quote(table.schema, table.name)}{where} "
            f"GROUP BY {listed} HAVING count(*) > 1"
        ),
    )


def _counted(bench: Bench, table: Table, query: str) -> str:
    size = table.heap_bytes or table.bytes or 0
    if size > BYTES:
        return "The rows that would make it fail were not counted: the table is large."
    try:
        row = bench.ask(f"SELECT count(*) FROM (SELECT 1 FROM ({query}) AS found LIMIT {LIMIT + 1}) AS counted")
    except UntriedError as error:
        return f"The rows that would make it fail were not counted. {error}"
    number = int(row[0]) if row else 0
    if not number:
        return "No row of today makes it fail."
    many = f"more than {LIMIT:,}" if number > LIMIT else f"{number:,}"
    return f"Today's rows make it fail ({many}): find them by the query and clear them up first."


def _read(statement: str, table: Table) -> Index | None:
    try:
        return statements.index(statement, table.name)
    except ValueError:
        return None


def _table(snapshot: Snapshot, match: re.Match[str]) -> Table | None:
    schema, name = (_unquoted(match[part] or "") for part in ("schema", "table"))
    return snapshot.table(name, schema)


def _unquoted(name: str) -> str:
    return name[1:-1].replace('""', '"') if name.startswith('"') else name.lower()
