"""When two indexes are the same, and when one does the work of the other.

Indexes are compared by meaning, never by name: per key position the column or expression, opclass, collation,
direction and NULLS; as a whole the access method, predicate, included columns, uniqueness and NULLS NOT DISTINCT. A
b-tree is read forwards and backwards alike, so an index with every direction flipped is the same index.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from dataclasses import replace

from dbaudit.facts import Index, IndexKey, Table
from dbaudit.sql import normal_form

Signature = tuple[object, ...]


def flipped(keys: tuple[IndexKey, ...]) -> tuple[IndexKey, ...]:
    """The keys of the same b-tree read backwards."""
    return tuple(key.backwards for key in keys)


def undirected(key: IndexKey) -> IndexKey:
    """The key without its direction, which is nothing to uniqueness."""
    return replace(key, descending=False, nulls="")


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
    if not (wide.keys and narrow.keys) or wide.keys[0].column != narrow.keys[0].column:
        return False  # most pairs end here
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


def keep_order(index: Index, declared: Container[str] = ()) -> tuple[bool | int | str, ...]:
    """Sorts the one to keep of several equal indexes first; ``declared`` are the names that models ask for."""
    return (
        not index.primary,
        not index.referenced,
        not index.constraint,
        not index.replica_identity,
        not index.clustered,
        not index.usable,
        index.name not in declared,
        len(index.name),
        index.name,
    )


def covers_foreign_key(table: Table, columns: Iterable[str]) -> bool:
    """Whether a lookup by these columns has an index: any permutation of them leads a usable b-tree, or a hash of the
    one.

    A partial index does not count, except where its whole condition is that some of these columns are not NULL: the
    lookup never asks for NULL.
    """
    wanted = set(columns)
    if set(table.primary_key[: len(wanted)]) == wanted:
        return True
    return any(_leads(index, wanted) for index in table.indexes)


def serves_foreign_key(table: Table, index: Index) -> bool:
    """Whether a foreign key of the table would have no index to look it up by, were it not for this one."""
    without = replace(table, indexes=tuple(one for one in table.indexes if one.name != index.name))
    return any(
        covers_foreign_key(table, key.columns) and not covers_foreign_key(without, key.columns)
        for key in table.foreign_keys
    )


def _leads(index: Index, wanted: set[str]) -> bool:
    if not index.usable or set(index.columns[: len(wanted)]) != wanted:
        return False
    if index.method == "hash":
        return len(wanted) == 1 and index.plain
    if index.method != "btree":
        return False
    asked = not_null_columns(index.predicate)
    return index.plain or (bool(asked) and asked <= {column.lower() for column in wanted})


def not_null_columns(predicate: str) -> frozenset[str]:
    """The columns, in lower case, that a condition asks not to be NULL; none where it asks anything else as well."""
    if not predicate:
        return frozenset()
    tree = normal_form.condition(predicate)
    columns = set()
    for term in tree[1:] if tree[0] == "and" else (tree,):
        match term:
            case ("is not", ("null",), ("column", str(column))):
                columns.add(column)
            case _:
                return frozenset()
    return frozenset(columns)


def depends_on(index: Index, column: str) -> bool:
    """Whether an index must be written when the column changes: it stands in a key, an expression or the condition."""
    named = {*index.columns, *index.included}
    return column in named or column.lower() in normal_form.mentioned(*index.expressions, index.predicate)


def implies_unique(strong: Index, weak: Index, never_null: Iterable[str]) -> bool:
    """Whether rows that ``strong`` keeps apart cannot be alike in ``weak``: its keys are some of theirs, in any order.

    A row with a NULL among its keys is like no other to either, so NULL breaks this only where ``weak`` is NULLS NOT
    DISTINCT, ``strong`` is not, and one of its columns is not among those that are never NULL.
    """
    if not (strong.unique and weak.unique and knowable(strong) and knowable(weak)) or strong is weak:
        return False
    if strong.predicate not in ("", weak.predicate):
        return False
    if not {undirected(key) for key in strong.keys} < {undirected(key) for key in weak.keys}:
        return False
    return weak.nulls_distinct or not strong.nulls_distinct or set(strong.columns) <= set(never_null)


def only_seems_unique(table: Table) -> bool:
    """Whether the table has no primary key and has unique indexes, each of which lets two equal rows in: because of
    NULL, because it covers some rows alone, or because it compares expressions."""
    unique = [index for index in table.indexes if index.unique and index.usable]
    return not table.primary_key and bool(unique) and not any(_tells_rows_apart(table, index) for index in unique)


def _tells_rows_apart(table: Table, index: Index) -> bool:
    columns = [table.column(name) for name in index.columns]
    filled = all(column and not column.nullable for column in columns)
    return index.plain and all(columns) and (filled or not index.nulls_distinct)


def pairs(table: Table) -> Iterator[tuple[Index, Index]]:
    """All ordered pairs of different usable indexes of a table."""
    usable = [index for index in table.indexes if index.usable]
    return ((one, other) for one in usable for other in usable if one is not other)
