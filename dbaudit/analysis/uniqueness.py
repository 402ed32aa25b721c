"""What a model takes for unique and no index of the database keeps so."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, Literal, NamedTuple

from dbaudit.facts import Index, Model, Snapshot, Table
from dbaudit.sql.equivalence import knowable

#: Names of what identifies a row to somebody: NULL there means that it has none, which any number of rows may have.
_IDENTIFIER: Final = re.compile(
    r"(^|_)(id|uid|guid|uuid|gid|ref|reference|code|number|num|no|nr|key|sku|ean|gtin|upc|isbn|iban|vin|slug|token|hash"
    r"|checksum|digest|email|username|login|handle|identifier|identity|external\w*|remote\w*|serial\w*|barcode|alias)$",
    re.IGNORECASE,
)


class Unenforced(NamedTuple):
    """Columns whose values may occur twice. ``by`` says what the model has instead of a unique index; ``null`` are
    those columns in which NULL lets rows repeat, ``period`` how the last column counts; ``field`` is the model's."""

    by: Literal["through", "unique for", "null"]
    table: Table
    model: Model
    columns: tuple[str, ...]
    null: tuple[str, ...] = ()
    period: str = ""
    field: str = ""
    index_name: str = ""


def unenforced(snapshot: Snapshot) -> Iterator[Unenforced]:
    """All of it in the project's own applications."""
    for model in snapshot.models:
        table = snapshot.table(model.table, model.schema)
        if table is None or not table.stores_rows or not model.stored or model.owner != "project":
            continue
        yield from _of_model(table, model)


def _of_model(table: Table, model: Model) -> Iterator[Unenforced]:
    there = {column.name for column in table.columns}
    pair = tuple(sorted(model.through))
    # A unique index with either column says what else tells these rows apart: a date, a line's number.
    if pair and set(pair) <= there and not any(set(pair) & set(one.columns) for one in _unique(table)):
        yield Unenforced("through", table, model, pair)
    for one in model.unique_for:
        columns = (one.column, one.date_column)
        if set(columns) <= there and not any(one.column in index.columns for index in _unique(table)):
            yield Unenforced("unique for", table, model, columns, period=one.period, field=one.field)
    for index in table.indexes:
        null = tuple(name for name in index.columns if (column := table.column(name)) and column.nullable)
        distinct = index.unique and index.usable and index.plain and index.nulls_distinct
        if distinct and _repeats(table, index, null) and not any(_identifies(model, index, name) for name in null):
            yield Unenforced("null", table, model, index.columns, null=null, index_name=index.name)


def _unique(table: Table) -> Iterator[Index]:
    return (index for index in table.indexes if index.unique and index.usable and not index.primary)


def _identifies(model: Model, index: Index, name: str) -> bool:
    """Whether a column is an identifier: by its name or type, or as the only one among the scopes that keys give."""
    fields = {field.column: field for field in model.fields}
    field = fields.get(name)
    if field is not None and field.relation:
        return False
    described = [one for one in index.columns if not ((key := fields.get(one)) and key.relation)]
    return described == [name] or bool(_IDENTIFIER.search(name)) or (field is not None and field.kind == "UUIDField")


def _repeats(table: Table, index: Index, null: tuple[str, ...]) -> bool:
    """Whether only NULL in some of its columns lets the other columns' values repeat, as nothing else sees to them."""
    rest = {*index.columns} - {*null}
    if not null or not rest or not knowable(index) or index.expressions:
        return False
    return not any(other is not index and {*other.columns} & rest for other in _unique(table))
