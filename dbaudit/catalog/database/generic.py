"""Any vendor without a reader of its own: what ``connection.introspection`` shows, table by table.

Introspection shows tables, columns, keys and which columns an index has. It hides the expression of a key: that
position has neither column nor expression. It hides predicates, operator classes, prefix lengths, and which columns are
only included: no index counts as ``complete``, so none is compared with another. It hides the actions of foreign keys
and, of a composite one, the columns that it points at. Sizes, statistics, sequences and settings it does not show.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal

from django.db import Error
from django.db.backends.base.base import BaseDatabaseWrapper

from dbaudit.connection.reasons import reason
from dbaudit.connection.rollback import attempt
from dbaudit.facts import Column, Constraint, ForeignKey, Index, IndexKey, Skipped, Snapshot, Table, TableKind
from dbaudit.facts.dialect import Dialect

# Django's letters. A partition (p) is folded into its parent; whatever has no letter is named as skipped.
KINDS: dict[str | None, TableKind] = {"t": "table", "v": "view"}
PARTITION = "p"
# What Django calls the key of a table where the vendor keeps no index for it, and a b-tree.
KEY_WITHOUT_INDEX = "__primary__"
BTREE = "idx"


def read(connection: BaseDatabaseWrapper) -> Snapshot:
    """The tables that the connection's introspection lists, without models, row counts and owners.

    A table that cannot be described is there by name, with nothing in it, and among ``skipped`` with the reason.

    Raises:
        django.db.DatabaseError: the tables could not be listed.
    """
    with connection.cursor() as cursor:
        found = connection.introspection.get_table_list(cursor)
    tables, skipped = [], []
    for name, kind in sorted((info.name, info.type) for info in found if info.type != PARTITION):
        if kind not in KINDS:
            skipped.append(Skipped(name, "Introspection does not say what it is.", "table"))
            continue
        try:
            with attempt(connection):
                tables.append(_table(connection, name, KINDS[kind]))
        except Exception as error:  # noqa: BLE001  the backend may be anyone's, and raise anything on an odd table
            tables.append(Table(name=name, kind=KINDS[kind], readable=False))
            skipped.append(Skipped(name, _reason(error), "table"))
    return Snapshot(
        alias=connection.alias,
        vendor=connection.vendor,
        server_version=_version(connection),
        dialect=Dialect.of(connection),
        tables=tuple(tables),
        skipped=(*skipped, *_unseen(connection)),
    )


def _reason(error: Exception) -> str:
    if isinstance(error, Error):
        return reason(error)
    return f"Introspection failed on it ({type(error).__name__})."


def _unseen(connection: BaseDatabaseWrapper) -> Iterator[Skipped]:
    name = getattr(connection, "display_name", connection.vendor)
    for what in ("sequences", "server settings", "table sizes", "usage statistics"):
        yield Skipped(what, f"Introspection of {name} does not show them.")
    hidden = "predicates, expressions, operator classes and prefix lengths"
    yield Skipped("comparison of indexes", f"Introspection of {name} does not show their {hidden}.")


def _version(connection: BaseDatabaseWrapper) -> str:
    try:
        return ".".join(map(str, connection.get_database_version()))
    except NotImplementedError:
        return ""


def _table(connection: BaseDatabaseWrapper, name: str, kind: TableKind) -> Table:
    with connection.cursor() as cursor:
        described = connection.introspection.get_table_description(cursor, name)
        found = connection.introspection.get_constraints(cursor, name)
    known = {info.name for info in described}
    return Table(
        name=name,
        kind=kind,
        columns=tuple(_column(info) for info in described),
        primary_key=next((tuple(one["columns"]) for one in found.values() if one["primary_key"]), ()),
        indexes=tuple(
            _index(name, title, one, known)
            for title, one in sorted(found.items())
            if one["index"] or one["unique"] or (one["primary_key"] and title != KEY_WITHOUT_INDEX)
        ),
        foreign_keys=tuple(_foreign_keys(name, found)),
        constraints=tuple(_constraints(found)),
    )


def _column(info: Any) -> Column:
    """``type`` is the server's word where the backend hands one out, ``""`` where it is a number to the driver."""
    unsigned = " unsigned" if getattr(info, "is_unsigned", False) else ""
    words = (getattr(info, "data_type", None), info.type_code, getattr(info.type_code, "name", None))
    return Column(
        name=info.name,
        type=next((word for word in words if isinstance(word, str)), "") + unsigned,
        nullable=bool(info.null_ok),
        default="" if info.default in (None, "NULL") else str(info.default),  # MariaDB spells out that there is none
        collation=info.collation or "",
        comment=getattr(info, "comment", None),
    )


def _index(table: str, name: str, found: Mapping[str, Any], known: Iterable[str]) -> Index:
    """An index. Only a real one has a ``type``: a constraint that PostgreSQL, SQLite or Oracle lists has none."""
    columns = found["columns"] or [None]
    orders = found.get("orders") or ["ASC"] * len(columns)
    constraint: Literal["", "primary key", "unique"] = ""
    if found["primary_key"]:
        constraint = "primary key"
    elif found["unique"] and "type" not in found:
        constraint = "unique"
    method = found.get("type") or BTREE
    return Index(
        name=name,
        table=table,
        keys=tuple(
            IndexKey(
                column=column if column in known else "",
                descending=order == "DESC",
            )
            for column, order in zip(columns, orders, strict=False)
        ),
        method="btree" if method == BTREE else method,
        unique=bool(found["unique"] or found["primary_key"]),
        constraint=constraint,
        constraint_name=name if constraint else "",
        complete=False,
        definition=found.get("definition") or "",
    )


def _foreign_keys(table: str, found: Mapping[str, Any]) -> Iterator[ForeignKey]:
    for name, one in sorted(found.items()):
        if not one["foreign_key"]:
            continue
        target, column = one["foreign_key"]
        yield ForeignKey(
            name=name,
            table=table,
            columns=tuple(one["columns"]),
            target_table=target,
            target_columns=(column,) if column and len(one["columns"]) == 1 else (),
            on_delete=None,
            on_update=None,
        )


def _constraints(found: Mapping[str, Any]) -> Iterator[Constraint]:
    for name, one in sorted(found.items()):
        columns = tuple(dict.fromkeys(one["columns"]))
        if one["primary_key"]:
            yield Constraint(name=name, kind="primary key", columns=columns)
        elif one["check"]:
            yield Constraint(name=name, kind="check", columns=columns)
        elif one["unique"] and "type" not in one:
            yield Constraint(name=name, kind="unique", columns=columns)
