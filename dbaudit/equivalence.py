"""When two indexes are the same, and when one does the work of the other.

Indexes are compared by meaning, never by name: per key position the column or expression, opclass, collation,
direction and NULLS; as a whole the access method, predicate, included columns, uniqueness and NULLS NOT DISTINCT. A
b-tree is read forwards and backwards alike, so an index with every direction flipped is the same index.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from dbaudit.facts import Index, IndexKey, Table

Signature = tuple[object, ...]


def flipped(keys: tuple[IndexKey, ...]) -> tuple[IndexKey, ...]:
    """The keys of the same b-tree read backwards."""
    return tuple(replace(key, descending=not key.descending, nulls_first=not key.nulls_first) for key in keys)


def _oriented(index: Index, length: int | None = None) -> tuple[IndexKey, ...]:
    """The first ``length`` keys, read in the direction in which the first one ascends."""
    keys = index.keys[:length]
    return flipped(keys) if index.method == "btree" and keys and keys[0].descending else keys


def knowable(index: Index) -> bool:
    """Whether all of it was seen (a generic reader may know that there is an expression but not which)."""
    return index.complete and bool(index.keys) and all(key.column or key.expression for key in index.keys)


def signature(index: Index) -> Signature:
    """What the index is, apart from its name, state and size. Equal signatures mean equal indexes."""
    return (
        index.method,
        _oriented(index),
        tuple(sorted(index.included)),
        index.predicate,
        index.unique,
        index.nulls_distinct or not index.unique,
    )


def covers(wide: Index, narrow: Index) -> bool:
    """Whether every read that ``narrow`` serves is served by ``wide``: its keys lead there, on the same rows.

    True also for equal keys. Only b-trees have a left prefix; the rest must match as a whole.
    """
    if not (knowable(wide) and knowable(narrow)) or wide.method != narrow.method or wide.predicate != narrow.predicate:
        return False
    if not set(narrow.included) <= {*wide.included, *wide.columns}:
        return False
    if narrow.method != "btree":
        return wide.keys == narrow.keys
    return len(wide.keys) >= len(narrow.keys) and _oriented(wide, len(narrow.keys)) == _oriented(narrow)


def enforces(index: Index) -> bool:
    """Whether something besides reading depends on it, so that it must not simply be dropped."""
    return bool(index.unique or index.constraint or index.referenced or index.replica_identity or index.clustered)


def keep_order(index: Index) -> tuple[bool | int | str, ...]:
    """Sorts the one to keep of several equal indexes first."""
    return (
        not index.primary,
        not index.referenced,
        not index.constraint,
        not index.replica_identity,
        not index.clustered,
        not index.usable,
        len(index.name),
        index.name,
    )


def covers_foreign_key(table: Table, columns: Iterable[str]) -> bool:
    """Whether a lookup by these columns has an index: any permutation of them leads a usable b-tree, or a hash of the
    one.

    A partial index does not count, except ``WHERE column IS NOT NULL`` on a single column: the lookup never asks for
    NULL.
    """
    wanted = set(columns)
    if set(table.primary_key[: len(wanted)]) == wanted:
        return True
    return any(_leads(index, wanted) for index in table.indexes)


def _leads(index: Index, wanted: set[str]) -> bool:
    if not index.usable or set(index.columns[: len(wanted)]) != wanted:
        return False
    if index.method == "hash":
        return len(wanted) == 1 and index.plain
    if index.method != "btree":
        return False
    return index.plain or (len(wanted) == 1 and _is_not_null(index.predicate, *wanted))


def _is_not_null(predicate: str, column: str) -> bool:
    bare = "".join(character for character in predicate if character not in '()"`[]')
    return " ".join(bare.split()).lower() == f"{column} is not null".lower()


def pairs(table: Table) -> Iterator[tuple[Index, Index]]:
    """All ordered pairs of different usable indexes of a table."""
    usable = [index for index in table.indexes if index.usable]
    return ((one, other) for one in usable for other in usable if one is not other)
