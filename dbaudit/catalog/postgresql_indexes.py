"""Rows of PostgreSQL's pg_index and pg_constraint -> indexes, foreign keys and other constraints."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal

from dbaudit.facts import Constraint, ConstraintKind, ForeignKey, Index, IndexKey

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


def indexes(
    rows: Iterable[Any], keys: Iterable[Any], tables: Mapping[int, str], *, counted: bool
) -> dict[int, tuple[Index, ...]]:
    """The indexes of each relation, in order of name. ``tables`` gives the relations' names by OID.

    ``counted`` is False where the server counts no scans. An index that was dropped between the two statements has
    no keys and is left out.
    """
    positions: defaultdict[int, list[Any]] = defaultdict(list)
    for key in keys:
        positions[key.index].append(key)
    found: defaultdict[int, list[Index]] = defaultdict(list)
    for row in rows:
        if row.definition is not None and row.oid in positions:
            found[row.relation].append(_index(row, positions[row.oid], tables[row.relation], counted=counted))
    return {relation: tuple(sorted(own, key=lambda index: index.name)) for relation, own in found.items()}


def foreign_keys(
    rows: Iterable[Any], tables: Mapping[int, str], schemas: Mapping[int, str]
) -> dict[int, tuple[ForeignKey, ...]]:
    """The foreign keys of each relation, in order of name. ``schemas`` spells the schemas of the search path by OID."""
    found: defaultdict[int, list[ForeignKey]] = defaultdict(list)
    for row in rows:
        if row.type == "f" and row.target_table is not None:
            found[row.relation].append(
                ForeignKey(
                    name=row.name,
                    table=tables[row.relation],
                    columns=tuple(row.columns or ()),
                    target_table=row.target_table,
                    target_columns=tuple(row.target_columns or ()),
                    target_schema=schemas.get(row.target_schema, row.target_schema_name),
                    on_delete=ACTIONS[row.on_delete],
                    on_update=ACTIONS[row.on_update],
                    deferrable=row.deferrable,
                    validated=row.validated,
                    enforced=row.enforced,
                )
            )
    return {relation: tuple(sorted(own, key=lambda key: key.name)) for relation, own in found.items()}


def constraints(rows: Iterable[Any]) -> dict[int, tuple[Constraint, ...]]:
    """The constraints of each relation that are no foreign keys, in order of name."""
    found: defaultdict[int, list[Constraint]] = defaultdict(list)
    for row in rows:
        if row.type != "f" and row.definition is not None:
            found[row.relation].append(
                Constraint(
                    name=row.name,
                    kind=KINDS[row.type],
                    columns=tuple(row.columns or ()),
                    definition=row.definition,
                    validated=row.validated,
                )
            )
    return {relation: tuple(sorted(own, key=lambda one: one.name)) for relation, own in found.items()}


def _index(row: Any, positions: list[Any], table: str, *, counted: bool) -> Index:
    return Index(
        name=row.name,
        table=table,
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
        definition=row.definition,
        bytes=row.bytes,
        scans=row.scans if counted else None,
        tuples_read=row.tuples_read if counted else None,
        last_scan=row.last_scan if counted else None,
    )


def _key(position: Any) -> IndexKey:
    return IndexKey(
        column=position.column or "",
        expression=position.expression or "",
        opclass=position.opclass or "",
        collation=position.collation or "",
        descending=position.descending,
        nulls_first=position.nulls_first,
    )
