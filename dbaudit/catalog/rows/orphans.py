"""How many rows refer to nothing, where no constraint of the server rules that out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from django.db import DatabaseError

from dbaudit.analysis.relations import Relation, relations
from dbaudit.catalog.database.sqlite.text import fold
from dbaudit.catalog.rows.asking import Question
from dbaudit.catalog.rows.probing import Fact, Probe, Reader
from dbaudit.connection.reasons import reason
from dbaudit.connection.rollback import attempt
from dbaudit.facts import Orphans, Skipped, Table
from dbaudit.sql.equivalence import covers_foreign_key

# The number of orphans of each foreign key of the tables that are named, once for each of its columns in their order.
_SQLITE_ORPHANS = """
    SELECT found.name, found.number, l."from", l."table", found.rows
    FROM (
        SELECT m.name AS name, c.fkid AS number, count(*) AS rows
        FROM main.sqlite_master AS m JOIN pragma_foreign_key_check(m.name) AS c
        WHERE m.type = 'table' AND m.name IN ({})
        GROUP BY 1, 2
    ) AS found
    JOIN pragma_foreign_key_list(found.name) AS l ON l.id = found.number
    ORDER BY 1, 2, l.seq
"""


def orphans(reader: Reader) -> Iterator[Probe]:
    """References for which the database has no constraint, or one that it did not apply to every row."""
    asked = set()
    for relation in relations(reader.snapshot):
        what = f"orphan rows of {relation}"
        if relation.constraint and reader.connection.vendor == "sqlite":
            continue  # `sqlite_orphans` asks SQLite itself
        if relation.held or relation.outlived or not covers_foreign_key(relation.target, relation.target_columns):
            continue
        if not relation.target.readable:
            reader.skipped.append(Skipped(what, f"The role may not read the rows of {relation.target.label}."))
        elif what not in asked and reader.affords(relation.table, what):
            asked.add(what)  # perhaps another constraint says the same
            yield _orphans(reader, relation, what)


def _orphans(reader: Reader, relation: Relation, what: str) -> Probe:
    table, target = relation.table, relation.target
    filled = " AND ".join(f"c.{reader.quote(column)} IS NOT NULL" for column in relation.columns)
    same = " AND ".join(
        f"p.{reader.quote(there)} = c.{reader.quote(here)}"
        for here, there in zip(relation.columns, relation.target_columns, strict=True)
    )
    sql = (
        f"SELECT count(*) FROM {reader.quote(table.schema, table.name)} c WHERE {filled} AND NOT EXISTS "
        f"(SELECT 1 FROM {reader.quote(target.schema, target.name)} p WHERE {same})"
    )

    def facts(answer: int) -> list[Fact]:
        return [_fact(table, relation.columns, target.schema, target.name, answer)]

    return Probe(Question(what, (table, target), sql), facts)


def sqlite_orphans(reader: Reader) -> list[Orphans]:
    """What SQLite itself finds: a program that does not switch foreign keys on may have written anything."""
    tables = {
        table.name: table
        for table in reader.snapshot.stored_tables()
        if table.foreign_keys and reader.affords(table, f"orphan rows of {table.label}")
    }
    numbered: defaultdict[tuple[str, int, str, int], list[str]] = defaultdict(list)
    for name, number, column, target, rows in _checked(reader, [*tables]) if tables else ():
        numbered[name, number, fold(target), rows].append(column)
    found = {}
    for (name, _, target, rows), columns in numbered.items():
        for key in tables[name].foreign_keys:
            if key.columns == tuple(columns) and fold(key.target_table) == target:
                found[name, key.columns, target] = _fact(tables[name], key.columns, "", key.target_table, rows)
    return [found[place] for place in sorted(found)]


def _fact(table: Table, columns: tuple[str, ...], target_schema: str, target: str, rows: int) -> Orphans:
    return Orphans(
        schema=table.schema,
        table=table.name,
        columns=columns,
        target_schema=target_schema,
        target_table=target,
        rows=rows,
    )


def _checked(reader: Reader, names: list[str]) -> list[tuple[str, int, str, str, int]]:
    try:
        with attempt(reader.connection), reader.connection.cursor() as cursor:
            cursor.execute(_SQLITE_ORPHANS.format(", ".join(["%s"] * len(names))), names)
            return list(cursor.fetchall())
    except DatabaseError as error:
        if len(names) > 1:
            return [row for name in names for row in _checked(reader, [name])]
        reader.skipped.append(Skipped(f"orphan rows of {names[0]}", reason(error)))
        return []
