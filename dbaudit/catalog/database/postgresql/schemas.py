"""Which schemas there are: those of the search path, others that models name, and those that are not looked at."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from dbaudit.catalog.database.postgresql.statements import NOT_OF_AN_EXTENSION
from dbaudit.facts import Elsewhere, HiddenSchema, Schemas

#: The effective search path in its order, without what the server itself keeps there, then the schemas named.
SEEN: Final = """
SELECT n.oid::bigint AS oid, n.nspname::text AS name, path.place IS NOT NULL AS on_path
FROM pg_namespace n
LEFT JOIN unnest(current_schemas(false)) WITH ORDINALITY AS path (name, place) ON path.name = n.nspname
WHERE (path.place IS NOT NULL OR n.nspname = ANY(%(named)s::name[]))
    AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
ORDER BY path.place NULLS LAST, n.nspname
"""

_HIDDEN_TABLES: Final = f"""
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname <> ALL(%(seen)s::name[]) AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
    AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND {NOT_OF_AN_EXTENSION}
    AND NOT EXISTS (
        SELECT FROM pg_depend o
        WHERE o.classid = 'pg_namespace'::regclass AND o.objid = n.oid AND o.deptype = 'e'
    )
"""

#: Each schema that is not looked at with its tables, and how many of them have one of these names.
HIDDEN: Final = f"""
SELECT n.nspname::text AS name, count(*) AS tables,
    count(*) FILTER (WHERE c.relname = ANY(%(tables)s::name[])) AS of_models
{_HIDDEN_TABLES}
GROUP BY n.nspname
ORDER BY n.nspname
"""

#: In how many of them there is a table of each of these names, and the first of them.
ELSEWHERE: Final = f"""
SELECT c.relname::text AS name, min(n.nspname)::text AS schema, count(*) AS schemas
{_HIDDEN_TABLES} AND c.relname = ANY(%(tables)s::name[])
GROUP BY c.relname
ORDER BY c.relname
"""


def spelled(seen: list[Any]) -> dict[int, str]:
    """The schemas that are read by OID, as facts spell them: the first of the search path has no name."""
    return {row.oid: "" if row is seen[0] and row.on_path else row.name for row in seen}


def facts(seen: list[Any]) -> Schemas:
    """The rows of `SEEN` as facts."""
    own = seen[0].name if seen and seen[0].on_path else ""
    path = tuple("" if row.name == own else row.name for row in seen if row.on_path)
    return Schemas(own=own, path=path, named=tuple(row.name for row in seen if not row.on_path))


def with_hidden(seen: Schemas, hidden: list[Any], elsewhere: list[Any]) -> Schemas:
    """The rows of `HIDDEN` and `ELSEWHERE` beside them."""
    return replace(
        seen,
        hidden=tuple(HiddenSchema(row.name, row.tables, row.of_models) for row in hidden),
        elsewhere=tuple(Elsewhere(row.name, row.schema, row.schemas) for row in elsewhere),
    )
