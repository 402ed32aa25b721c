"""The statements that build the index of a partitioned table, for a reader and for a script: those that a run sends."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from django.db import DatabaseError
from django.db.backends.base.base import BaseDatabaseWrapper

from dbaudit.apply import wording
from dbaudit.apply.postgresql import partitions
from dbaudit.apply.steps import Definition, Plan, Step
from dbaudit.connection.read_only import read_only
from dbaudit.facts.dialect import Dialect

DIALECT: Final = Dialect("postgresql")
# The tree of partitions below a table; ``has`` says that the partition has its part of the index named second.
TREE: Final = """
SELECT t.parentrelid::oid::bigint, t.relid::oid::bigint, n.nspname::text, c.relname::text, c.relkind::text, EXISTS (
    SELECT FROM pg_inherits h JOIN pg_index i ON i.indexrelid = h.inhrelid
    WHERE h.inhparent = to_regclass(%s) AND i.indrelid = c.oid AND i.indisvalid
)
FROM pg_partition_tree(to_regclass(%s)) t
JOIN pg_class c ON c.oid = t.relid
JOIN pg_namespace n ON n.oid = c.relnamespace
ORDER BY t.level, n.nspname, c.relname
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """A table of the tree; ``has`` says that it has its part of the index already."""

    oid: int
    schema: str
    name: str
    kind: str
    has: bool


def spelled(connection: BaseDatabaseWrapper, made: Plan) -> Plan:
    """The plan with the statements of every partition in place of one for the partitioned table."""
    if not any(step.partitioned and step.action == "create" for step in made.steps):
        return made
    with read_only(connection, statement_timeout_ms=30_000, lock_timeout_ms=2_000):
        return replace(made, steps=tuple(_spelled(connection, step) for step in made.steps))


def _spelled(connection: BaseDatabaseWrapper, step: Step) -> Step:
    if not (step.partitioned and step.action == "create"):
        return step
    index = _quoted(step.schema, step.definition.name)
    table = _quoted(step.schema, step.table)
    try:
        with connection.cursor() as cursor:
            cursor.execute(TREE, [index if step.completes else None, table])
            rows = cursor.fetchall()
    except DatabaseError:  # the run says why
        return step
    if not rows:
        return step
    children: dict[int | None, list[_Part]] = {}
    for parent, *told in rows:
        part = _Part(**dict(zip(("oid", "schema", "name", "kind", "has"), told, strict=True)))
        children.setdefault(parent, []).append(part)
    (root,) = (part for part in children[rows[0][0]] if part.oid == rows[0][1])  # the table itself is the first row
    top = Definition(name=step.definition.name, body=step.definition.body, unique=step.definition.unique)
    statements = [*_statements(children, root, top, root.schema if not step.schema else "")]
    return replace(step, sql="\n".join(statements[1:] if step.completes else statements))


def _statements(
    children: Mapping[int | None, list[_Part]], part: _Part, definition: Definition, path: str
) -> Iterator[str]:
    """On the table alone, then for each partition its part and the statement that attaches it. Names in the schema
    ``path`` need none before them."""

    def quoted(schema: str, name: str) -> str:
        return _quoted("" if schema == path else schema, name)

    name = quoted(part.schema, definition.name)
    yield wording.create(DIALECT, definition, quoted(part.schema, part.name), only=True) + ";"
    for child in children.get(part.oid, ()):
        if child.has:
            continue
        if child.kind == "f":
            yield f"-- {child.name} is a foreign table, which takes no index: nothing is begun"
            continue
        own = replace(definition, name=partitions.part_name(child.schema, child.name, definition.name))
        if child.kind == "p":
            yield from _statements(children, child, own, path)
        else:
            table = quoted(child.schema, child.name)
            yield wording.create(DIALECT, own, table, concurrently=True) + ";"
        yield f"ALTER INDEX {name} ATTACH PARTITION {quoted(child.schema, own.name)};"


def _quoted(schema: str, name: str) -> str:
    return DIALECT.quote(schema, name) if schema else DIALECT.quote(name)
