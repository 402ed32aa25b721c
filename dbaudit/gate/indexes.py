"""An index: built by its SQL and by its form in Django's words, which must give the same; names and room looked at."""

from __future__ import annotations

import re
from typing import Any, Final

from django.apps.registry import Apps

from dbaudit.advisor import forms
from dbaudit.facts import Snapshot, Table
from dbaudit.findings import CreateIndex, Remedy
from dbaudit.gate import code, conflicts
from dbaudit.gate.bench import Bench, RefusedError, UntriedError
from dbaudit.gate.entries import see_room
from dbaudit.gate.statements import Passed, carry_out, split
from dbaudit.sql.names import DJANGO_LIMIT

#: What PostgreSQL keeps of a name, in bytes.
NAME_BYTES: Final = 63
_ENTRY: Final = re.compile(r"^(?:models\.)?\w*Index\(", re.MULTILINE)


def tried(bench: Bench, remedy: Remedy, index: CreateIndex, apps: Apps) -> Passed:
    """What was done with an index that can be built as it is printed.

    Raises:
        RefusedError: it cannot, or its two forms are not the same.
        UntriedError: it could not be tried.
    """
    table = bench.snapshot.labelled(index.table)
    if table is None:
        raise UntriedError(f"There is no table {index.table} to try it on.")
    _named(bench.snapshot, table, index, declared=bool(_ENTRY.search(remedy.orm)))
    see_room(bench, table, index)
    if remedy.migration:
        code.see_python(remedy.migration)
    bench.stand(table)
    with bench.apart():
        carry_out(bench, remedy.sql)
        by_sql = bench.definition(table, index.name)
        if by_sql is None and index.name:
            raise RefusedError(f"The SQL makes no index of the name {index.name}.")
        if remedy.undo_sql:
            carry_out(bench, remedy.undo_sql)
    model = forms.holder(bench.snapshot, table)
    if model is None or not _ENTRY.search(remedy.orm):
        return _passed(bench, remedy, f"{bench.how}.")
    made = code.index(remedy.orm)
    editor: Any = bench.connection.SchemaEditorClass(bench.connection, collect_sql=True)
    try:
        statement = str(made.create_sql(apps.get_model(model.label), editor))
    except Exception as error:
        raise RefusedError(f"Django cannot make the index of Meta.indexes: {type(error).__name__}.") from error
    with bench.apart():
        try:
            carry_out(bench, statement)
        except RefusedError as error:
            raise RefusedError(f"The database refuses the index of Meta.indexes: {error}") from error
        by_django = bench.definition(table, made.name)
    if made.name != index.name or by_django != by_sql:
        raise RefusedError("The index of Meta.indexes is not the one that the SQL makes.")
    return _passed(bench, remedy, f"{bench.how}, by SQL and by Django with the same result.")


def _passed(bench: Bench, remedy: Remedy, how: str) -> Passed:
    query, counted = conflicts.looked_for(bench, split(remedy.sql))
    return Passed(" ".join(filter(None, (how, counted))), query)


def _named(snapshot: Snapshot, table: Table, index: CreateIndex, *, declared: bool) -> None:
    """Raise `RefusedError` where the name is too long for Django or the database, or something has it.

    Django holds what stands in ``Meta.indexes`` to its limit (``declared``), not the names that it makes for fields.
    """
    if declared and forms.holder(snapshot, table) and len(index.name) > DJANGO_LIMIT:
        raise RefusedError(f"Django allows {DJANGO_LIMIT} characters in an index's name: {index.name}.")
    if len(index.name.encode()) > NAME_BYTES:
        raise RefusedError(f"The database keeps {NAME_BYTES} bytes of a name: {index.name}.")
    near = [one for one in snapshot.tables if one.schema == table.schema]
    if index.name in {one.name for one in near} | {each.name for one in near for each in one.indexes}:
        raise RefusedError(f"Something of the name {index.name} is there already.")
