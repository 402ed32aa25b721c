"""Rows of PostgreSQL's pg_index and pg_constraint -> indexes, foreign keys and other constraints."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal

from dbaudit.catalog.database.postgresql import table_rows
from dbaudit.facts import ColumnStatistics, Constraint, ConstraintKind, ForeignKey, Index, IndexKey
from dbaudit.facts.indexes import Nulls

ACTIONS: Final = {"a": "NO ACTION", "r": "RESTRICT", "c": "CASCADE", "n": "SET NULL", "d": "SET DEFAULT"}
SERVED: Final[Mapping[str, Literal["", "primary key", "unique", "exclusion"]]] = {
    "": "",
    "p": "primary key",
    "u": "unique",
    "x": "exclusion",
}
KINDS: Final[Mapping[str, ConstraintKind]] = {
    "p": "primary key",
    "u": "unique",
    "x": "exclusion",
    "c": "check",
    "n": "not null",
}


#: The page fill of a b-tree and whether it keeps equal keys once, where they are set (``CREATE INDEX … WITH``).
FILL: Final = "fillfactor="
NO_DEDUPLICATION: Final = frozenset(f"deduplicate_items={word}" for word in ("off", "false", "no", "0"))

Statistics = tuple[ColumnStatistics, ...]
ColumnNames = Mapping[tuple[int, int], str]


def indexes(
    rows: Iterable[Any],
    keys: Iterable[Any],
    relations: Mapping[int, Any],
    expressions: Mapping[int, Statistics | None],
    *,
    counted: bool,
) -> dict[int, tuple[Index, ...]]:
    """The indexes of each relation, in order of name. ``expressions`` is what `expression_statistics` found.

    ``counted`` is False where the server counts no scans. An index that was dropped between the two statements has
    no keys and is left out.
    """
    positions: defaultdict[int, list[Any]] = defaultdict(list)
    for key in keys:
        positions[key.index].append(key)
    found: defaultdict[int, list[Index]] = defaultdict(list)
    for row in rows:
        if own := positions.get(row.oid):
            table, told = relations[row.relation], expressions.get(row.oid, ())
            found[row.relation].append(_index(row, own, table, told, counted=counted))
    return {relation: tuple(sorted(own, key=lambda index: index.name)) for relation, own in found.items()}


def expression_statistics(
    keys: Iterable[Any], rows: Iterable[Any], relations: Mapping[int, Any], schemas: Mapping[str, int]
) -> dict[int, Statistics | None]:
    """What the planner believes of the expressions of each index that has any, out of the rows of pg_stats.

    ``()`` where it was never analyzed; None where the role does not own the index, because the server then hides it.
    """
    told = {(schemas[row.schema], row.table, row.name): row for row in rows if not row.inherited}
    found: dict[int, Statistics | None] = {}
    for key in keys:
        if key.expression is None:
            continue
        before = found.setdefault(key.index, () if key.permitted else None)
        row = told.get((key.schema, key.index_name, key.name))
        if row and before is not None:
            rows_of_table = relations[key.relation].planned_rows
            found[key.index] = (*before, table_rows.planner_statistics(row, rows_of_table))
    return found


def foreign_keys(
    rows: Iterable[Any], tables: Mapping[int, str], schemas: Mapping[int, str], columns: ColumnNames
) -> dict[int, tuple[ForeignKey, ...]]:
    """The foreign keys of each relation, in order of name. ``schemas`` spells the schemas of the search path by OID."""
    found: defaultdict[int, list[ForeignKey]] = defaultdict(list)
    for row in rows:
        if row.type == "f" and row.target_table is not None:
            found[row.relation].append(
                ForeignKey(
                    name=row.name,
                    table=tables[row.relation],
                    columns=_named(row.relation, row.columns, columns),
                    target_table=row.target_table,
                    target_columns=tuple(row.foreign_columns or _named(row.target, row.target_columns, columns)),
                    target_schema=schemas.get(row.target_schema, row.target_schema_name),
                    on_delete=ACTIONS[row.on_delete],
                    on_update=ACTIONS[row.on_update],
                    deferrable=row.deferrable,
                    deferred=row.deferred,
                    validated=row.validated,
                    enforced=row.enforced,
                )
            )
    return {relation: tuple(sorted(own, key=lambda key: key.name)) for relation, own in found.items()}


def constraints(rows: Iterable[Any], columns: ColumnNames) -> dict[int, tuple[Constraint, ...]]:
    """The constraints of each relation that are no foreign keys, in order of name."""
    found: defaultdict[int, list[Constraint]] = defaultdict(list)
    for row in rows:
        if row.type != "f" and row.definition is not None:
            found[row.relation].append(
                Constraint(
                    name=row.name,
                    kind=KINDS[row.type],
                    columns=_named(row.relation, row.columns, columns),
                    definition=row.definition,
                    validated=row.validated,
                )
            )
    return {relation: tuple(sorted(own, key=lambda one: one.name)) for relation, own in found.items()}


def _named(relation: int, positions: Iterable[int] | None, columns: ColumnNames) -> tuple[str, ...]:
    """The columns at these positions, without expressions (0)."""
    return tuple(columns[relation, position] for position in positions or () if (relation, position) in columns)


def _index(row: Any, positions: list[Any], table: Any, expressions: Statistics | None, *, counted: bool) -> Index:
    return Index(
        name=row.name,
        table=table.name,
        keys=tuple(_key(position) for position in positions if position.key),
        included=tuple(position.column for position in positions if not position.key),
        predicate=row.predicate,
        method=row.method,
        unique=row.unique,
        nulls_distinct=row.nulls_distinct,
        constraint=SERVED[row.constraint],
        constraint_name=row.constraint_name,
        referenced=row.referenced,
        valid=row.valid,
        ready=row.ready,
        live=row.live,
        building=row.building,
        clustered=row.clustered,
        replica_identity=row.replica_identity,
        partitioned=row.partitioned,
        definition=row.definition or _definition(row, positions, table),
        bytes=row.bytes,
        scans=row.scans if counted else None,
        tuples_read=row.tuples_read if counted else None,
        last_scan=row.last_scan if counted else None,
        rows=row.rows,
        fillfactor=next((int(one.removeprefix(FILL)) for one in row.options if one.startswith(FILL)), None),
        deduplicates=row.method == "btree"
        and all(position.key and position.equal_image for position in positions)
        and not NO_DEDUPLICATION.intersection(row.options),
        age=row.age,
        expression_statistics=expressions,
    )


def _definition(row: Any, positions: list[Any], table: Any) -> str:
    """The statement that makes an index over plain columns, as pg_get_indexdef words it."""
    keys = ", ".join(_words(position) for position in positions if position.key)
    included = ", ".join(position.quoted for position in positions if not position.key)
    return (
        f"CREATE {'UNIQUE ' if row.unique else ''}INDEX {row.quoted}"
        f" ON {'ONLY ' if row.partitioned else ''}{table.quoted} USING {row.method} ({keys})"
        f"{f' INCLUDE ({included})' if included else ''}{'' if row.nulls_distinct else ' NULLS NOT DISTINCT'}"
    )


def _words(position: Any) -> str:
    opclass = f" {position.opclass}" if position.opclass else ""
    order = " DESC" if position.descending else ""
    order += f" NULLS {_nulls(position).upper()}" if _nulls(position) else ""
    return f"{position.quoted}{opclass}{order}"


def _nulls(position: Any) -> Nulls:
    if position.nulls_first == position.descending:  # as the server does it of itself
        return ""
    return "first" if position.nulls_first else "last"


def _key(position: Any) -> IndexKey:
    expression = position.expression or ""
    if expression.startswith("("):  # the server puts parentheses around whatever is no call of a function
        expression = expression[1:-1]
    return IndexKey(
        column=position.column or "",
        expression=expression,
        opclass=position.opclass or "",
        collation=position.collation or "",
        descending=position.descending,
        nulls=_nulls(position),
    )
