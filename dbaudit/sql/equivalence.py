"""When two indexes are the same, and when one does the work of the other.

Indexes are compared by meaning, never by name: per key position the column or expression, opclass, collation,
direction and NULLS; as a whole the access method, predicate, included columns, uniqueness and NULLS NOT DISTINCT. A
b-tree is read forwards and backwards alike, so an index with every direction flipped is the same index.
"""

from __future__ import annotations

import re
from collections.abc import Container, Hashable, Iterable, Iterator
from dataclasses import replace
from typing import Final

from dbaudit.facts import Index, IndexKey, Table
from dbaudit.findings import CreateIndex
from dbaudit.sql import normal_form
from dbaudit.sql.conditions import same_rows
from dbaudit.sql.normal_form import Verdict
from dbaudit.sql.normal_form.trees import Tree

Signature = tuple[Hashable, ...]

#: How SQLite compares text that nobody gave a collation.
BINARY: Final = "BINARY"

# The classes that a server leaves out when it prints an index, because they are the default of some type.
_DEFAULT_OPCLASSES: Final = re.compile(
    r"(?:gist_|gin_)?(?:int2|int4|int8|oid|float4|float8|numeric|cash|text|varchar|bpchar|name|char|bit|varbit|bytea|"
    r"bool|date|time|timetz|timestamp|timestamptz|interval|uuid|macaddr|macaddr8|inet|cidr|enum|array|record|range|"
    r"multirange|jsonb|hstore|tsvector|tsquery|point|box|poly|circle|quad_point|pg_lsn|xid8|tid)"
    r"(?:_minmax|_inclusion)?_ops"
)
_CHOSEN_OPCLASSES: Final = ("_pattern_ops", "_path_ops", "_trgm_ops", "_bloom_ops", "_multi_ops")
# Two names of one class (pg_opclass has both in one family, for the same type).
_ALIASES: Final = {"varchar_pattern_ops": "text_pattern_ops"}


def as_index(action: CreateIndex, table: Table) -> Index:
    """An index to build as a reader of the catalog would tell it."""
    return Index(
        name=action.name,
        table=table.name,
        keys=action.keys,
        included=action.include,
        predicate=action.condition,
        method=action.method or "btree",
        unique=action.unique,
        types=table.types,
    )


def of_table(index: Index, table: Table) -> Index:
    """An index that was read from a statement, as the catalog of its table would tell it: with the columns' types, and
    without a collation that is the column's own."""
    own = {column.name.lower(): (column.collation or "").upper() for column in table.columns}

    def told(key: IndexKey) -> IndexKey:
        usual = own.get(key.column.lower(), "") or BINARY
        return replace(key, collation="") if key.collation.upper() == usual else key

    return replace(index, keys=tuple(map(told, index.keys)), types=table.types)


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
    """What the index is, apart from its name, its state, its size and how its texts are spelled. Equal signatures mean
    equal indexes."""
    return (
        index.method,
        tuple(_meaning(key, index.types) for key in _oriented(index)),
        frozenset(name.lower() for name in index.included),
        _rows(index),
        index.unique,
        index.nulls_distinct or not index.unique,
    )


def _meaning(key: IndexKey, types: normal_form.Types) -> tuple[Tree, str, str, bool, str]:
    """What stands at a position. A cast that leaves the bytes alone makes no expression of a column."""
    tree = normal_form.tree(key.expression, types) if key.expression else ("column", key.column.lower())
    return tree, _chosen_opclass(key), key.collation, key.descending, key.nulls


def _chosen_opclass(key: IndexKey) -> str:
    """The operator class without the spelling of its parameters, ``""`` for one that is some type's default: a server
    leaves that out when it prints an index."""
    opclass = key.opclass.replace("'", "").replace(" = ", "=").replace('"', "")
    return "" if _DEFAULT_OPCLASSES.fullmatch(opclass) else _ALIASES.get(opclass, opclass)


def compare_keys(one: Index, other: Index) -> Verdict:
    """Whether two indexes of a table have the same keys, position by position; a b-tree may also be read backwards."""
    if len(one.keys) != len(other.keys):
        return Verdict.DIFFERENT
    types = one.types or other.types
    orders = (other.keys, flipped(other.keys)) if other.method == "btree" else (other.keys,)
    verdicts = [
        normal_form.worst(_compare(key, another, types) for key, another in zip(one.keys, order, strict=True))
        for order in orders
    ]
    return next((verdict for verdict in (Verdict.SAME, Verdict.UNSURE) if verdict in verdicts), Verdict.DIFFERENT)


def _compare(one: IndexKey, other: IndexKey, types: normal_form.Types) -> Verdict:
    (tree, opclass, *rest), (another, other_opclass, *others) = (_meaning(key, types) for key in (one, other))
    return normal_form.worst(
        (
            normal_form.verdict(tree, another),
            _compare_opclasses(opclass, other_opclass),
            Verdict.SAME if rest == others else Verdict.DIFFERENT,
        )
    )


def _compare_opclasses(one: str, other: str) -> Verdict:
    """A class of an extension may be the default of the extension's type, which the server leaves out."""
    if one == other:
        return Verdict.SAME
    perhaps_default = not (one and other) and not (one or other).endswith(_CHOSEN_OPCLASSES)
    return Verdict.UNSURE if perhaps_default else Verdict.DIFFERENT


def _rows(index: Index) -> Hashable:
    """Which rows it holds: its condition."""
    return normal_form.condition(index.predicate, index.types) if index.predicate else ()


def covers(wide: Index, narrow: Index) -> bool:
    """Whether every read that ``narrow`` serves is served by ``wide``: its keys lead there, on the same rows.

    True also for equal keys. Only b-trees have a left prefix; the rest must match as a whole.
    """
    if not (wide.keys and narrow.keys) or wide.method != narrow.method:
        return False
    first, wanted_first = wide.keys[0].column, narrow.keys[0].column
    if first and wanted_first and first.lower() != wanted_first.lower():
        return False  # most pairs end here
    if not (knowable(wide) and knowable(narrow)) or _rows(wide) != _rows(narrow):
        return False
    if not set(narrow.included) <= {*wide.included, *wide.columns}:
        return False
    length = len(narrow.keys) if narrow.method == "btree" else None
    wanted = [_meaning(key, narrow.types) for key in _oriented(narrow)]
    return [_meaning(key, wide.types) for key in _oriented(wide, length)] == wanted


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


def implies_unique(strong: Index, weak: Index, table: Table) -> bool:
    """Whether rows that ``strong`` keeps apart cannot be alike in ``weak``: its keys are some of theirs or the same, in
    any order, on the same rows at least.

    A row with a NULL among its keys is like no other to either, so NULL breaks this only where ``weak`` is NULLS NOT
    DISTINCT, ``strong`` is not, and one of its columns may be NULL.
    """
    if not (strong.unique and weak.unique and knowable(strong) and knowable(weak)):
        return False
    keys, more = ({_meaning(undirected(key), one.types) for key in one.keys} for one in (strong, weak))
    if not keys <= more:
        return False
    if strong.predicate and same_rows(strong.predicate, weak.predicate, table, passes="true") is not Verdict.SAME:
        return False
    never_null = {column.name.lower() for column in table.columns if not column.nullable}
    return weak.nulls_distinct or not strong.nulls_distinct or {name.lower() for name in strong.columns} <= never_null


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
