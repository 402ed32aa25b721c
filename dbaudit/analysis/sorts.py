"""What a plan sorts: the table whose columns are the keys, and whether an index can have the order at all."""

from __future__ import annotations

import re
from collections.abc import Iterator

from dbaudit.facts import Plan, PlanNode, Statement, Table

#: Functions that give something else each time: no index has their order.
_VOLATILE = re.compile(
    r"\b(?:random|rand|newid|uuid_generate_v\d\w*|gen_random_uuid|uuidv\d|clock_timestamp|nextval)\s*\(", re.IGNORECASE
)
_SUBPLAN = re.compile(r"\b(?:hashed )?SubPlan \d+", re.IGNORECASE)
_COLUMN = re.compile(r'(?:"?(\w+)"?\.)?"?(\w+)"?')
_DIRECTION = re.compile(r"\s+(?:ASC|DESC|NULLS (?:FIRST|LAST)|USING \S+|COLLATE \S+)\b.*$", re.IGNORECASE)
_ORDER = re.compile(r"\bORDER BY (.*?)(?: LIMIT\b| OFFSET\b| FETCH\b| FOR\b|$)", re.IGNORECASE | re.DOTALL)


def below(plan: Plan, position: int) -> Iterator[PlanNode]:
    """The nodes of the plan below one of them."""
    depth = plan.nodes[position].depth
    for node in plan.nodes[position + 1 :]:
        if node.depth <= depth:
            return
        yield node


def is_volatile(keys: str) -> bool:
    """Whether the order is another one at each execution."""
    return bool(_VOLATILE.search(keys))


def is_subplan(condition: str) -> bool:
    """Whether a condition is nothing but the answer of a subquery, which no index of the table holds."""
    return bool(_SUBPLAN.search(condition)) and " AND " not in _SUBPLAN.sub("", condition)


def column(key: str) -> tuple[str, str]:
    """The table's name or alias ("" where it is not given) and the column of a sort key; two empty ones where it is an
    expression."""
    found = _COLUMN.fullmatch(_DIRECTION.sub("", key.strip()).strip("()` ").replace("`", '"'))
    return (found[1] or "", found[2]) if found else ("", "")


def order(statement: Statement) -> tuple[str, ...]:
    """The keys of a statement's last ORDER BY, as they are written."""
    found = _ORDER.findall(statement.template)
    return tuple(_split(found[-1])) if found else ()


def sorted_table(
    keys: tuple[str, ...], tables: list[tuple[PlanNode, Table | None]], *, only: tuple[PlanNode, ...] | None = None
) -> Table | None:
    """The table that the first key is a column of, None where it is an expression or cannot be told.

    ``tables`` are those of the plan; with ``only``, those of these nodes.
    """
    alias, name = column(keys[0]) if keys else ("", "")
    known = [(node, table) for node, table in tables if table is not None and (only is None or node in only)]
    if alias:
        known = [(node, table) for node, table in known if alias in (node.alias, node.table)]
    having = {table.label: table for _, table in known if name and table.column(name) is not None}
    return next(iter(having.values())) if len(having) == 1 else None


def _split(keys: str) -> Iterator[str]:
    """Keys between commas that stand in no brackets."""
    depth, start = 0, 0
    for position, letter in enumerate(keys):
        depth += (letter == "(") - (letter == ")")
        if letter == "," and not depth:
            yield keys[start:position].strip()
            start = position + 1
    yield keys[start:].strip()
