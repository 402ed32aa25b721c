"""The usual change against a repetition, in words, not tried."""

from __future__ import annotations

import re

from dbaudit.analysis.lineage import TO_ONE
from dbaudit.analysis.repetition import Repetition
from dbaudit.facts import Statement

_AGGREGATE = re.compile(r"SELECT (COUNT|SUM|AVG|MIN|MAX)\(", re.IGNORECASE)


def fetching(found: Repetition) -> str:
    """What fetches with the rows what each of them asks for, named from the rows of the first query."""
    statement = found.statement
    lookup, name = found.lookup, statement.asked.rpartition(".")[2]
    if not name:
        return _of_query(statement)
    if statement.asker == "prefetch":
        return f'prefetch_related_objects(rows, "{name}") once for the list of rows, before the loop{_of(found)}'
    if statement.asker == "deferred":
        return f"Load {name} with the rows: take it out of defer(), or name it in only(){_of(found)}."
    if statement.asker in TO_ONE:
        how = f'{"select" if found.joins else "prefetch"}_related("{lookup}"){_of(found)}'
        key = any(one.asker == "deferred" for one in found.statements)
        return f"{how}, and name {name} in only() or take it out of defer()." if key else how
    return _of_relation(found, lookup, name)


def _of_query(statement: Statement) -> str:
    """What is asked without an attribute of the rows: a queryset of its own in the loop."""
    head, _, rest = statement.template.partition(" FROM ")
    if "?" not in rest:
        return "The query does not depend on the row: run it once before the loop, and keep what it gives."
    if found := _AGGREGATE.match(head):
        function = found[1].capitalize()
        return f"annotate() the query of the rows with this {function}(), and read it instead of asking again."
    return "Fetch the rows of the loop in one query, with an __in lookup or in_bulk(), before it."


def _of_relation(found: Repetition, lookup: str, name: str) -> str:
    """What fetches the rows of a relation: all of them, some of them, or their number."""
    whole = any(not one.part and not asks_number(one) for one in found.statements)
    some = any(one.part and not asks_number(one) for one in found.statements)
    changes = [f'prefetch_related("{lookup}"){_of(found)}'] if whole else []
    if some:
        plain = "" if whole else f'; a plain prefetch_related("{lookup}") does not answer it'
        chosen = f'Prefetch("{lookup}", queryset=..., to_attr="chosen_{name}")'
        changes.append(f"prefetch_related({chosen}){_of(found)} with what the loop chooses in its queryset{plain}")
    if any(asks_number(one) and (one.part or not whole) for one in found.statements):
        counted = name.removesuffix("_set")
        some_only = ", filter=..." if all(one.part for one in found.statements) else ""
        count = f'annotate(count=Count("{counted}"{some_only})) on the query of the rows'
        changes.append(f"{count}, and read it instead of counting again.")
    return ", and ".join(changes)


def asks_number(statement: Statement) -> bool:
    """Whether a statement asks how many rows there are."""
    return "COUNT(" in statement.template.upper().partition(" FROM ")[0]


def _of(found: Repetition) -> str:
    """Of which query, where that of the rows which ask is not the one to change."""
    root = found.root
    return f" on the query of {root.model}" if found.path and root is not None and root.model else ""
